"""Saved cards: kept sealed, charged in one tap by their payer, told of before they end."""

from datetime import date, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.errors import NotYours
from core.money import Money
from core.payments.provider import Declined, Pending
from core.settings import Settings
from core.states import PaymentState
from core.storage.autopay_tables import card
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    CARD_KEY,
    OTHER,
    agreed,
    goes_to,
    linked_account,
    pay_and_save,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_SQLITE, posted, quote_by_card, rows, told
from tests.fakes import CARD_EXPIRES, CARD_MASK, FakeClock, FakeProvider

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
