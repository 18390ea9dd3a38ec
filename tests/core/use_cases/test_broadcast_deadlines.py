"""I13 of broadcasts: one that nobody begins, freezes or sends, and a recipient in dead hands."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.notice_states import BroadcastState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.wiring import Core
from tests.core.broadcast_scenes import ANNA, hire, live_at, started
from tests.core.frozen_scenes import claimed
from tests.core.scenes import ON_SQLITE
from tests.fakes import FakeClock

S = BroadcastState
LATE = timedelta(minutes=16)


@pytest.fixture
async def city(core: Core) -> Core:
    await hire(core)
    await live_at(core, "1", chats=("10",))
    return core


async def _broken(core: Core) -> list[str]:
    found = await core.invariants.check()
    return [each.about for each in found if each.code == "I13" and "broadcast" in each.about]


@ON_SQLITE
@pytest.mark.parametrize(
    "state, late",
    [
        (S.SCHEDULED, timedelta(days=1, minutes=15)),
        (S.FREEZING, timedelta(minutes=15)),
        (S.RUNNING, timedelta(days=2, minutes=15)),
    ],
)
async def test_a_broadcast_that_goes_on_by_nobody_is_told(
    city: Core, clock: FakeClock, state: BroadcastState, late: timedelta
) -> None:
    await started(city)
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).values(state=state))
    clock.shift(late)
    assert await _broken(city) == []
    clock.shift(timedelta(seconds=1))
    assert await _broken(city) == ["broadcast 1 is past its time and goes on by nobody"]


@ON_SQLITE
async def test_a_broadcast_that_is_paused_is_no_violation(city: Core, clock: FakeClock) -> None:
    made = await started(city)
    await city.broadcasts.pause(made.number, by=ANNA)
    clock.shift(timedelta(days=30))
    assert await _broken(city) == []


@ON_SQLITE
async def test_a_recipient_that_a_dead_delivery_holds_is_told(city: Core, clock: FakeClock) -> None:
    await started(city)
    assert len(await claimed(city)) == 1
    clock.shift(LATE)
    assert len(await _broken(city)) == 1
    await claimed(city)
    assert await _broken(city) == []
    async with city.database.transaction() as tx:
        assert await tx.scalar(notice.select().where(notice.c.state == "uncertain")) is not None
