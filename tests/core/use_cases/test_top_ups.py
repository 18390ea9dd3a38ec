"""Confirming: a quote is consumed once, and by its sum or code."""

import asyncio
from pathlib import Path

import pytest

from core.errors import (
    AlreadyConfirmed,
    CodeNeeded,
    NoOpenQuote,
    SumNeeded,
    WrongSum,
)
from core.money import Money
from core.payments.provider import NotSent, Unknown
from core.profile import SHIPPED
from core.settings import Settings
from core.states import PaymentState, TopUpState, TransferKind
from core.storage.message_tables import incoming
from core.storage.tables import ledger_transfer, top_up_event
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


@ON_SQLITE
async def test_a_second_yes_says_that_it_was_confirmed(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    quote = await quote_by_sms(core)
    assert await says_yes(core) is None
    assert await says_yes(core) == AlreadyConfirmed(quote.id)
    assert len(provider.calls) == 1


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
