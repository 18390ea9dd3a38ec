"""The ArsenalPay adapter against a server that behaves, and misbehaves, as the documents say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.arsenalpay import ArsenalPay
from core.payments.charge import Charge, Refund
from core.payments.provider import (
    Declined,
    Done,
    NotCapable,
    NotSent,
    Outcome,
    Pending,
    Subscription,
    Succeeded,
    Unknown,
)
from core.states import Method
from tests.providers import arsenalpay_desk as documents
from tests.providers.arsenalpay_desk import ArsenalPayDesk
from tests.providers.faults import Fault
from tests.providers.served import served

PUBLIC_URL = "https://aliance.test"
PHONE = "79140001111"
CHARGE = Charge(PaymentId(new_id()), "100080", Money(113_00), "someone", phone=PHONE, method=Method.MOBILE)


def adapter(url: str, *, timeout: float = 5.0, **changes: str) -> ArsenalPay:
    settings = {
        "merchant": documents.MERCHANT,
        "callback_key": documents.CALLBACK_KEY,
        "widget": documents.WIDGET,
        "widget_key": documents.WIDGET_KEY,
        "mobile_key": documents.MOBILE_KEY,
        "client_id": documents.CLIENT_ID,
        "client_secret": documents.CLIENT_SECRET,
    } | changes
    return ArsenalPay(url=url, public_url=PUBLIC_URL, timeout=timeout, **settings)


@pytest.fixture
async def desk() -> AsyncIterator[ArsenalPayDesk]:
    there = ArsenalPayDesk()
    async with served(there.app()) as url:
        there.url = url
        yield there


@pytest.fixture
async def arsenalpay(desk: ArsenalPayDesk) -> AsyncIterator[ArsenalPay]:
    made = adapter(desk.url)
    yield made
    await made.close()


async def _hasty(desk: ArsenalPayDesk, charge: Charge = CHARGE) -> Outcome:
    made = adapter(desk.url, timeout=0.2)
    try:
        return await made.charge_mobile(charge)
    finally:
        await made.close()


async def test_the_card_page_is_ours_and_leads_on_to_the_signed_widget(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk
) -> None:
    card = replace(CHARGE, method=Method.CARD)
    pending = await arsenalpay.start_checkout(card)
    assert isinstance(pending, Pending)
    assert (pending.checkout_url or "").startswith(f"{PUBLIC_URL}/checkout/{card.id.hex}")
    paid = desk.opens_widget(arsenalpay.checkout_page(card))
    assert (paid.account, paid.amount) == ("100080", "113.00")
    assert arsenalpay.checkout_page(card) != arsenalpay.checkout_page(card)
    assert await arsenalpay.start_checkout(card) != pending


async def test_a_phone_is_charged_and_its_owner_has_to_confirm(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk
) -> None:
    outcome = await arsenalpay.charge_mobile(CHARGE)
    (one,) = desk.transactions
    assert outcome == Pending(one.rrn)
    assert (one.account, one.amount, one.payer) == ("100080", "113.00", PHONE[1:])


@pytest.mark.parametrize("phone", [None, "", "9140001111", "380501234567", "7914000111", "7914000111a"])
async def test_only_a_phone_of_this_country_can_be_charged(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, phone: str | None
) -> None:
    assert await arsenalpay.charge_mobile(replace(CHARGE, phone=phone)) == Declined("other")
    assert desk.charges == []


@pytest.mark.parametrize("status", ["ERR_AMOUNT", "ERR_PHONE", "ERR_CURRENCY", "ERR_ACCESS", "ERR_SIGN"])
async def test_a_refused_mobile_charge_took_nothing(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, status: str
) -> None:
    desk.refuses = status
    outcome = await arsenalpay.charge_mobile(CHARGE)
    assert isinstance(outcome, Declined)
    assert not outcome.hard


@pytest.mark.parametrize("status", ["ERROR", "ERR_NODB"])
async def test_its_own_trouble_leaves_the_charge_open_under_its_name(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, status: str
) -> None:
    desk.refuses = status
    outcome = await arsenalpay.charge_mobile(CHARGE)
    assert isinstance(outcome, Pending)
    assert outcome.reference


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_charge_whose_answer_is_lost_is_unknown_and_not_repeated(
    desk: ArsenalPayDesk, fault: Fault
) -> None:
    desk.faults.then(fault)
    assert isinstance(await _hasty(desk), Unknown)
    assert len(desk.charges) == 1


async def test_what_never_left_is_not_sent() -> None:
    nowhere = adapter("http://127.0.0.1:9")
    assert await nowhere.charge_mobile(CHARGE) == NotSent("unreachable")
    assert await nowhere.get_state(CHARGE, "1") == Unknown("unreachable")
    assert await nowhere.subscriptions() == Unknown("no token")
    assert await nowhere.delete_subscription("1") == NotSent("no token")
    await nowhere.close()


@pytest.mark.parametrize(
    "status, outcome",
    [
        ("NO_ANSWER", Pending("1")),
        ("OK_INIT", Pending("1")),
        ("OK_ANSWER", Pending("1")),
        ("OK_PAY", Succeeded("1", "100080", Money(52_40), "RUB")),
        ("ERR_PAY", Declined("other", "1")),
        ("ERR_ACCESS", Unknown("status ERR_ACCESS")),
        ("", Unknown("status ")),
    ],
)
async def test_every_state_of_a_mobile_charge(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, status: str, outcome: Outcome
) -> None:
    desk.transactions.append(documents.Transaction("1", "100080", "52.40", PHONE[1:], status))
    found = await arsenalpay.get_state(CHARGE, "1")
    assert found == (outcome if isinstance(outcome, Unknown) else [outcome])


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_state_that_is_not_told_decides_nothing(desk: ArsenalPayDesk, fault: Fault) -> None:
    desk.transactions.append(documents.Transaction("1", "100080", "52.40", PHONE[1:], "ERR_PAY"))
    desk.faults.then(fault)
    made = adapter(desk.url, timeout=0.2)
    assert isinstance(await made.get_state(CHARGE, "1"), Unknown)
    await made.close()


@pytest.mark.parametrize("amount", ["0", "-1", "1,5", "1e3", "", "0.001", "NaN"])
async def test_a_success_of_no_readable_amount_is_unknown(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, amount: str
) -> None:
    desk.transactions.append(documents.Transaction("1", "100080", amount, PHONE[1:], "OK_PAY"))
    assert await arsenalpay.get_state(CHARGE, "1") == Unknown("unreadable answer")


async def test_a_state_of_another_charge_or_of_none_is_unknown(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk
) -> None:
    desk.transactions.append(documents.Transaction("2", "100080", "52.40", PHONE[1:], "OK_PAY"))
    assert await arsenalpay.get_state(CHARGE, "1") == Unknown("status ERR_RRN")
    assert await arsenalpay.get_state(CHARGE, None) == Unknown("no reference to ask by")


def test_it_can_do_what_it_was_given_keys_for() -> None:
    everything = adapter("https://arsenalpay.ru").capabilities
    assert everything.methods == {Method.CARD, Method.MOBILE}
    assert (everything.schedules, everything.refunds, everything.register) == (True, False, False)
    assert everything.keys_honoured == frozenset()
    assert everything.payer_confirms == {Method.MOBILE}
    assert everything.limits[Method.CARD].least == Money.roubles(10)
    assert everything.limits[Method.MOBILE].most == Money.roubles(14_999)
    assert adapter("https://arsenalpay.ru", mobile_key="").capabilities.methods == {Method.CARD}
    assert adapter("https://arsenalpay.ru", widget="").capabilities.methods == {Method.MOBILE}
    assert not adapter("https://arsenalpay.ru", client_id="").capabilities.schedules


async def test_what_it_cannot_do_is_not_asked_of_it(arsenalpay: ArsenalPay) -> None:
    with pytest.raises(NotCapable):
        await arsenalpay.refund(Refund(new_id(), "1", Money(1)))
    with pytest.raises(NotCapable):
        await arsenalpay.charge_saved(CHARGE, "token")


async def test_its_own_mandates_are_listed_and_ended(arsenalpay: ArsenalPay, desk: ArsenalPayDesk) -> None:
    desk.subscriptions = {
        "71": {"destination": "100080", "endDate": "2027-01-31", "lastDate": "", "nextDate": "2026-05-27"},
        "72": {"destination": "166301", "lastDate": "2026-04-27T00:00:00+10:00"},
    }
    assert await arsenalpay.subscriptions() == [
        Subscription("71", "100080", ends_on=date(2027, 1, 31), next_on=date(2026, 5, 27)),
        Subscription("72", "166301", last_on=date(2026, 4, 27)),
    ]
    assert await arsenalpay.delete_subscription("71") == Done()
    assert await arsenalpay.delete_subscription("71") == Done()
    assert await arsenalpay.delete_subscription("../tokens") == Done()
    assert desk.subscriptions.keys() == {"72"}
    assert len(desk.tokens) == 1


async def test_a_token_that_ended_early_is_replaced_once(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk
) -> None:
    assert await arsenalpay.subscriptions() == []
    desk.tokens.append("another")
    assert await arsenalpay.subscriptions() == []
    assert len(desk.tokens) == 3


async def test_a_list_with_a_part_missing_is_no_list(arsenalpay: ArsenalPay, desk: ArsenalPayDesk) -> None:
    desk.subscriptions = {"71": {"destination": "100080"}}
    desk.hidden = 1
    assert await arsenalpay.subscriptions() == Unknown("a part of the list is missing")


@pytest.mark.parametrize("said", [{"destination": "1", "endDate": "soon"}, {}])
async def test_a_mandate_that_cannot_be_read_spoils_the_list(
    arsenalpay: ArsenalPay, desk: ArsenalPayDesk, said: dict[str, str]
) -> None:
    desk.subscriptions = {"71": said}
    assert await arsenalpay.subscriptions() == Unknown("unreadable answer")
    desk.subscriptions = {"7 1": {"destination": "1"}}
    assert await arsenalpay.subscriptions() == Unknown("unreadable answer")


async def test_wrong_credentials_send_nothing(desk: ArsenalPayDesk) -> None:
    stranger = adapter(desk.url, client_secret="wrong")
    assert await stranger.delete_subscription("71") == NotSent("no token")
    await stranger.close()


@pytest.mark.parametrize("fault", list(Fault))
async def test_whether_a_mandate_was_ended_may_be_unknown(desk: ArsenalPayDesk, fault: Fault) -> None:
    desk.subscriptions = {"71": {"destination": "100080"}}
    made = adapter(desk.url, timeout=0.3)
    assert len(await made.subscriptions()) == 1  # type: ignore[arg-type]
    desk.faults.then(fault)
    assert isinstance(await made.delete_subscription("71"), Unknown)
    desk.faults.then(fault)
    assert isinstance(await made.subscriptions(), Unknown)
    await made.close()


@pytest.mark.parametrize("fault", list(Fault))
async def test_without_a_token_nothing_is_asked(desk: ArsenalPayDesk, fault: Fault) -> None:
    desk.faults.then(fault)
    made = adapter(desk.url, timeout=0.2)
    assert await made.subscriptions() == Unknown("no token")
    await made.close()
