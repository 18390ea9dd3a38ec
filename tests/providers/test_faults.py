"""All that goes wrong at providers (reliability.md, "providers"), for every way to pay; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest

from core.money import ZERO, Money
from core.settings import Settings
from core.states import EventState, PaymentState, TransferKind
from core.storage.tables import ledger_transfer
from tests.accounts import open_account
from tests.core.scenes import NUMBER, in_suspense, posted, rows
from tests.fakes import FakeClock
from tests.providers.faults import Fault
from tests.providers.house import CALLING, House, open_house
from tests.providers.ways import WAYS, ByArsenalPay, ByYooKassa

LOST = [Fault.SILENT, Fault.BROKEN, Fault.CUT]
ON_POSTGRES = {"ArsenalPay, phone", "YooKassa, card"}


def _places(names: Iterable[str]) -> list[object]:
    """Each way on SQLite, and on PostgreSQL one of each provider: what differs there is not theirs."""
    found = [(name, "sqlite_url") for name in names] + [
        (name, "pg_url") for name in names if name in ON_POSTGRES
    ]
    return [pytest.param(place, id="-".join(place)) for place in found]


@pytest.fixture(params=_places(WAYS))
async def house(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[House]:
    name, database = request.param
    async with open_house(name, _settings(request.getfixturevalue(database)), clock) as opened:
        yield opened


@pytest.fixture(params=_places(CALLING))
async def hasty(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[House]:
    """A house that waits for half a second."""
    name, database = request.param
    async with open_house(name, _settings(request.getfixturevalue(database)), clock, timeout=0.5) as opened:
        yield opened


def _settings(database_url: str) -> Settings:
    return Settings(_env_file=None, env="test", database_url=database_url)


async def test_money_that_comes_is_credited(house: House) -> None:
    await house.way.begins(house.core)
    (answer,) = await house.way.delivers(house.core, house.way.pays(await house.way.arrives(house.core)))
    assert (answer.status, answer.body) == (200, "OK")
    assert await house.balance() == Money(100_00)
    assert await house.states() == [PaymentState.SUCCEEDED]
    assert await house.tells() == ["paid"]
    await house.agrees()


async def test_a_callback_that_comes_ten_times_credits_once(house: House) -> None:
    await house.way.begins(house.core)
    body = house.way.pays(await house.way.arrives(house.core))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(house.way.delivers(house.core, body))
    await house.way.delivers(house.core, *[body] * 5)
    assert await house.balance() == Money(100_00)
    assert await house.events() == [EventState.APPLIED]
    await house.agrees()


@pytest.mark.parametrize("fault", LOST)
async def test_a_charge_whose_answer_is_lost_is_made_once(hasty: House, fault: Fault) -> None:
    hasty.way.faults.then(fault)
    await hasty.way.begins(hasty.core)
    assert await hasty.states() in ([PaymentState.INTENT], [PaymentState.UNKNOWN])
    await hasty.lives(timedelta(seconds=6))
    assert hasty.way.made == 1
    there = await hasty.way.arrives(hasty.core)
    await hasty.way.delivers(hasty.core, hasty.way.pays(there))
    assert await hasty.balance() == Money(100_00)
    assert await hasty.states() == [PaymentState.SUCCEEDED]
    await hasty.agrees()


async def test_a_provider_whose_answers_are_lost_again_and_again_loses_no_money(hasty: House) -> None:
    hasty.way.faults.then(*LOST)
    await hasty.way.begins(hasty.core)
    for _ in range(3):
        await hasty.lives(timedelta(seconds=6))
    there = await hasty.way.arrives(hasty.core)
    await hasty.way.delivers(hasty.core, hasty.way.pays(there))
    await hasty.lives(timedelta(hours=2))
    assert hasty.way.made == 1
    assert await hasty.balance() == Money(100_00)
    await hasty.agrees()


async def test_a_success_after_a_decline_is_credited(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    await house.way.delivers(house.core, house.way.declines(there))
    assert await house.balance() == ZERO
    await house.way.delivers(house.core, house.way.pays(there))
    assert await house.balance() == Money(100_00)
    assert (await house.tells())[-1] == "paid"
    await house.agrees()


async def test_a_decline_after_a_success_takes_nothing_away(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    paid = house.way.pays(there)
    if isinstance(house.way, ByArsenalPay):
        late = [house.way.desk.callback(there, each) for each in ("hold", "cancel", "cancelinit")]
    else:
        assert isinstance(house.way, ByYooKassa)
        late = [house.way.desk.tells("payment.canceled", there)]
    await house.way.delivers(house.core, paid, *late)
    assert await house.balance() == Money(100_00)
    assert await house.states() == [PaymentState.SUCCEEDED]
    await house.agrees()


async def test_money_that_comes_a_month_late_is_credited(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    for days in (*[1] * 6, 25):  # asked about daily until it is given up; then nothing happens
        await house.lives(timedelta(days=days))
    assert await house.balance() <= ZERO  # the fees of a month
    before = await house.balance()
    await house.way.delivers(house.core, house.way.pays(there))
    credits_ = [row.amount for row in await rows(house.core, ledger_transfer, kind=TransferKind.TOP_UP)]
    assert credits_ == [100_00]
    assert await house.balance() <= before + Money(100_00)
    assert (await house.tells())[-1] == "paid"
    await house.agrees()


async def test_another_sum_than_was_asked_for_is_held(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    house.way.takes(there, amount="99.00")
    await house.way.delivers(house.core, house.way.pays(there))
    assert await house.balance() == ZERO
    assert await in_suspense(house.core) == Money(99_00)
    await house.agrees()


@pytest.mark.parametrize("number", ["999999", "166301"])
async def test_money_for_another_account_is_held(house: House, number: str) -> None:
    other = await open_account(house.core, "166301")
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    house.way.takes(there, number=number)
    await house.way.delivers(house.core, house.way.pays(there))
    assert await house.balance() == await posted(house.core, other) == ZERO
    assert await in_suspense(house.core) == Money.parse(house.total)
    await house.agrees()


async def test_a_refund_takes_the_money_off_the_account_once(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    await house.way.delivers(house.core, house.way.pays(there))
    body = house.way.gives_back(there, house.total)
    await house.way.delivers(house.core, *[body] * 3)
    assert await house.balance() == ZERO
    assert await house.tells() == ["paid", "refunded"]
    await house.agrees()


async def test_a_payment_may_be_given_back_in_parts(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    await house.way.delivers(house.core, house.way.pays(there))
    await house.way.delivers(house.core, house.way.gives_back(there, "40.00"))
    assert await house.balance() == Money(60_00)
    await house.way.delivers(house.core, house.way.gives_back(there, "60.00"))
    assert await house.balance() == ZERO
    await house.agrees()


async def test_more_given_back_than_was_paid_is_left_to_staff(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    await house.way.delivers(house.core, house.way.pays(there))
    await house.way.delivers(house.core, house.way.gives_back(there, "60.00"))
    await house.way.delivers(house.core, house.way.gives_back(there, "60.01"))
    assert await house.balance() == Money(40_00)
    assert sorted(await house.events())[-1] == EventState.REFUSED
    assert await house.core.invariants.check() == []


async def test_a_refund_before_its_payment_waits_for_it(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    paid, back = house.way.pays(there), house.way.gives_back(there, house.total)
    await house.way.delivers(house.core, back)
    assert await house.balance() == ZERO
    assert await house.events() == [EventState.WAITING]
    await house.way.delivers(house.core, back, paid)
    assert await house.balance() == ZERO
    assert await house.events() == [EventState.APPLIED] * 2
    assert sorted(await house.tells()) == ["paid", "refunded"]
    await house.agrees()


async def test_a_refund_of_held_money_leaves_suspense(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    house.way.takes(there, amount="99.00")
    await house.way.delivers(house.core, house.way.pays(there), house.way.gives_back(there, "99.00"))
    assert await in_suspense(house.core) == ZERO
    await house.agrees()


async def test_two_payments_of_one_account_and_sum_are_two(house: House) -> None:
    bodies = []
    for _ in range(2):
        await house.way.begins(house.core)
        bodies.append(house.way.pays(await house.way.arrives(house.core)))
    async with asyncio.TaskGroup() as tasks:
        for body in bodies:
            tasks.create_task(house.way.delivers(house.core, body))
    await house.way.delivers(house.core)
    assert await house.balance() == Money(200_00)
    assert await house.states() == [PaymentState.SUCCEEDED] * 2
    await house.agrees()


async def test_money_that_nobody_asked_for_is_held(house: House) -> None:
    await house.way.begins(house.core)
    there = await house.way.arrives(house.core)
    await house.way.delivers(house.core, house.way.pays(there))
    if isinstance(house.way, ByArsenalPay):
        stray = house.way.desk._book(NUMBER, "55.00", payer="terminal")
        await house.way.delivers(house.core, house.way.pays(stray), house.way.gives_back(stray, "5.00"))
    else:
        assert isinstance(house.way, ByYooKassa)
        desk = house.way.desk
        made = desk._new_payment(
            {"amount": {"value": "55.00", "currency": "RUB"}, "payment_method_data": {"type": "sbp"}}
        )
        assert made is not None
        await house.way.delivers(house.core, desk.pays(made["id"]), desk.gives_back(made["id"], "5.00"))
    assert await house.balance() == Money(100_00)
    assert await in_suspense(house.core) == Money(50_00)
    await house.agrees()


@pytest.mark.parametrize("name", CALLING)
async def test_a_payment_that_was_made_is_found_without_any_callback(
    settings: Settings, clock: FakeClock, name: str
) -> None:
    async with open_house(name, settings, clock) as house:
        await house.way.begins(house.core)
        house.way.pays(await house.way.arrives(house.core))
        await house.lives(timedelta(minutes=2))
        assert await house.balance() == Money(100_00)
        await house.agrees()
