"""Saved cards: kept sealed, charged in one tap, unlinked at once, forgotten at the provider."""

import asyncio
from datetime import date, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from core.errors import NotYours
from core.ids import Payer
from core.money import Money
from core.payments.provider import Declined, Done, NotSent, Pending, Unknown
from core.settings import Settings
from core.states import PaymentState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.use_cases.agreements import Terms
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    CARD_KEY,
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
from tests.fakes import CARD_EXPIRES, CARD_MASK, FakeClock, FakeProvider

OTHER = Payer.telegram(200)

settings = with_card_key


async def test_a_card_is_kept_sealed_where_its_payer_wished_it(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    (view,) = await core.cards.of(CHAT)
    assert (view.id, view.mask, view.expires, view.default) == (card_id, CARD_MASK, CARD_EXPIRES, True)
    assert not view.expired
    (row,) = await rows(core, card)
    (paid,) = await rows(core, payment)
    assert b"token" not in row.token
    assert core.cards.token(row) == f"token-{paid.id}"
    assert await told(core, CHAT) == ["paid", "card_saved", "autopay_offer"]


@ON_SQLITE
async def test_without_the_wish_or_without_a_key_nothing_is_kept(
    core: Core, provider: FakeProvider, settings: Settings, clock: FakeClock
) -> None:
    await linked_account(core)
    quote = await quote_by_card(core)
    await core.top_ups.confirm(quote.id, by=CHAT)
    (row,) = await rows(core, payment)
    assert provider.calls[-1].save is False
    await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
    keyless = settings.model_copy(update={"card_key": SecretStr("")})
    async with open_core(keyless, clock=clock, wall=clock, providers=[provider]) as other:
        assert not other.cards.enabled
        quote = await quote_by_card(other)
        await other.top_ups.confirm(quote.id, by=CHAT, save_card=True)
        assert provider.calls[-1].save is False
    assert await core.cards.of(CHAT) == []


@ON_SQLITE
async def test_a_saved_card_pays_in_one_tap(core: Core, provider: FakeProvider) -> None:
    owner = await linked_account(core)
    card_id = await pay_and_save(core, provider)
    quote = await quote_by_card(core, 150)
    confirmed = await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert confirmed.state == PaymentState.SUCCEEDED
    assert len(provider.tokens) == 1
    assert await posted(core, owner) == Money.roubles(450)


@ON_SQLITE
async def test_the_providers_step_is_shown_and_its_no_is_final(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    provider.will(Pending("c-9", checkout_url="https://pay.example/3ds"))
    quote = await quote_by_card(core)
    confirmed = await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert (confirmed.state, confirmed.checkout_url) == (PaymentState.PENDING, "https://pay.example/3ds")
    (row,) = await rows(core, payment, top_up_id=quote.id)
    provider.declines(row.id, "authentication_failed")
    core_clock = core.clock
    assert isinstance(core_clock, FakeClock)
    core_clock.shift(timedelta(seconds=6))
    await work(core)
    (row,) = await rows(core, payment, top_up_id=quote.id)
    assert (row.state, row.reason) == (PaymentState.DECLINED, "authentication_failed")


@ON_SQLITE
async def test_a_card_of_another_or_an_unlinked_one_pays_nothing(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    quote = await quote_by_card(core, payer=OTHER)
    with pytest.raises(NotYours):
        await core.top_ups.confirm(quote.id, by=OTHER, card_id=card_id)
    with pytest.raises(NotYours):
        await core.cards.unlink(OTHER, card_id)
    with pytest.raises(NotYours):
        await core.cards.choose(OTHER, card_id)
    await core.cards.unlink(CHAT, card_id)
    quote = await quote_by_card(core)
    with pytest.raises(NotYours):
        await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert provider.tokens == []


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
async def test_another_card_becomes_the_default_in_its_place(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    first = await pay_and_save(core, provider)
    async with core.database.transaction() as tx:  # another piece of plastic
        await tx.execute(card.update().where(card.c.id == first).values(mask="553691******0001"))
    second = await pay_and_save(core, provider)
    assert {view.id: view.default for view in await core.cards.of(CHAT)} == {first: True, second: False}
    await core.cards.choose(CHAT, second)
    assert {view.id: view.default for view in await core.cards.of(CHAT)} == {first: False, second: True}
    await core.cards.unlink(CHAT, second)
    assert {view.id: view.default for view in await core.cards.of(CHAT)} == {first: True}


@ON_SQLITE
async def test_a_card_that_ends_within_a_month_is_told_of_once(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await agreed(core, provider)
    goes_to(clock, core.profile, date(2030, 11, 29))
    await core.jobs.run_all_once()
    assert "card_expiring" not in await told(core, CHAT)
    goes_to(clock, core.profile, date(2030, 12, 1))
    await work(core)
    (said,) = [each for each in await rows(core, notice) if each.template == "card_expiring"]
    assert said.params == {"mask": CARD_MASK, "expires": "2030-12-31", "numbers": ["100080"]}
    goes_to(clock, core.profile, date(2031, 1, 1))
    (view,) = await core.cards.of(CHAT)
    assert view.expired


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


@ON_SQLITE
async def test_a_token_whose_key_is_gone_is_declined_for_good(
    core: Core, provider: FakeProvider, settings: Settings, clock: FakeClock
) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    other = settings.model_copy(update={"card_key": SecretStr("A" * 43 + "=")})
    async with open_core(other, clock=clock, wall=clock, providers=[provider]) as core_of_other:
        quote = await quote_by_card(core_of_other)
        confirmed = await core_of_other.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert (confirmed.state, confirmed.reason) == (PaymentState.DECLINED, "card_unreadable")
    assert provider.tokens == []


@ON_SQLITE
async def test_a_new_key_before_the_old_one_reads_both(
    core: Core, provider: FakeProvider, settings: Settings, clock: FakeClock
) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    both = settings.model_copy(update={"card_key": SecretStr("A" * 43 + "=, " + CARD_KEY)})
    async with open_core(both, clock=clock, wall=clock, providers=[provider]) as rotated:
        quote = await quote_by_card(rotated)
        confirmed = await rotated.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert confirmed.state == PaymentState.SUCCEEDED


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


@ON_SQLITE
async def test_a_declined_saved_card_stays_saved(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    card_id = await pay_and_save(core, provider)
    provider.will(Declined("insufficient_funds"))
    quote = await quote_by_card(core)
    confirmed = await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert (confirmed.state, confirmed.reason) == (PaymentState.DECLINED, "insufficient_funds")
    assert [view.id for view in await core.cards.of(CHAT)] == [card_id]
    async with core.database.read() as tx:
        assert await tx.scalar(select(card.c.revoked_at)) is None
