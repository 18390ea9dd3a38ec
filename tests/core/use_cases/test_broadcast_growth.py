"""What was agreed to is a text and a number of recipients: who came since needs another word."""

from datetime import timedelta

import pytest

from core.ids import Payer
from core.notice_states import BroadcastState
from core.profile import Notices
from core.staff_errors import NeedsApproval, VersionChanged
from core.states import NoticeState
from core.storage.message_tables import notice
from core.use_cases.broadcast_orders import BY_STAFF
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ADMIN,
    ANNA,
    BORIS,
    VERA,
    deliver,
    drafted,
    four_eyes,
    hire,
    live_at,
    recipients,
    state_of,
)
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S = BroadcastState
OTHER = {"ru": {"telegram": "Верните деньги", "sms": "Верните деньги"}}
HOUR = timedelta(hours=1)


@pytest.fixture
async def city(core: Core) -> Core:
    """Ten people; more than two recipients need a second person, who is told in Telegram."""
    await hire(core)
    await core.staff.change(BORIS, by=ADMIN, telegram="600")
    for n in range(1, 11):
        await live_at(core, str(n), chats=(f"{n}0",))
    four_eyes(core, above=2)
    return core


async def step(core: Core) -> None:
    """One chunk of whatever there is to do."""
    await BroadcastWork(core.database, core.broadcasts._profile, core.clock, core.wall).work_once(100)


async def approved(core: Core, clock: FakeClock) -> Broadcast:
    """Ten recipients are agreed to, for an hour from now."""
    made = await drafted(core)
    waits = await core.broadcasts.start(made.number, by=ANNA, at=clock.now() + HOUR)
    assert (waits.state, waits.asked_for, waits.approved_for) == (S.WAITING, 10, None)
    agreed = await core.broadcasts.approve(made.number, 1, by=BORIS)
    assert (agreed.state, agreed.asked_for, agreed.approved_for) == (S.SCHEDULED, None, 10)
    return agreed


async def told(core: Core, version: int) -> dict[str, tuple[int | None, bool]]:
    """What was outgrown, and whether it is the reader's own, by chat."""
    found = await rows(core, notice, template="broadcast_waits")
    said = {row.address: row.params for row in found if row.params["version"] == version}
    return {chat: (params["outgrew"], params["own"]) for chat, params in said.items()}


@pytest.mark.parametrize(
    "recipients, approved_for, needs",
    [(1000, None, False), (1001, None, True), (1001, 1001, False), (1100, 1000, False), (1101, 1000, True),
     (900, 100, False), (1001, 0, True)],
)  # fmt: skip
def test_ten_percent_more_than_was_agreed_to_need_no_other_word(
    recipients: int, approved_for: int | None, needs: bool
) -> None:
    assert Notices().needs_approval(recipients, approved_for=approved_for) is needs


@ON_SQLITE
async def test_a_little_growth_goes_out(city: Core, clock: FakeClock) -> None:
    made = await approved(city, clock)
    await live_at(city, "11", chats=("110",))
    clock.shift(HOUR)
    await step(city)
    await step(city)
    assert (await state_of(city, made), len(await recipients(city, made))) == (S.RUNNING, 11)


@ON_SQLITE
async def test_what_has_grown_by_its_time_waits_and_a_button_of_before_approves_nothing(
    city: Core, clock: FakeClock
) -> None:
    made = await approved(city, clock)
    for n in (11, 12):
        await live_at(city, str(n), chats=(f"{n}0",))
    clock.shift(HOUR)
    await step(city)
    held = await city.broadcasts.get(made.number, by=VERA)
    assert (held.state, held.version, held.asked_for, held.approved_by) == (S.WAITING, 2, 12, None)
    assert await told(city, 2) == {"500": (10, True), "600": (10, False)}
    with pytest.raises(VersionChanged):
        await city.broadcasts.approve(made.number, 1, by=BORIS)
    again = await city.broadcasts.approve(made.number, 2, by=BORIS)
    assert (again.state, again.approved_for) == (S.SCHEDULED, 12)
    await step(city)
    await step(city)
    assert await state_of(city, made) == S.RUNNING


async def test_what_grows_while_it_is_frozen_rests_until_somebody_approves(
    city: Core, clock: FakeClock
) -> None:
    made = await approved(city, clock)
    clock.shift(HOUR)
    await step(city)
    assert await state_of(city, made) == S.FREEZING
    for n in (11, 12):
        await live_at(city, str(n), chats=(f"{n}0",))
    await step(city)
    held = await city.broadcasts.get(made.number, by=VERA)
    assert (held.state, held.total, held.asked_for, held.version) == (S.PAUSED, 12, 12, 2)
    assert await told(city, 2) == {"500": (10, True), "600": (10, False)}
    with pytest.raises(NeedsApproval):
        await city.broadcasts.resume(made.number, by=ANNA)
    with pytest.raises(VersionChanged):
        await city.broadcasts.approve(made.number, 1, by=BORIS)
    assert {row.state for row in (await recipients(city, made)).values()} == {NoticeState.DUE}
    goes_on = await city.broadcasts.approve(made.number, 2, by=BORIS)
    assert (goes_on.state, goes_on.approved_for, goes_on.asked_for) == (S.RUNNING, 12, None)
    await city.broadcasts.pause(made.number, by=ANNA)
    assert (await city.broadcasts.resume(made.number, by=ANNA)).state == S.RUNNING


@ON_SQLITE
async def test_what_rests_for_its_growth_can_be_cancelled_and_goes_out_by_no_retry(
    city: Core, clock: FakeClock
) -> None:
    made = await approved(city, clock)
    clock.shift(HOUR)
    await step(city)
    for n in (11, 12):
        await live_at(city, str(n), chats=(f"{n}0",))
    await step(city)
    await city.broadcasts.cancel(made.number, by=ANNA)
    for _ in range(2):
        await step(city)
    assert await state_of(city, made) == S.CANCELLED
    assert {row.state for row in (await recipients(city, made)).values()} == {NoticeState.CANCELLED}
    with pytest.raises(NeedsApproval):
        await city.broadcast_orders.retry(made.number, [BY_STAFF], by=ANNA)
    assert await state_of(city, made) == S.CANCELLED


@ON_SQLITE
async def test_what_one_person_let_and_grew_past_the_size_waits(city: Core, clock: FakeClock) -> None:
    for n in range(3, 11):
        await city.subscribers.set_reachable(Payer.telegram(n * 10), reachable=False)
    made = await drafted(city)
    begun = await city.broadcasts.start(made.number, by=ANNA, at=clock.now() + HOUR)
    assert begun.state == S.SCHEDULED
    await city.subscribers.set_reachable(Payer.telegram(3 * 10), reachable=True)
    clock.shift(HOUR)
    await step(city)
    assert await state_of(city, made) == S.WAITING
    assert await told(city, 2) == {"500": (2, True), "600": (2, False)}


@ON_SQLITE
async def test_another_time_for_what_has_grown_asks_again(city: Core, clock: FakeClock) -> None:
    made = await approved(city, clock)
    for n in (11, 12):
        await live_at(city, str(n), chats=(f"{n}0",))
    later = clock.now() + 2 * HOUR
    waits = await city.broadcasts.start(made.number, by=ANNA, at=later)
    assert (waits.state, waits.version, waits.asked_for, waits.start_at) == (S.WAITING, 2, 12, later)
    agreed = await city.broadcasts.approve(made.number, 2, by=BORIS)
    assert (agreed.state, agreed.start_at, agreed.approved_for) == (S.SCHEDULED, later, 12)


@ON_SQLITE
async def test_another_time_for_what_waits_keeps_the_number_that_was_told(
    city: Core, clock: FakeClock
) -> None:
    made = await drafted(city)
    await city.broadcasts.start(made.number, by=ANNA)
    for n in (11, 12):
        await live_at(city, str(n), chats=(f"{n}0",))
    waits = await city.broadcasts.start(made.number, by=ANNA, at=clock.now() + HOUR)
    assert waits.asked_for == 10
    await city.broadcasts.approve(made.number, 1, by=BORIS)
    clock.shift(HOUR)
    await step(city)
    assert (await city.broadcasts.get(made.number, by=VERA)).asked_for == 12


@ON_SQLITE
async def test_what_was_approved_and_cancelled_goes_on_by_a_retry(city: Core, clock: FakeClock) -> None:
    made = await approved(city, clock)
    clock.shift(HOUR)
    for _ in range(2):
        await step(city)
    await city.broadcasts.cancel(made.number, by=ANNA)
    for _ in range(2):
        await step(city)
    assert (await city.broadcast_orders.retry(made.number, [BY_STAFF], by=ANNA)).state == S.RUNNING


@ON_SQLITE
async def test_words_that_few_have_got_are_not_changed_for_the_many_that_a_retry_sends_to(
    city: Core, clock: FakeClock
) -> None:
    made = await approved(city, clock)
    clock.shift(HOUR)
    for _ in range(2):
        await step(city)
    failed = {f"{n}0": (NoticeState.FAILED, "HTTP 500") for n in range(2, 11)}
    await deliver(city, made, failed)
    await step(city)
    other = {"ru": {"telegram": "Другое", "sms": "Другое"}}
    held = await city.broadcast_orders.edit(made.number, other, by=ANNA)
    assert (held.state, held.texts) == (S.DONE, made.texts)
    agreed = await city.broadcasts.approve(made.number, 2, by=BORIS)
    assert (agreed.texts, agreed.approved_for) == (other, 10)
    await deliver_edits(city, made)
    await step(city)
    assert (await city.broadcast_orders.retry(made.number, by=ANNA)).state == S.RUNNING


async def deliver_edits(core: Core, of: Broadcast) -> None:
    await step(core)  # the edit's rows
    await deliver(core, of)
    await step(core)
