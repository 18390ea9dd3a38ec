"""The YooKassa adapter against a server that behaves, and misbehaves, as its API reference says."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core.clock import SystemClock
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.capabilities import Operation
from core.payments.charge import Charge, Receipt, Refund
from core.payments.provider import (
    Declined,
    NotCapable,
    NotSent,
    Outcome,
    Pending,
    Refunded,
    RegisterLine,
    RegisterUnavailable,
    SavedMethod,
    Succeeded,
    Unknown,
)
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers import yookassa_desk as documents
from tests.providers.faults import Fault
from tests.providers.served import served
from tests.providers.yookassa_desk import YooKassaDesk

PUBLIC_URL = "https://aliance.test"
PHONE = "79140001111"
CHARGE = Charge(PaymentId(new_id()), "100080", Money(500_00), "someone", phone=PHONE)
SBP = replace(CHARGE, method=Method.SBP)
RECEIPT = Receipt("Услуги связи, лицевой счёт 100080", vat_code=11, email="a@b.test", tax_system=1)


def adapter(url: str, *, timeout: float = 5.0, key: str = documents.KEY, test: bool = False) -> YooKassa:
    return YooKassa(
        url=f"{url}/v3",
        public_url=PUBLIC_URL,
        shop=documents.SHOP,
        key=key,
        networks=documents.NETWORKS,
        test=test,
        timeout=timeout,
    )


@pytest.fixture
async def desk() -> AsyncIterator[YooKassaDesk]:
    there = YooKassaDesk(now=SystemClock().now())
    async with served(there.app()) as url:
        there.url = url
        yield there


@pytest.fixture
async def yookassa(desk: YooKassaDesk) -> AsyncIterator[YooKassa]:
    made = adapter(desk.url)
    yield made
    await made.close()


async def _reference(yookassa: YooKassa, charge: Charge = CHARGE) -> str:
    pending = await yookassa.start_checkout(charge)
    assert isinstance(pending, Pending)
    assert pending.reference is not None
    return pending.reference


async def test_a_card_page_is_opened_once_a_key(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    first = await yookassa.start_checkout(CHARGE)
    assert isinstance(first, Pending)
    assert (first.checkout_url or "").startswith("https://yoomoney.ru/")
    assert await yookassa.start_checkout(CHARGE) == first
    assert len(desk.payments) == 1
    (_, _, body, key), _ = desk.asked
    assert key == str(CHARGE.id)
    assert body["capture"] is True
    assert body["save_payment_method"] is False
    assert body["metadata"] == {"payment": str(CHARGE.id), "account": "100080"}
    assert body["confirmation"] == {"type": "redirect", "return_url": f"{PUBLIC_URL}/paid"}
    assert "receipt" not in body


async def test_the_fast_payment_system_has_a_page_of_its_own(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await _reference(yookassa, SBP)
    assert desk.payments[reference]["payment_method"]["type"] == "sbp"
    desk.pays(reference)
    (found,) = await yookassa.get_state(SBP, reference)  # type: ignore[misc]
    assert found == Succeeded(reference, "100080", Money(500_00), "RUB")


async def test_a_phone_is_charged_and_its_owner_has_to_confirm(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    outcome = await yookassa.charge_mobile(replace(CHARGE, method=Method.MOBILE))
    (reference,) = desk.payments
    assert outcome == Pending(reference)
    assert desk.asked[0][2]["payment_method_data"] == {"type": "mobile_balance", "phone": PHONE}


async def test_a_paid_page_tells_the_card_and_what_was_remembered(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await _reference(yookassa, replace(CHARGE, save=True))
    desk.pays(reference)
    (found,) = await yookassa.get_state(CHARGE, reference)  # type: ignore[misc]
    assert found == Succeeded(
        reference,
        "100080",
        Money(500_00),
        "RUB",
        card_mask="220000******0004",
        saved=SavedMethod(reference, "220000******0004", Method.CARD, date(2030, 12, 31)),
    )
    assert reference not in repr(found.saved)


async def test_a_saved_card_is_charged_without_its_owner(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    desk.tokens["token-1"] = "succeeded"
    mandate = replace(CHARGE, by_mandate=True)
    outcome = await yookassa.charge_saved(mandate, "token-1")
    assert isinstance(outcome, Succeeded)
    assert outcome.total == Money(500_00)
    body = desk.asked[0][2]
    assert body["payment_method_id"] == "token-1"
    assert "confirmation" not in body
    assert await yookassa.charge_saved(mandate, "token-1") == outcome
    assert len(desk.taken) == 1


async def test_a_saved_card_may_ask_its_owner_who_is_there(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    desk.tokens["token-1"] = "pending"
    outcome = await yookassa.charge_saved(CHARGE, "token-1")
    assert isinstance(outcome, Pending)
    assert outcome.checkout_url is not None


async def test_a_token_that_is_none_is_refused_for_good(yookassa: YooKassa) -> None:
    outcome = await yookassa.charge_saved(CHARGE, "nothing")
    assert outcome == Declined("other", hard=True)


@pytest.mark.parametrize(
    "reason, word, hard",
    [
        ("insufficient_funds", "insufficient_funds", False),
        ("card_expired", "card_expired", True),
        ("permission_revoked", "other", True),
        ("invalid_card_number", "other", True),
        ("payment_method_restricted", "other", True),
        ("fraud_suspected", "other", True),
        ("country_forbidden", "other", True),
        ("3d_secure_failed", "authentication_failed", False),
        ("invalid_csc", "authentication_failed", False),
        ("identification_required", "authentication_failed", False),
        ("issuer_unavailable", "unavailable", False),
        ("internal_timeout", "unavailable", False),
        ("expired_on_confirmation", "abandoned", False),
        ("call_issuer", "other", False),
        ("general_decline", "other", False),
        ("payment_method_limit_exceeded", "other", False),
        ("a reason of tomorrow", "other", False),
    ],
)
async def test_every_reason_of_a_decline(
    yookassa: YooKassa, desk: YooKassaDesk, reason: str, word: str, hard: bool
) -> None:
    desk.tokens["token-1"] = reason
    outcome = await yookassa.charge_saved(CHARGE, "token-1")
    (reference,) = desk.payments
    assert outcome == Declined(word, reference, hard=hard)


@pytest.mark.parametrize(
    "status, outcome",
    [
        (400, Declined("other")),
        (401, Declined("unavailable")),
        (403, Declined("unavailable")),
        (404, Declined("other")),
        (415, Declined("other")),
        (429, NotSent("throttled")),
        (500, Unknown("status_500")),
        (503, Unknown("status_503")),
    ],
)
async def test_what_a_status_means_for_a_charge_and_for_a_question(
    yookassa: YooKassa, desk: YooKassaDesk, status: int, outcome: Outcome
) -> None:
    desk.status = status
    assert await yookassa.start_checkout(CHARGE) == outcome
    assert await yookassa.refund(Refund(new_id(), "1", Money(1))) == outcome
    state = await yookassa.get_state(CHARGE, "5")
    assert state == ([] if status == 404 else Unknown(f"status_{status}"))
    assert isinstance(await yookassa.get_state(CHARGE, None), Unknown)
    assert isinstance(await yookassa.get_refund(Refund(new_id(), "1", Money(1)), "1"), Unknown)


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_lost_answer_is_unknown_and_the_same_key_charges_once(
    desk: YooKassaDesk, fault: Fault
) -> None:
    hasty = adapter(desk.url, timeout=0.2)
    desk.faults.then(fault)
    assert isinstance(await hasty.charge_mobile(replace(CHARGE, method=Method.MOBILE)), Unknown)
    again = await hasty.charge_mobile(replace(CHARGE, method=Method.MOBILE))
    await hasty.close()
    assert isinstance(again, Pending)
    assert len(desk.payments) == 1


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_question_that_is_not_answered_decides_nothing(desk: YooKassaDesk, fault: Fault) -> None:
    hasty = adapter(desk.url, timeout=0.2)
    reference = await _reference(hasty)
    desk.declines(reference)
    for question in (hasty.get_state(CHARGE, reference), hasty.get_state(CHARGE, None)):
        desk.faults.then(fault)
        assert isinstance(await question, Unknown)
    await hasty.close()


async def test_what_never_left_is_not_sent() -> None:
    nowhere = adapter("http://127.0.0.1:9")
    assert await nowhere.start_checkout(CHARGE) == NotSent("unreachable")
    assert await nowhere.refund(Refund(new_id(), "1", Money(1))) == NotSent("unreachable")
    assert await nowhere.get_refund(Refund(new_id(), "1", Money(1)), "1") == Unknown("unreachable")
    assert await nowhere.get_state(CHARGE, "1") == Unknown("unreachable")
    assert await nowhere.get_state(CHARGE, None) == Unknown("unreachable")
    await nowhere.close()


async def test_a_payment_whose_name_was_lost_is_found_by_our_key(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    desk.page = 2
    references = [await _reference(yookassa, replace(CHARGE, id=PaymentId(new_id()))) for _ in range(3)]
    mine = await _reference(yookassa)
    references += [await _reference(yookassa, replace(CHARGE, id=PaymentId(new_id()))) for _ in range(3)]
    assert await yookassa.get_state(CHARGE, None) == await yookassa.get_state(CHARGE, mine)
    stranger = replace(CHARGE, id=PaymentId(new_id()))
    assert await yookassa.get_state(stranger, None) == []


async def test_too_many_payments_to_look_through_decide_nothing(
    yookassa: YooKassa, desk: YooKassaDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.payments.yookassa.SOUGHT_LARGEST", 2)
    for _ in range(2):
        await _reference(yookassa, replace(CHARGE, id=PaymentId(new_id())))
    assert await yookassa.get_state(CHARGE, None) == Unknown("too many to look through")


@pytest.mark.parametrize(
    "changes",
    [
        {"test": True},
        {"recipient": {"account_id": "7"}},
        {"status": "new"},
        {"amount": {"value": "abc", "currency": "RUB"}},
        {"amount": {"value": 500, "currency": "RUB"}},
        {"amount": {"value": "-5.00", "currency": "RUB"}},
        {"amount": None},
        {"id": "../1"},
        {"id": None},
        {"payment_method": {"type": "bank_card", "id": "a b", "saved": True}},
        {"payment_method": {"type": "bank_card", "card": {"first6": "2200", "last4": "0004"}}},
        {"payment_method": {"type": "bank_card", "card": {"first6": "220000", "last4": "00040"}}},
        {"payment_method": {"card": {"last4": "0004", "expiry_year": "2030", "expiry_month": "13"}}},
        {"payment_method": "card"},
    ],
)
async def test_an_object_that_is_not_ours_or_not_readable_decides_nothing(
    yookassa: YooKassa, desk: YooKassaDesk, changes: dict[str, Any]
) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    desk.payments[reference] |= changes
    assert isinstance(await yookassa.get_state(CHARGE, reference), Unknown)


@pytest.mark.parametrize(
    "wrong",
    [{"confirmation": {"confirmation_url": "javascript:1"}}, {"confirmation": {"confirmation_url": 1}}],
)
async def test_a_page_is_never_somewhere_else_than_on_the_web(
    yookassa: YooKassa, desk: YooKassaDesk, wrong: dict[str, Any]
) -> None:
    reference = await _reference(yookassa)
    desk.payments[reference] |= wrong
    assert await yookassa.get_state(CHARGE, reference) == Unknown("unreadable answer")


async def test_a_success_without_anything_of_ours_is_told_as_it_is(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    desk.payments[reference] |= {"metadata": None, "payment_method": None}
    assert await yookassa.get_state(CHARGE, reference) == [Succeeded(reference, "", Money(500_00), "RUB")]


async def test_a_test_shop_takes_no_real_payment_for_its_own(desk: YooKassaDesk) -> None:
    tests = adapter(desk.url, test=True)
    assert await tests.start_checkout(CHARGE) == Unknown("not ours")
    desk.test = True
    assert isinstance(await tests.start_checkout(replace(CHARGE, id=PaymentId(new_id()))), Pending)
    await tests.close()


async def test_money_is_given_back_once_a_key(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    wish = Refund(new_id(), reference, Money(100_00), RECEIPT)
    outcome = await yookassa.refund(wish)
    (name,) = desk.refunds
    assert outcome == Refunded(name, reference, Money(100_00), "RUB")
    assert await yookassa.refund(wish) == outcome
    assert await yookassa.get_refund(wish, name) == outcome
    assert len(desk.refunds) == 1
    assert desk.asked[-3][2]["receipt"]["items"][0]["amount"] == {"value": "100.00", "currency": "RUB"}


@pytest.mark.parametrize(
    "changes, outcome",
    [
        ({"status": "pending"}, Pending),
        ({"status": "canceled", "cancellation_details": {}}, Declined),
        ({"status": "other"}, Unknown),
        ({"payment_id": ""}, Unknown),
    ],
)
async def test_every_state_of_a_refund(
    yookassa: YooKassa, desk: YooKassaDesk, changes: dict[str, Any], outcome: type
) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    wish = Refund(new_id(), reference, Money(100_00))
    await yookassa.refund(wish)
    (name,) = desk.refunds
    desk.refunds[name] |= changes
    assert isinstance(await yookassa.get_refund(wish, name), outcome)


async def test_a_refund_of_what_was_not_paid_is_refused(yookassa: YooKassa) -> None:
    reference = await _reference(yookassa)
    assert await yookassa.refund(Refund(new_id(), reference, Money(1))) == Declined("other")


async def test_the_register_holds_what_was_taken_and_given_back_in_a_period(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    desk.page = 2
    charges = [replace(CHARGE, id=PaymentId(new_id())) for _ in range(5)]
    references = [await _reference(yookassa, charge) for charge in charges]
    for reference in references[:4]:
        desk.pays(reference)
    desk.declines(references[4])
    desk.gives_back(references[0], "100.00")
    desk.payments[references[3]]["recipient"] = {"account_id": "another shop"}
    since, until = SystemClock().now() - timedelta(days=1), SystemClock().now() + timedelta(days=1)
    lines = [line async for line in yookassa.register(since, until)]
    taken = [line for line in lines if isinstance(line.money, Succeeded)]
    assert {line.money.reference for line in taken} == set(references[:3])
    assert {line.payment_id for line in taken} == {charge.id for charge in charges[:3]}
    (back,) = (line for line in lines if isinstance(line.money, Refunded))
    assert back.money == Refunded(next(iter(desk.refunds)), references[0], Money(100_00), "RUB")
    assert [line async for line in yookassa.register(until, until + timedelta(days=1))] == []


async def test_the_period_is_cut_to_the_millisecond(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    at = datetime.fromisoformat(desk.payments[reference]["captured_at"])
    before, after = timedelta(days=-1), timedelta(milliseconds=1)
    assert [line async for line in yookassa.register(at + before, at)] == []
    (line,) = [line async for line in yookassa.register(at, at + after)]
    assert line == RegisterLine(at, line.money, payment_id=CHARGE.id, method=Method.CARD)


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_register_that_does_not_come_whole_is_none(desk: YooKassaDesk, fault: Fault) -> None:
    hasty = adapter(desk.url, timeout=0.3)
    desk.page = 1
    for _ in range(2):
        desk.pays(await _reference(hasty, replace(CHARGE, id=PaymentId(new_id()))))
    now = SystemClock().now()
    lines = hasty.register(now - timedelta(days=1), now + timedelta(days=1))
    assert isinstance(await anext(lines), RegisterLine)
    desk.faults.then(fault)
    with pytest.raises(RegisterUnavailable):
        [line async for line in lines]
    await hasty.close()


async def test_a_register_with_a_line_that_cannot_be_read_is_none(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await _reference(yookassa)
    desk.pays(reference)
    desk.payments[reference]["amount"] = "500"
    with pytest.raises(RegisterUnavailable):
        [line async for line in yookassa.register(documents.START, SystemClock().now() + timedelta(days=1))]


def test_what_it_can_do() -> None:
    able = adapter("https://api.yookassa.ru").capabilities
    assert able.methods == {Method.CARD, Method.SBP, Method.MOBILE}
    assert all(able.honours(operation) for operation in Operation)
    assert able.saves == {Method.CARD, Method.SBP}
    assert (able.charges_saved, able.refunds) == (True, True)
    assert (able.register, able.revokes, able.schedules, able.pre_checks) == (True, False, False, False)
    assert able.tells_state == able.methods
    assert able.payer_confirms == {Method.MOBILE}


async def test_what_it_cannot_do_is_not_asked_of_it(yookassa: YooKassa) -> None:
    with pytest.raises(NotCapable):
        await yookassa.revoke_method("token")
    with pytest.raises(NotCapable):
        await yookassa.subscriptions()


async def test_no_secret_is_in_an_outcome_or_in_a_log_line(
    desk: YooKassaDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = adapter(desk.url, key="live_wrong_key")
    outcome = await stranger.charge_saved(CHARGE, "token-7")
    await stranger.close()
    said = f"{outcome} {capsys.readouterr()}"
    assert "refused a request" in said
    assert "live_wrong_key" not in said
    assert "token-7" not in said
    assert json.dumps(PHONE)[1:-1] not in said
