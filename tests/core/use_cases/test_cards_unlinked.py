"""Cards that are unlinked: gone at once, forgotten at the provider, charged no more however the two race."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from core.errors import NotYours
from core.money import Money
from core.payments.provider import Done, NotSent, Pending, Unknown
from core.settings import Settings
from core.states import PaymentState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.use_cases.agreements import Terms
from core.wiring import Core
from tests.core.autopay_scenes import (
    CONSENT,
    MONTH,
    agreed,
    goes_to,
    linked_account,
    pay_and_save,
    the_mandate,
    today,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, posted, processes, quote_by_card, rows, told
from tests.deadlines import until
from tests.fakes import CARD_MASK, FakeClock, FakeProvider

settings = with_card_key


async def test_unlinking_ends_every_saving_of_the_card(core: Core, provider: FakeProvider) -> None:
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    card_id = await pay_and_save(core, provider, 200)
    assert len(await rows(core, card)) == 2
    assert [view.id for view in await core.cards.of(CHAT)] != []
    assert len(await core.cards.of(CHAT)) == 1  # one card, saved twice
    said = await core.cards.unlink(CHAT, card_id, screen="5")
    assert (said.mask, said.numbers, said.in_flight) == (CARD_MASK, [], False)
    assert await core.cards.of(CHAT) == []
    assert await core.cards.unlink(CHAT, card_id) == said  # a second tap says the same
    unlinked = [each for each in await rows(core, notice) if each.template == "card_unlinked"]
    assert [each.edit for each in unlinked] == ["5"]
    await work(core, rounds=1)
    assert len(provider.revoked) == 2
    assert {row.token for row in await rows(core, card)} == {b""}
    assert await posted(core, owner) == Money.roubles(500)


@ON_SQLITE
async def test_a_replay_does_not_bring_an_unlinked_card_back(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    await core.cards.unlink(CHAT, card_id)
    (row,) = await rows(core, payment)
    await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
    assert await core.cards.of(CHAT) == []


@ON_SQLITE
async def test_a_provider_that_does_not_answer_is_asked_again_to_forget(
    core: Core, clock: FakeClock, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    answers: list[Done | NotSent | Unknown] = [NotSent("unreachable"), Unknown("timeout"), Done()]
    asked: list[str] = []

    async def forgets(token: str) -> Done | NotSent | Unknown:
        asked.append(token)
        return answers[len(asked) - 1]

    monkeypatch.setattr(provider, "revoke_method", forgets)
    await core.cards.unlink(CHAT, card_id)
    await work(core)
    assert len(asked) == 1
    for wait in (61, 601, 3600):
        clock.shift(timedelta(seconds=wait))
        await work(core)
    assert len(asked) == 3
    (row,) = await rows(core, card)
    assert (row.token, row.next_at) == (b"", None)


@ON_SQLITE
async def test_unlinking_pauses_autopay_and_a_charge_under_way_is_given_back(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    (view,) = await core.cards.of(CHAT)
    due = date(2026, 5, 27)
    while today(core) < due - timedelta(days=1):
        goes_to(clock, core.profile, today(core) + timedelta(days=1))
    await work(core)
    provider.will(Pending("c-9"))
    goes_to(clock, core.profile, due)
    await work(core)
    said = await core.cards.unlink(CHAT, view.id)
    assert (said.numbers, said.in_flight) == (["100080"], True)
    (row,) = await rows(core, mandate, id=mandate_id)
    assert (row.state.value, row.reason) == ("paused", "card_needed")
    (pending,) = await rows(core, payment, state=PaymentState.PENDING)
    await core.callbacks.take("fake", body=provider.pays(pending.id), headers={})
    await work(core)
    assert await posted(core, owner) == Money.roubles(300)
    assert "refunded" in await told(core, CHAT)


@ON_SQLITE
async def test_unlinking_tells_of_a_charge_under_way_also_where_another_card_was_chosen_since(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    old = (await the_mandate(core, mandate_id)).card_id
    provider.saved_mask = "220012******0005"
    new = await pay_and_save(core, provider)
    goes_to(clock, core.profile, date(2026, 5, 26))
    await work(core)
    goes_to(clock, core.profile, date(2026, 5, 27))
    provider.will(Pending("p-1"))
    await work(core)
    terms = Terms(Money.roubles(300), MONTH, card_id=new)
    await core.autopay.change(CHAT, owner, terms, consent=CONSENT)
    said = await core.cards.unlink(CHAT, old)
    assert (said.numbers, said.in_flight) == ([], True)
    (charge,) = await rows(core, mandate_charge)
    await core.callbacks.take("fake", body=provider.pays(charge.payment_id), headers={})
    await work(core)
    assert [refund.reference for refund in provider.refunds.values()] == ["p-1"]


@ON_POSTGRES
async def test_no_charge_starts_after_an_unlinking_however_they_race(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    """Two processes: one taps to pay, the other unlinks, at the same time, many times over."""
    await linked_account(core)
    async with processes(settings, clock, provider, count=2) as (one, two):
        for _ in range(12):
            card_id = await pay_and_save(one, provider)
            quote = await quote_by_card(one)
            before = len(provider.tokens)
            paid, _ = await asyncio.gather(
                one.top_ups.confirm(quote.id, by=CHAT, card_id=card_id),
                two.cards.unlink(CHAT, card_id),
                return_exceptions=True,
            )
            clock.shift(timedelta(seconds=1))
            made = await rows(one, payment, top_up_id=quote.id)
            if isinstance(paid, NotYours):
                assert made == []
            else:
                (row,) = made
                began = len(provider.tokens) > before
                assert (row.state == PaymentState.SUCCEEDED) == began
                assert began or row.reason == "card_unlinked"


@ON_POSTGRES
async def test_an_unlinking_waits_for_a_charge_that_is_being_stored_and_is_no_deadlock(
    core: Core, provider: FakeProvider
) -> None:
    """The clock's round holds the mandate and refers to the card; the unlinking comes from the other side."""
    owner, mandate_id = await agreed(core, provider)
    (held,) = [each.id for each in await core.cards.of(CHAT)]
    refers = select(card.c.id).where(card.c.id == held).with_for_update(read=True, key_share=True)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    async def unlinking_waits() -> bool:
        async with core.database.read() as look:
            return bool(await look.scalar(waiting))

    async with asyncio.TaskGroup() as tasks, core.database.transaction() as tx:
        await tx.one(select(mandate).where(mandate.c.id == mandate_id).with_for_update())
        unlinking = tasks.create_task(core.cards.unlink(CHAT, held))
        await until(unlinking_waits, what="the unlinking waits")
        assert await tx.scalar(refers) == held  # as a foreign key asks
    assert (await unlinking).mask == CARD_MASK
    assert await posted(core, owner) == Money.roubles(300)
