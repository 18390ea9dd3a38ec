"""What goes wrong at one way to pay alone: what its documents allow and the others' do not."""

from datetime import timedelta

import pytest

from core.money import ZERO, Money
from core.settings import Settings
from core.states import EventState, PaymentState
from tests.core.scenes import in_suspense
from tests.fakes import FakeClock
from tests.providers.house import open_house
from tests.providers.ways import ByArsenalPay, ByYooKassa


async def test_a_phone_whose_owner_does_not_answer_is_asked_about(
    settings: Settings, clock: FakeClock
) -> None:
    async with open_house("ArsenalPay, phone", settings, clock) as house:
        await house.way.begins(house.core)
        there = await house.way.arrives(house.core)
        await house.lives(timedelta(seconds=6))
        assert await house.states() == [PaymentState.PENDING]
        there.status = "ERR_PAY"
        await house.lives(timedelta(minutes=1))
        assert await house.states() == [PaymentState.DECLINED]
        assert await house.tells() == ["declined"]
        await house.agrees()


async def test_foreign_money_is_no_money_of_ours(settings: Settings, clock: FakeClock) -> None:
    async with open_house("YooKassa, card", settings, clock) as house:
        await house.way.begins(house.core)
        there = await house.way.arrives(house.core)
        assert isinstance(house.way, ByYooKassa)
        body = house.way.desk.pays(there, amount={"value": "100.00", "currency": "USD"})
        await house.way.delivers(house.core, body)
        assert await house.balance() == ZERO
        assert await house.events() == [EventState.REFUSED]


async def test_a_notification_that_is_forged_credits_nothing(settings: Settings, clock: FakeClock) -> None:
    async with open_house("YooKassa, card", settings, clock) as house:
        await house.way.begins(house.core)
        there = await house.way.arrives(house.core)
        assert isinstance(house.way, ByYooKassa)
        forged = house.way.desk.tells("payment.succeeded", there)
        await house.core.callbacks.take("yookassa", body=forged, headers={}, peer="203.0.113.7")
        assert await house.events() == []
        await house.core.callbacks.take("yookassa", body=forged, headers={}, peer="185.71.76.1")
        assert await house.core.callbacks.events_once(10) == 1
        assert await house.events() == [EventState.NEW]
        assert await house.balance() == ZERO


@pytest.mark.parametrize(
    "net, full, credited, held",
    [
        ("97.00", "100.00", 100_00, 0),
        ("97.00", "99.00", 0, 97_00),
        ("20.00", "100.00", 0, 20_00),
    ],
)
async def test_a_fee_that_was_taken_out_of_the_sum_is_ours(
    settings: Settings, clock: FakeClock, net: str, full: str, credited: int, held: int
) -> None:
    async with open_house("ArsenalPay, card", settings, clock) as house:
        await house.way.begins(house.core)
        there = await house.way.arrives(house.core)
        assert isinstance(house.way, ByArsenalPay)
        fee = {"AMOUNT": net, "AMOUNT_FULL": full, "MERCH_TYPE": "1"}
        await house.way.delivers(house.core, house.way.desk.callback(there, "payment", **fee))
        assert await house.balance() == Money(credited)
        assert await in_suspense(house.core) == Money(held)
        await house.way.delivers(house.core, house.way.desk.callback(there, "reversal", **fee))
        assert await house.balance() == ZERO
        assert await in_suspense(house.core) == ZERO


@pytest.mark.parametrize(
    "fields, word",
    [
        ({}, "YES"),
        ({"ACCOUNT": "999999"}, "NO"),
        ({"AMOUNT": "9.99"}, "NO"),
        ({"AMOUNT": "14999.01"}, "NO"),
    ],
)
async def test_a_question_before_a_payment_stores_nothing(
    settings: Settings, clock: FakeClock, fields: dict[str, str], word: str
) -> None:
    async with open_house("ArsenalPay, card", settings, clock) as house:
        await house.way.begins(house.core)
        there = await house.way.arrives(house.core)
        assert isinstance(house.way, ByArsenalPay)
        body = house.way.desk.callback(there, "check", **fields)
        (answer,) = await house.way.delivers(house.core, body)
        assert answer.body == word
        assert await house.events() == []
