"""Broadcasts: written, approved by a second person, frozen once, stopped and ended; nothing twice."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.errors import Refusal
from core.ids import Payer
from core.notice_states import BroadcastKind, BroadcastState, Reach
from core.settings import Settings
from core.staff_errors import (
    NoAddress,
    NobodyToTell,
    NotAllowed,
    NothingToApprove,
    OwnBroadcast,
    StartInPast,
    TextsRefused,
    UnknownBroadcast,
    VersionChanged,
    WrongState,
)
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
    VERA,
    deliver,
    drafted,
    four_eyes,
    hire,
    live_at,
    recipients,
    started,
    state_of,
    work,
)
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider

S = BroadcastState


@pytest.fixture
async def city(core: Core) -> Core:
    """Staff, and seven people: six in Telegram, one with a phone alone."""
    await hire(core)
    for n in range(1, 7):
        await live_at(core, str(n), chats=(f"{n}0",))
    await live_at(core, "7", phones=("79140000007",))
    return core


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
async def test_the_same_draft_is_one_until_it_is_begun_and_with_a_key_for_good(city: Core) -> None:
    made = await drafted(city)
    assert (await drafted(city)).number == made.number
    assert (await drafted(city, title="Другое")).number == made.number + 1
    await city.broadcasts.cancel(made.number, by=ANNA)
    again = await drafted(city)
    assert again.number == made.number + 2
    assert (await drafted(city)).number == again.number
    keyed = [await city.broadcast_drafts.new(Draft(title=t, texts=TEXTS), by=ANNA, key="k") for t in "ab"]
    assert [each.number for each in keyed] == [made.number + 3] * 2


@ON_SQLITE
async def test_a_draft_with_faults_is_not_stored(city: Core) -> None:
    with pytest.raises(TextsRefused) as refused:
        await drafted(city, title=" ", texts={"ru": {"telegram": "<b>"}}, lives=timedelta())
    assert [fault.what for fault in refused.value.faults] == ["tag", "missing", "title", "lives"]
    assert await rows(city, broadcast) == []


@ON_SQLITE
async def test_advertising_is_never_urgent(city: Core) -> None:
    advertising = BroadcastKind.ADVERTISING
    with pytest.raises(TextsRefused) as refused:
        await drafted(city, kind=advertising, urgent=True)
    assert [fault.what for fault in refused.value.faults] == ["urgent"]
    made = await drafted(city, urgent=True)
    changed = replace(Draft.of(made), kind=advertising)
    with pytest.raises(TextsRefused):
        await city.broadcast_drafts.change(made.number, changed, by=ANNA)
    async with city.database.transaction() as tx:  # as a version of before this rule stored it
        await tx.execute(update(broadcast).values(kind=advertising))
    with pytest.raises(TextsRefused):
        await city.broadcasts.start(made.number, by=ANNA)
    assert await state_of(city, made) == S.DRAFT


@ON_SQLITE
async def test_a_preview_is_one_notice_that_nobody_counts(city: Core) -> None:
    texts = {"ru": {"telegram": "{account}: {days}", "sms": "смс {account}"}}
    made = await drafted(city, texts=texts)
    for _ in range(2):
        assert await city.broadcast_drafts.preview(made.number, by=ANNA) == Payer.telegram(500)
    (seen,) = await rows(city, notice)
    assert (seen.template, seen.lane, seen.broadcast_id, seen.quiet) == (
        "broadcast",
        Lane.PEOPLE,
        None,
        False,
    )
    assert seen.params["telegram"] == "{account}: {days}"
    assert (seen.params["facts"]["account"], seen.params["opt_out"]) == ("1", False)
    await city.broadcast_drafts.preview(made.number, by=ANNA, to=Payer.sms("79990000001"))
    (by_sms,) = await rows(city, notice, channel=Channel.SMS)
    assert by_sms.params["sms"] == "смс {account}"
    await city.broadcast_drafts.preview(made.number, by=ANNA, of=Channel.SMS)
    in_chat = [row.params for row in await rows(city, notice, channel=Channel.TELEGRAM) if row.id != seen.id]
    assert [params.keys() for params in in_chat] == [{"sms", "facts", "opt_out"}]
    with pytest.raises(NoAddress):
        await city.broadcast_drafts.preview(made.number, by=BORIS)


@ON_SQLITE
async def test_the_cost_is_that_of_the_longest_language(city: Core) -> None:
    texts = {"ru": {"sms": "я" * 71}, "en": {"sms": "x" * 10}}
    made = await drafted(city, reach=Reach.SMS, texts=texts)
    found = await city.broadcast_drafts.count(made.number, by=VERA)
    assert (found.sms, found.cost.segments) == (1, 2)
    assert found.cost.sms.kopecks == 2 * city.profile.notices.sms_price.kopecks


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
