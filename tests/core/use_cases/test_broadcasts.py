"""Broadcasts: their audience is frozen once, they begin in time, are stopped and ended; nothing twice."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.notice_states import BroadcastState, Reach
from core.settings import Settings
from core.staff_errors import NobodyToTell, NothingToApprove, StartInPast, UnknownBroadcast, WrongState
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.use_cases.audiences import Audience
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core, open_core
from tests.core.broadcast_scenes import (
    ANNA,
    BORIS,
    TEXTS,
    deliver,
    drafted,
    live_at,
    recipients,
    seven_people,
    started,
    state_of,
    work,
)
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider

S = BroadcastState
city = seven_people


async def test_everybody_is_frozen_once_and_the_end_is_noticed(city: Core) -> None:
    await live_at(city, "8", chats=("10", "80"))  # the first one's second account
    made = await started(city)
    found = await recipients(city, made)
    assert sorted(found) == ["10", "20", "30", "40", "50", "60", "79140000007", "80"]
    assert (made.state, made.total) == (S.RUNNING, 8)
    row = found["10"]
    assert (row.template, row.params, row.lane, row.state) == ("broadcast", {}, Lane.BULK, NoticeState.DUE)
    assert (row.quiet, row.locale, row.broadcast_id) == (True, "ru", made.id)
    assert row.expires_at == city.wall.now() + timedelta(days=1)
    assert row.id.version == 7
    assert row.dedupe_key == f"broadcast:{made.id}:telegram:10"
    assert found["79140000007"].channel == Channel.SMS
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE
    assert await work(city) == 0


@ON_SQLITE
async def test_no_claim_comes_before_the_audience_is_whole(city: Core) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    job = BroadcastWork(city.database, city.profile, city.clock, city.wall)
    seen = []
    while await state_of(city, made) in (S.SCHEDULED, S.FREEZING):
        await job.work_once(3)
        held = await city.broadcasts.get(made.number, by=ANNA)
        seen.append((held.state, held.total, len(await recipients(city, made))))
    assert seen == [(S.FREEZING, 0, 0), (S.FREEZING, 3, 3), (S.FREEZING, 6, 6), (S.RUNNING, 7, 7)]


async def test_a_chunk_that_died_is_done_again_and_one_that_is_repeated_adds_nothing(city: Core) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    job = BroadcastWork(city.database, city.profile, city.clock, city.wall)
    await job.work_once(3)
    (row,) = await rows(city, broadcast, id=made.id)
    with suppress(ConnectionError):
        async with city.database.transaction() as tx:
            await job._freeze(tx, row, 3)
            raise ConnectionError("the process dies")
    assert await recipients(city, made) == {}
    await job.work_once(3)
    # Another process wrote the chunk, and the mark of how far it got is lost.
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).values(frozen_to=None))
    await work(city)
    held = await city.broadcasts.get(made.number, by=ANNA)
    assert (held.state, held.total, len(await recipients(city, made))) == (S.RUNNING, 7, 7)


@ON_POSTGRES
async def test_two_processes_freeze_one_audience(
    city: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(*(work(each) for each in cores))
    await work(city)
    held = await city.broadcasts.get(made.number, by=ANNA)
    assert (held.state, held.total, len(await recipients(city, made))) == (S.RUNNING, 7, 7)


@ON_POSTGRES
async def test_commands_pressed_by_two_at_once_act_once(
    city: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as (one, other):
        made, same = await asyncio.gather(drafted(one), drafted(other))
        assert made.number == same.number
        for name in ("start", "pause", "resume", "cancel"):
            await asyncio.gather(
                getattr(one.broadcasts, name)(made.number, by=ANNA),
                getattr(other.broadcasts, name)(made.number, by=ANNA),
            )
            await work(one)
    assert await state_of(city, made) == S.CANCELLED
    assert [row.action for row in await rows(city, audit)][4:] == [
        f"broadcast_{each}" for each in ("new", "start", "pause", "resume", "cancel")
    ]


@ON_SQLITE
async def test_a_scheduled_one_begins_at_its_time_and_not_before(city: Core, clock: FakeClock) -> None:
    made = await drafted(city)
    at = clock.now() + timedelta(hours=3)
    with pytest.raises(StartInPast):
        await city.broadcasts.start(made.number, by=ANNA, at=clock.now() - timedelta(seconds=1))
    await city.broadcasts.start(made.number, by=ANNA, at=at)
    clock.shift(timedelta(hours=2, minutes=59))
    assert await work(city) == 0
    moved = await city.broadcasts.start(made.number, by=ANNA, at=at + timedelta(minutes=1))
    assert moved.start_at == at + timedelta(minutes=1)
    clock.shift(timedelta(minutes=1))
    assert await work(city) == 0
    clock.shift(timedelta(minutes=1))
    await work(city)
    assert await state_of(city, made) == S.RUNNING


@ON_SQLITE
async def test_pause_and_cancel_keep_what_was_sent_and_close_the_rest(city: Core) -> None:
    made = await started(city)
    assert (await city.broadcasts.pause(made.number, by=ANNA)).state == S.PAUSED
    assert await work(city) == 0
    assert (await city.broadcasts.resume(made.number, by=ANNA)).state == S.RUNNING
    async with city.database.transaction() as tx:
        sent = update(notice).where(notice.c.address == "10")
        await tx.execute(sent.values(state=NoticeState.SENT, provider_id="1", sent_at=city.wall.now()))
        held = update(notice).where(notice.c.address == "20")
        lease = city.wall.now() + timedelta(seconds=20)
        await tx.execute(held.values(state=NoticeState.TAKEN, lease_until=lease))
    await city.broadcasts.cancel(made.number, by=ANNA, why="a mistake")
    await work(city)
    assert await state_of(city, made) == S.CANCELLING  # one is under way
    city.wall.shift(timedelta(seconds=21))  # type: ignore[attr-defined]  # a FakeClock
    await work(city)
    assert await state_of(city, made) == S.CANCELLED
    found = await recipients(city, made)
    outcomes = {address: (row.state, row.reason) for address, row in found.items()}
    assert outcomes.pop("10") == (NoticeState.SENT, None)
    assert outcomes.pop("20") == (NoticeState.UNCERTAIN, "its sender died")
    assert set(outcomes.values()) == {(NoticeState.CANCELLED, "by staff")}
    assert len(outcomes) == 5


@ON_SQLITE
async def test_a_cancel_in_the_middle_of_the_freeze_adds_up(city: Core) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    job = BroadcastWork(city.database, city.profile, city.clock, city.wall)
    await job.work_once(3)
    await job.work_once(3)
    await city.broadcasts.cancel(made.number, by=ANNA)
    await work(city)
    held = await city.broadcasts.get(made.number, by=ANNA)
    assert (held.state, held.total, len(await recipients(city, made))) == (S.CANCELLED, 3, 3)


@ON_SQLITE
async def test_what_has_ended_or_not_begun_is_not_moved(city: Core) -> None:
    made = await drafted(city)
    for wrong in (city.broadcasts.pause, city.broadcasts.resume):
        with pytest.raises(WrongState):
            await wrong(made.number, by=ANNA)
    assert (await city.broadcasts.cancel(made.number, by=ANNA)).state == S.CANCELLED
    for wrong in (city.broadcasts.start, city.broadcasts.pause, city.broadcasts.resume):
        with pytest.raises(WrongState):
            await wrong(made.number, by=ANNA)
    with pytest.raises(WrongState):
        await city.broadcast_drafts.change(made.number, Draft(title="x", texts=TEXTS), by=ANNA)
    with pytest.raises(NothingToApprove):
        await city.broadcasts.approve(made.number, 1, by=BORIS)
    with pytest.raises(UnknownBroadcast):
        await city.broadcasts.get(99, by=ANNA)


@ON_SQLITE
async def test_a_broadcast_for_nobody_does_not_start(city: Core) -> None:
    made = await drafted(city, reach=Reach.SMS, audience=Audience(locales=("en",)))
    with pytest.raises(NobodyToTell):
        await city.broadcasts.start(made.number, by=ANNA)


@ON_SQLITE
async def test_the_jobs_of_the_wired_core_work_off_a_broadcast(
    city: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    made: Broadcast = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as other:
        for _ in range(3):
            await other.jobs.run_all_once()
    assert await state_of(city, made) == S.RUNNING
