"""What is late, cancelled, another's or not there is not confirmed, and what is confirmed not cancelled."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import (
    AlreadyConfirmed,
    NoOpenQuote,
    NotYours,
    QuoteExpired,
    StaleScreen,
)
from core.ids import Payer, TopUpId, new_id
from core.settings import Settings
from core.states import TopUpState
from core.storage.tables import payment
from core.use_cases.quote import Quote
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    card_page,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
    the_top_up,
    told,
)
from tests.fakes import FakeClock, FakeProvider


async def test_a_late_yes_is_told_so_and_charges_nothing(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    by_sms, by_card = await quote_by_sms(core), await quote_by_card(core)
    clock.shift(timedelta(minutes=15) - timedelta(seconds=1))
    assert await core.top_ups.has_open(PHONE)
    clock.shift(timedelta(seconds=1))
    assert not await core.top_ups.has_open(PHONE)
    for _ in range(2):
        assert isinstance(await says_yes(core), QuoteExpired)
        with pytest.raises(QuoteExpired):
            await core.top_ups.confirm(by_card.id, by=CHAT)
    for quote in (by_sms, by_card):
        assert (await the_top_up(core, quote.id)).state == TopUpState.EXPIRED
    clock.shift(timedelta(days=1))
    assert isinstance(await says_yes(core), NoOpenQuote)
    assert provider.calls == []


@ON_SQLITE
async def test_the_jobs_close_quotes_whose_window_has_passed(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    quotes = [await quote_by_card(core, 100 + i) for i in range(3)]
    clock.shift(timedelta(minutes=14))
    assert await core.top_ups.expire_once(10) == 0
    clock.shift(timedelta(minutes=1))
    assert [await core.top_ups.expire_once(2) for _ in range(3)] == [2, 1, 0]
    assert {(await the_top_up(core, each.id)).state for each in quotes} == {TopUpState.EXPIRED}


@ON_SQLITE
async def test_nobody_confirms_or_cancels_for_another(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    by_card, by_sms = await quote_by_card(core), await quote_by_sms(core)
    for quote in (by_card, by_sms):
        for stranger in (Payer.telegram(101), MTS, Payer.telegram(int(PHONE.address)), Payer.sms("100")):
            with pytest.raises(NotYours):
                await core.top_ups.confirm(quote.id, by=stranger)
            with pytest.raises(NotYours):
                await core.top_ups.cancel(quote.id, by=stranger)
    assert isinstance(await says_yes(core, MTS), NoOpenQuote)  # a reply from another phone
    assert provider.calls == []


@ON_SQLITE
async def test_with_nothing_open_there_is_nothing_to_confirm(core: Core) -> None:
    await open_account(core)
    assert isinstance(await says_yes(core), NoOpenQuote)
    with pytest.raises(StaleScreen):
        await core.top_ups.confirm(TopUpId(new_id()), by=CHAT)
    with pytest.raises(StaleScreen):
        await core.top_ups.cancel(TopUpId(new_id()), by=CHAT)
    with pytest.raises(NoOpenQuote):
        await core.top_ups.cancel_open(PHONE, answering=await arrives(core), vouched=True)


async def test_a_cancelled_quote_cannot_be_confirmed(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    by_card, by_sms = await quote_by_card(core), await quote_by_sms(core)
    for _ in range(2):
        await core.top_ups.cancel(by_card.id, by=CHAT)
    with pytest.raises(StaleScreen):
        await core.top_ups.confirm(by_card.id, by=CHAT)
    await core.top_ups.cancel_open(PHONE, answering=await arrives(core), vouched=True)
    assert isinstance(await says_yes(core), NoOpenQuote)
    assert await told(core, PHONE) == ["quoted", "cancelled"]
    assert (await the_top_up(core, by_sms.id)).state == TopUpState.CANCELLED
    assert provider.calls == []


@ON_SQLITE
async def test_a_confirmed_quote_cannot_be_cancelled(core: Core) -> None:
    await open_account(core)
    confirmed = await card_page(core)
    with pytest.raises(AlreadyConfirmed):
        await core.top_ups.cancel(confirmed.quote.id, by=CHAT)
    await quote_by_sms(core)
    await says_yes(core)
    with pytest.raises(NoOpenQuote):
        await core.top_ups.cancel_open(PHONE, answering=await arrives(core), vouched=True)


@ON_POSTGRES
async def test_confirming_and_cancelling_at_once_end_one_way(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=2) as (one, other):

        async def race(quote: Quote) -> tuple[object, object]:
            tapped, dropped = await asyncio.gather(
                one.top_ups.confirm(quote.id, by=CHAT), other.top_ups.cancel(quote.id, by=CHAT),
                return_exceptions=True,
            )  # fmt: skip
            return tapped, dropped

        for _ in range(8):
            tapped, dropped = await race(await quote_by_card(core))
            assert isinstance(tapped, StaleScreen) != isinstance(dropped, AlreadyConfirmed)
    assert len(provider.calls) == len(await rows(core, payment))
