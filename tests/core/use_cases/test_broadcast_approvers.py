"""Whoever may approve is told of what waits, once a version, and never of their own."""

from datetime import timedelta

import pytest

from core.ids import Payer
from core.notice_states import BroadcastState, Role
from core.storage.message_tables import notice
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.broadcast_scenes import ADMIN, ANNA, BORIS, TEXTS, drafted, ended, hire, live_at, state_of
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

OTHER = {"ru": {"telegram": "Работы завтра", "sms": "Работы завтра"}}
ANNA_CHAT, BORIS_CHAT, ADMIN_CHAT = "500", "600", "700"


@pytest.fixture
async def city(core: Core) -> Core:
    """Every broadcast needs a second person; three are able to be one, one of them without Telegram."""
    await hire(core)
    await core.staff.change(BORIS, by=ADMIN, telegram=BORIS_CHAT)
    await core.staff.change(ADMIN, by=ADMIN, telegram=ADMIN_CHAT)
    await core.staff.add("Gleb", Role.APPROVER, by=ADMIN)
    await live_at(core, "1", chats=("10",))
    return core


def _four_eyes(core: Core) -> None:
    notices = core.profile.notices.model_copy(update={"approve_above": 0})
    for each in (core.broadcasts, core.broadcast_orders):
        each._profile = core.profile.model_copy(update={"notices": notices})


async def _told(core: Core) -> list[tuple[str, int, bool]]:
    """To whom, of which version, and whether of an edit."""
    found = await rows(core, notice, template="broadcast_waits")
    return sorted((row.address, row.params["version"], row.params["edit"]) for row in found)


async def test_who_may_approve_is_told_once_a_version(city: Core, clock: FakeClock) -> None:
    _four_eyes(city)
    await city.subscribers.set_locale(Payer.telegram(int(BORIS_CHAT)), "en")
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    later = clock.now() + timedelta(hours=1)
    await city.broadcasts.start(made.number, by=ANNA, at=later)  # at another time: nothing new to read
    assert await _told(city) == [(BORIS_CHAT, 1, False), (ADMIN_CHAT, 1, False)]
    (first, second) = await rows(city, notice, template="broadcast_waits")
    assert {first.locale, second.locale} == {"ru", "en"}
    assert first.params["by"] == ANNA
    await city.broadcast_drafts.change(made.number, Draft("Другие", TEXTS, reach=made.reach), by=ANNA)
    await city.broadcasts.start(made.number, by=ANNA)
    assert {version for _, version, _ in await _told(city)} == {1, 2}


@ON_SQLITE
async def test_nobody_is_asked_to_approve_their_own(city: Core) -> None:
    _four_eyes(city)
    made = await city.broadcast_drafts.new(Draft("Работы", TEXTS), by=BORIS)
    await city.broadcasts.start(made.number, by=BORIS)
    assert await _told(city) == [(ADMIN_CHAT, 1, False)]


@ON_SQLITE
async def test_what_needs_no_second_person_is_told_to_none(city: Core) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    assert await _told(city) == []


@ON_SQLITE
async def test_what_grew_past_the_size_is_told(city: Core) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    _four_eyes(city)
    job = BroadcastWork(city.database, city.broadcasts._profile, city.clock, city.wall)
    await job.work_once(10)
    assert await state_of(city, made) == BroadcastState.WAITING
    found = await rows(city, notice, template="broadcast_waits")
    assert sorted((row.address, row.params["outgrew"], row.params["own"]) for row in found) == [
        (ANNA_CHAT, 0, True), (BORIS_CHAT, 0, False), (ADMIN_CHAT, 0, False)
    ]  # fmt: skip
    assert {row.params["version"] for row in found} == {2}


@ON_SQLITE
async def test_an_edit_that_waits_is_told_and_so_is_the_one_that_replaces_it(city: Core) -> None:
    made = await ended(city)
    _four_eyes(city)
    for _ in range(2):
        await city.broadcast_orders.edit(made.number, OTHER, by=BORIS)
    assert await _told(city) == [(ADMIN_CHAT, 2, True), (ADMIN_CHAT, 3, True)]
    await city.broadcasts.approve(made.number, 3, by=ADMIN)
