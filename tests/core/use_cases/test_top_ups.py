"""Confirming: a quote is consumed once, by who asked for it, in its time, and by its sum or code."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import (
    AlreadyConfirmed,
    CodeNeeded,
    NoOpenQuote,
    NotYours,
    QuoteExpired,
    StaleScreen,
    SumNeeded,
    WrongSum,
)
from core.ids import Payer, TopUpId, new_id
from core.money import Money
from core.payments.provider import NotSent, Unknown
from core.profile import SHIPPED
from core.settings import Settings
from core.states import Method, PaymentState, TopUpState, TransferKind
from core.storage.message_tables import incoming
from core.storage.tables import ledger_transfer, payment, top_up_event
from core.use_cases.quote import Quote
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    card_page,
    posted,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    the_top_up,
    told,
)
from tests.fakes import FakeClock, FakeProvider


async def test_yes_by_sms_charges_the_phone_and_answers_with_the_receipt(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await quote_by_sms(core, 100, payer=MTS)
    assert await says_yes(core, MTS) is None
    (charge,) = provider.calls
    assert (charge.total, charge.number, charge.phone) == (Money(113_00), "100080", MTS.address)
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, MTS) == ["quoted", "paid"]
    legs = {row.kind: row.amount for row in await rows(core, ledger_transfer)}
    assert legs == {TransferKind.TOP_UP: 100_00, TransferKind.COMMISSION: 13_00}
    states = [row.state for row in await rows(core, top_up_event)]
    assert states == [TopUpState.QUOTED, TopUpState.CONFIRMED, TopUpState.PAID]


async def test_a_confirmed_card_quote_opens_the_page_once(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    quote = await quote_by_card(core)
    first = await core.top_ups.confirm(quote.id, by=CHAT, screen="7")
    again = await core.top_ups.confirm(quote.id, by=CHAT, screen="8")
    assert (first.state, first.repeated) == (PaymentState.PENDING, False)
    assert (again.state, again.repeated) == (PaymentState.PENDING, True)
    assert first.checkout_url == again.checkout_url == "https://pay.example/card-1"
    assert len(provider.calls) == 1
    assert provider.calls[0].payer == CHAT.opaque
    assert await posted(core, owner) == Money(0)
    assert await told(core, CHAT) == []  # the address was the answer itself


@ON_POSTGRES
async def test_ten_quick_taps_open_one_page(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    quote = await quote_by_card(core)
    async with processes(settings, clock, provider, count=2) as cores:
        taps = await asyncio.gather(
            *(cores[i % 2].top_ups.confirm(quote.id, by=CHAT, screen="7") for i in range(10))
        )
    assert [tap.repeated for tap in taps].count(False) == 1
    assert len(provider.calls) == 1
    assert (await the_payment(core)).state == PaymentState.PENDING


@ON_POSTGRES
async def test_ten_yes_at_once_charge_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await quote_by_sms(core)
    async with processes(settings, clock, provider, count=2) as cores:
        answers = await asyncio.gather(*(says_yes(cores[i % 2]) for i in range(10)))
    assert answers.count(None) == 1
    assert sum(isinstance(answer, AlreadyConfirmed) for answer in answers) == 9
    assert len(provider.calls) == 1
    assert await posted(core, owner) == Money(100_00)


async def test_the_same_yes_run_twice_charges_once(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    await quote_by_sms(core)
    answering = await arrives(core)
    for _ in range(3):
        await core.top_ups.confirm_open(PHONE, amount=None, code=None, answering=answering, vouched=True)
    assert len(provider.calls) == 1
    assert await told(core, PHONE) == ["quoted", "paid"]
    (message,) = await rows(core, incoming, id=answering)
    assert message.outcome == "reply"


@ON_POSTGRES
async def test_the_same_yes_in_two_processes_charges_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    await quote_by_sms(core)
    answering = await arrives(core)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(
            *(
                each.top_ups.confirm_open(PHONE, amount=None, code=None, answering=answering, vouched=True)
                for each in cores * 3
            ),
            return_exceptions=True,
        )
    assert len(provider.calls) == 1
    assert await told(core, PHONE) == ["quoted", "paid"]


@ON_SQLITE
@pytest.mark.parametrize("roubles", [200, 206])
async def test_a_replaced_quote_is_confirmed_by_amount_or_total(core: Core, roubles: int) -> None:
    owner = await open_account(core)
    await quote_by_sms(core, 100)
    await quote_by_sms(core, 200)
    assert await says_yes(core) == SumNeeded(Money(200_00))
    assert await says_yes(core, amount=Money(100_00)) == WrongSum(Money(200_00))
    assert await says_yes(core, amount=Money.roubles(roubles)) is None
    assert await posted(core, owner) == Money(200_00)


@ON_SQLITE
async def test_a_wrong_sum_confirms_nothing(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    quote = await quote_by_sms(core, 100)
    assert await says_yes(core, amount=Money(1000_00)) == WrongSum(Money(100_00))
    assert provider.calls == []
    assert (await the_top_up(core, quote.id)).state == TopUpState.QUOTED
    assert await says_yes(core, amount=Money(103_00)) is None


@pytest.fixture
def code_settings(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "profile.toml"
    text = SHIPPED.read_text(encoding="utf-8").replace('confirm = "word"', 'confirm = "code"')
    path.write_text(text, encoding="utf-8")
    return settings.model_copy(update={"operator_profile": str(path)})


@ON_SQLITE
async def test_a_quote_with_a_code_takes_no_yes_without_it(
    code_settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with open_core(code_settings, clock=clock, wall=clock, providers=[provider]) as core:
        owner = await open_account(core)
        quote = await quote_by_sms(core)
        assert quote.code is not None
        wrong = f"{(int(quote.code) + 1) % 1000:03d}"
        for code in (None, "", wrong, quote.code + " "):
            assert isinstance(await says_yes(core, code=code), CodeNeeded)
        assert await says_yes(core, code=quote.code) is None
        assert await posted(core, owner) == Money(100_00)


@ON_SQLITE
async def test_five_wrong_codes_end_the_quote(
    code_settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with open_core(code_settings, clock=clock, wall=clock, providers=[provider]) as core:
        await open_account(core)
        quote = await quote_by_sms(core)
        answers = [await says_yes(core, code="x") for _ in range(5)]
        assert [type(answer) for answer in answers] == [CodeNeeded] * 4 + [NoOpenQuote]
        assert isinstance(await says_yes(core, code=quote.code), NoOpenQuote)
        assert provider.calls == []


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


@ON_SQLITE
async def test_a_second_yes_says_that_it_was_confirmed(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    quote = await quote_by_sms(core)
    assert await says_yes(core) is None
    assert await says_yes(core) == AlreadyConfirmed(quote.id)
    assert len(provider.calls) == 1


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


@ON_SQLITE
async def test_chips_offer_the_recommended_the_monthly_and_the_last_sum(core: Core) -> None:
    owner = await open_account(core, balance=Money(198_19))
    before = await core.top_ups.chips(PHONE, owner)
    assert (before.recommended, before.monthly, before.last) == (Money(691_91), Money(890_00), None)
    await quote_by_sms(core, 800)
    await says_yes(core)
    after = await core.top_ups.chips(PHONE, owner)
    assert (after.recommended, after.last) == (None, Money(800_00))
    untariffed = await core.top_ups.chips(PHONE, await open_account(core, "2", tariff=None))
    assert (untariffed.recommended, untariffed.monthly, untariffed.last) == (None, None, None)


@ON_SQLITE
async def test_history_is_paged_newest_first(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core, balance=Money(5_00))
    for roubles in (100, 200, 300):
        quote = await quote_by_sms(core, roubles)
        await says_yes(core, code=quote.code)
    confirmed = await card_page(core, 400)
    assert confirmed.state == PaymentState.PENDING
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    first = await core.top_ups.history(owner, limit=3)
    assert [item.amount for item in first.items] == [Money(400_00), Money(300_00), Money(200_00)]
    assert [item.method for item in first.items] == [Method.CARD, Method.MOBILE, Method.MOBILE]
    assert first.items[0].card_mask is not None
    rest = await core.top_ups.history(owner, before=first.next_cursor, limit=3)
    assert [(item.amount, item.method) for item in rest.items] == [
        (Money(100_00), Method.MOBILE),
        (Money(5_00), None),
    ]
    assert rest.next_cursor is None


@ON_SQLITE
@pytest.mark.parametrize(
    "outcome, state",
    [(NotSent("unreachable"), PaymentState.INTENT), (Unknown("timeout"), PaymentState.INTENT)],
)
async def test_a_page_that_is_not_to_be_had_is_being_prepared(
    core: Core, provider: FakeProvider, outcome: NotSent | Unknown, state: PaymentState
) -> None:
    await open_account(core)
    provider.will(outcome)
    confirmed = await card_page(core)
    assert (confirmed.state, confirmed.checkout_url) == (state, None)


@ON_SQLITE
async def test_a_quote_can_be_read_again_while_it_waits(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    quote = await quote_by_card(core)
    assert await core.top_ups.quoted(quote.id, by=CHAT) == quote
    with pytest.raises(NotYours):
        await core.top_ups.quoted(quote.id, by=Payer.telegram(200))
    with pytest.raises(StaleScreen):
        await core.top_ups.quoted(TopUpId(new_id()), by=CHAT)
    paid = await quote_by_card(core)
    await core.top_ups.confirm(paid.id, by=CHAT)
    with pytest.raises(AlreadyConfirmed):
        await core.top_ups.quoted(paid.id, by=CHAT)
    clock.shift(timedelta(minutes=16))
    with pytest.raises(QuoteExpired):
        await core.top_ups.quoted(quote.id, by=CHAT)
    await core.top_ups.cancel(quote.id, by=CHAT)
    with pytest.raises(StaleScreen):
        await core.top_ups.quoted(quote.id, by=CHAT)
