"""Who of the staff may do what with a broadcast: by role, and above a size with a second person."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import Refusal
from core.notice_states import BroadcastState
from core.staff_errors import NotAllowed, OwnBroadcast, VersionChanged
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ANNA,
    BORIS,
    TEXTS,
    VERA,
    drafted,
    four_eyes,
    seven_people,
    state_of,
    work,
)
from tests.core.scenes import ON_SQLITE
from tests.fakes import FakeClock

S = BroadcastState
city = seven_people


@ON_SQLITE
async def test_above_the_size_a_second_person_approves_the_version_that_they_read(city: Core) -> None:
    four_eyes(city)
    made = await drafted(city)
    waits = await city.broadcasts.start(made.number, by=ANNA)
    assert waits.state == S.WAITING
    assert await work(city) == 0
    with pytest.raises(NotAllowed):
        await city.broadcasts.approve(made.number, 1, by=ANNA)
    changed = await city.broadcast_drafts.change(made.number, Draft(title="Другое", texts=TEXTS), by=ANNA)
    assert (changed.state, changed.version) == (S.DRAFT, 2)
    with pytest.raises(VersionChanged) as refused:
        await city.broadcasts.approve(made.number, 1, by=BORIS)
    assert refused.value.version == 2
    await city.broadcasts.start(made.number, by=ANNA)
    approved = await city.broadcasts.approve(made.number, 2, by=BORIS)
    assert (approved.state, approved.approved_by) == (S.SCHEDULED, BORIS)
    assert (await city.broadcasts.approve(made.number, 2, by=BORIS)).state == S.SCHEDULED


@ON_SQLITE
async def test_what_was_approved_does_not_cover_a_later_version(city: Core) -> None:
    four_eyes(city)
    made = await drafted(city)
    await city.broadcasts.approve(made.number, 1, by=BORIS)
    changed = await city.broadcast_drafts.change(made.number, Draft(title="Другое", texts=TEXTS), by=ANNA)
    assert changed.approved_by is None
    assert (await city.broadcasts.start(made.number, by=ANNA)).state == S.WAITING


@ON_SQLITE
async def test_an_approver_does_not_approve_what_is_his_own(city: Core) -> None:
    four_eyes(city)
    made = await city.broadcast_drafts.new(Draft(title="Работы", texts=TEXTS), by=BORIS)
    with pytest.raises(OwnBroadcast):
        await city.broadcasts.approve(made.number, 1, by=BORIS)
    of_anna = await drafted(city)
    await city.broadcast_drafts.change(of_anna.number, Draft(title="Другое", texts=TEXTS), by=BORIS)
    with pytest.raises(OwnBroadcast):
        await city.broadcasts.approve(of_anna.number, 2, by=BORIS)


@ON_SQLITE
async def test_an_audience_that_grew_past_the_size_waits_for_a_second_person(
    city: Core, clock: FakeClock
) -> None:
    made = await drafted(city)
    later = clock.now() + timedelta(hours=2)
    assert (await city.broadcasts.start(made.number, by=ANNA, at=later)).state == S.SCHEDULED
    clock.shift(timedelta(hours=2))
    four_eyes(city)
    job = BroadcastWork(city.database, city.broadcasts._profile, city.clock, city.wall)
    await job.work_once(10)
    assert await state_of(city, made) == S.WAITING
    await city.broadcasts.approve(made.number, 2, by=BORIS)
    await work(city)
    assert await state_of(city, made) == S.RUNNING


@ON_SQLITE
async def test_roles_are_asked_by_every_command(city: Core) -> None:
    made = await drafted(city)
    refused: list[Any] = [
        city.broadcast_drafts.new(Draft(title="x", texts=TEXTS), by=VERA),
        city.broadcast_drafts.change(made.number, Draft(title="x", texts=TEXTS), by=VERA),
        city.broadcast_drafts.preview(made.number, by=VERA),
        city.broadcasts.start(made.number, by=VERA),
        city.broadcasts.approve(made.number, 1, by=ANNA),
        city.broadcasts.pause(made.number, by=VERA),
        city.broadcasts.resume(made.number, by=VERA),
        city.broadcasts.cancel(made.number, by=VERA),
        city.broadcast_orders.retry(made.number, by=VERA),
        city.broadcast_orders.edit(made.number, TEXTS, by=VERA),
        city.broadcast_orders.recall(made.number, by=VERA),
    ]
    for each in refused:
        with pytest.raises(NotAllowed):
            await each
    strangers: list[Any] = [
        city.broadcasts.get(made.number, by="nobody"),
        city.broadcasts.newest(by="nobody"),
        city.broadcast_drafts.count(made.number, by="nobody"),
        city.broadcast_reports.progress(made.number, by="nobody"),
        anext(city.broadcast_reports.lines(made.number, by="nobody")),
    ]
    for each in strangers:
        with pytest.raises(Refusal):
            await each
    assert (await city.broadcasts.get(made.number, by=VERA)).state == S.DRAFT
