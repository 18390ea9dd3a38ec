"""The YooKassa adapter where answers are lost, unreadable or not ours: nothing is decided by them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.charge import Refund
from core.payments.provider import NotSent, Pending, Succeeded, Unknown
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers.faults import Fault
from tests.providers.yookassa_desk import YooKassaDesk
from tests.providers.yookassa_scenes import CHARGE, PHONE, adapter, started


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
    reference = await started(hasty)
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
    references = [await started(yookassa, replace(CHARGE, id=PaymentId(new_id()))) for _ in range(3)]
    mine = await started(yookassa)
    references += [await started(yookassa, replace(CHARGE, id=PaymentId(new_id()))) for _ in range(3)]
    assert await yookassa.get_state(CHARGE, None) == await yookassa.get_state(CHARGE, mine)
    stranger = replace(CHARGE, id=PaymentId(new_id()))
    assert await yookassa.get_state(stranger, None) == []


async def test_too_many_payments_to_look_through_decide_nothing(
    yookassa: YooKassa, desk: YooKassaDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.payments.yookassa.SOUGHT_LARGEST", 2)
    for _ in range(2):
        await started(yookassa, replace(CHARGE, id=PaymentId(new_id())))
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
    reference = await started(yookassa)
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
    reference = await started(yookassa)
    desk.payments[reference] |= wrong
    assert await yookassa.get_state(CHARGE, reference) == Unknown("unreadable answer")


async def test_a_success_without_anything_of_ours_is_told_as_it_is(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await started(yookassa)
    desk.pays(reference)
    desk.payments[reference] |= {"metadata": None, "payment_method": None}
    assert await yookassa.get_state(CHARGE, reference) == [Succeeded(reference, "", Money(500_00), "RUB")]


async def test_a_test_shop_takes_no_real_payment_for_its_own(desk: YooKassaDesk) -> None:
    tests = adapter(desk.url, test=True)
    assert await tests.start_checkout(CHARGE) == Unknown("not ours")
    desk.test = True
    assert isinstance(await tests.start_checkout(replace(CHARGE, id=PaymentId(new_id()))), Pending)
    await tests.close()


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
