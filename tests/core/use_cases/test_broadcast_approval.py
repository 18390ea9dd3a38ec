"""A second person agrees to what they have read, and to nothing that came later; what is late stays late."""

from datetime import timedelta

import pytest

from core.notice_states import BroadcastState, Reach
from core.staff_errors import VersionChanged
from core.states import Channel, NoticeState
from core.storage.message_tables import notice
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ADMIN,
    ANNA,
    BORIS,
    TEXTS,
    drafted,
    ended,
    hire,
    live_at,
    recipients,
    work,
)
from tests.core.frozen_scenes import claimed
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S = BroadcastState
FIRST = {"ru": {"telegram": "Работы завтра", "sms": "Работы завтра"}}
SECOND = {"ru": {"telegram": "Верните деньги", "sms": "Верните деньги"}}


@pytest.fixture
async def city(core: Core) -> Core:
    """Staff, two people, and every broadcast needs a second person once it is sent."""
    await hire(core)
    for n in (1, 2):
        await live_at(core, str(n), chats=(f"{n}0",))
    return core


def _four_eyes(core: Core) -> None:
    notices = core.profile.notices.model_copy(update={"approve_above": 0})
    for each in (core.broadcasts, core.broadcast_orders):
        each._profile = core.profile.model_copy(update={"notices": notices})


@ON_SQLITE
async def test_an_edit_written_over_another_is_another_version(city: Core) -> None:
    made = await ended(city)
    _four_eyes(city)
    await city.broadcast_orders.edit(made.number, FIRST, by=ANNA)
    (read,) = (await city.broadcast_reports.progress(made.number, by=BORIS)).orders
    await city.broadcast_orders.edit(made.number, SECOND, by=ANNA)
    with pytest.raises(VersionChanged):
        await city.broadcasts.approve(made.number, read.version, by=BORIS)
    assert (await city.broadcasts.get(made.number, by=ANNA)).texts == TEXTS
    *_, last = (await city.broadcast_reports.progress(made.number, by=BORIS)).orders
    approved = await city.broadcasts.approve(made.number, last.version, by=BORIS)
    assert (approved.texts, approved.approved_by) == (SECOND, BORIS)


@ON_SQLITE
async def test_an_edit_that_waits_is_what_a_preview_shows(city: Core) -> None:
    made = await ended(city)
    _four_eyes(city)
    await city.broadcast_drafts.preview(made.number, by=ANNA)
    await city.broadcast_orders.edit(made.number, FIRST, by=ANNA)
    await city.staff.change(BORIS, by=ADMIN, telegram="600")
    await city.broadcast_drafts.preview(made.number, by=BORIS)
    seen = {row.address: row.params["telegram"] for row in await rows(city, notice, broadcast_id=None)}
    assert seen == {"500": TEXTS["ru"]["telegram"], "600": "Работы завтра"}
    (waits,) = (await city.broadcast_reports.progress(made.number, by=BORIS)).orders
    assert waits.texts == FIRST


@ON_SQLITE
async def test_what_begins_late_is_of_use_no_longer_for_that(city: Core, clock: FakeClock) -> None:
    made = await drafted(city, lives=timedelta(hours=6), reach=Reach.TELEGRAM, urgent=True)
    await city.broadcasts.start(made.number, by=ANNA, at=clock.now() + timedelta(hours=1))
    clock.shift(timedelta(hours=5))  # the jobs stood still
    await work(city)
    found = await recipients(city, made)
    assert {row.expires_at for row in found.values()} == {clock.now() + timedelta(hours=2)}
    again = await drafted(city, title="Снова", lives=timedelta(hours=6), reach=Reach.TELEGRAM, urgent=True)
    await city.broadcasts.start(again.number, by=ANNA, at=clock.now() + timedelta(hours=1))
    clock.shift(timedelta(days=2))
    await work(city)
    assert await claimed(city, Channel.TELEGRAM) == []
    states = {row.state for row in (await recipients(city, again)).values()}
    assert states == {NoticeState.EXPIRED}


@ON_SQLITE
async def test_what_is_approved_after_its_time_begins_with_the_approval(city: Core, clock: FakeClock) -> None:
    _four_eyes(city)
    made = await drafted(city, reach=Reach.TELEGRAM)
    waits = await city.broadcasts.start(made.number, by=ANNA, at=clock.now() + timedelta(hours=1))
    assert waits.state == S.WAITING
    clock.shift(timedelta(days=3))
    await city.broadcasts.approve(made.number, 1, by=BORIS)
    await work(city)
    found = await recipients(city, made)
    assert {row.expires_at for row in found.values()} == {clock.now() + timedelta(days=1)}
