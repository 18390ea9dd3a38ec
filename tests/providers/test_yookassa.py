"""The YooKassa adapter: what is asked of its API, what its answers mean, and what it can do."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.ids import new_id
from core.money import Money
from core.payments.capabilities import Operation
from core.payments.charge import Refund
from core.payments.provider import (
    Declined,
    NotCapable,
    NotSent,
    Outcome,
    Pending,
    Refunded,
    SavedMethod,
    Succeeded,
    Unknown,
)
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers.yookassa_desk import YooKassaDesk
from tests.providers.yookassa_scenes import CHARGE, PHONE, PUBLIC_URL, RECEIPT, SBP, adapter, started


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
    reference = await started(yookassa, SBP)
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
    reference = await started(yookassa, replace(CHARGE, save=True))
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


async def test_money_is_given_back_once_a_key(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await started(yookassa)
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
    reference = await started(yookassa)
    desk.pays(reference)
    wish = Refund(new_id(), reference, Money(100_00))
    await yookassa.refund(wish)
    (name,) = desk.refunds
    desk.refunds[name] |= changes
    assert isinstance(await yookassa.get_refund(wish, name), outcome)


async def test_a_refund_of_what_was_not_paid_is_refused(yookassa: YooKassa) -> None:
    reference = await started(yookassa)
    assert await yookassa.refund(Refund(new_id(), reference, Money(1))) == Declined("other")


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
