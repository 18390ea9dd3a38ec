"""Texts with an unanswered part, told again: when, by which SMSC, and where a repeat goes on or ends."""

from __future__ import annotations

import pytest

from core.messages.notices import Balance, Notice
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Submitted
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import FakeSession
from tests.sms_gateway.unanswered_scenes import (
    MINUTE,
    MONEY,
    SILENCE,
    TAKEN,
    desk_of,
    dies_between_parts,
    numbers,
    owe,
    parts,
    silent_at,
    state,
    take_receipts,
)

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("late_at_once"),
]


async def test_money_is_told_again_marked_once_all_its_parts_went_out(core: Core, clock: FakeClock) -> None:
    await owe(core, MONEY)
    session = FakeSession(SILENCE, NotSent("not bound"))
    desk = desk_of(core, session)
    for _ in range(3):
        await desk.delivery.run_once()
        clock.shift(MINUTE)
    assert numbers(session) == [1, 2, 2, 3, 1, 2, 3]
    # The phone has parts of the first text: those of the second are none of its.
    references = [each.short_message[3] for each in session.submitted]
    assert len(set(references[:4])) == len(set(references[4:])) == 1
    assert references[0] != references[4]
    assert await state(core) == "sent"


async def test_money_of_which_every_part_turns_out_to_be_taken_is_not_told_again(
    core: Core, clock: FakeClock
) -> None:
    await owe(core, MONEY)
    session = silent_at(2)
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    assert await state(core) == "due"
    late = session.late[1]
    assert late is not None
    late(Submitted("id2"))
    await desk.settling.write_late_once()
    clock.shift(MINUTE)
    assert await desk.delivery.run_once() == 0
    assert await state(core) == "sent"


@pytest.mark.parametrize(
    "said, ends, by_the_other",
    [(Balance(), "uncertain", []), (MONEY, "sent", [1, 2, 3])],
    ids=["no", "money"],
)
async def test_what_one_smsc_may_have_is_not_begun_anew_at_another_unless_it_is_marked(
    core: Core, clock: FakeClock, said: Notice, ends: str, by_the_other: list[int]
) -> None:
    await owe(core, said)
    one, other = FakeSession(SILENCE, NotSent("not bound")), FakeSession()
    desk = desk_of(core, one, other)
    other.is_bound = False
    await desk.delivery.run_once()
    one.is_bound, other.is_bound = False, True
    for _ in range(2):
        clock.shift(MINUTE)
        await desk.delivery.run_once()
    assert (numbers(one), numbers(other)) == ([1, 2], by_the_other)
    assert await state(core) == ends


@pytest.mark.parametrize("said", [Balance(), MONEY], ids=["a balance", "money"])
async def test_a_life_that_dies_between_parts_leaves_a_text_that_the_next_one_sends_whole_and_marked(
    core: Core, clock: FakeClock, said: Notice
) -> None:
    await owe(core, said)
    first = await dies_between_parts(core)
    assert await parts(core) == []
    clock.shift(MINUTE)
    second = FakeSession()
    await desk_of(core, second).delivery.run_once()
    assert numbers(second) == [1, 2, 3]
    texts = [each.short_message[6:].decode("utf-16-be") for each in second.submitted]
    assert texts[0].startswith("again")
    assert second.submitted[0].short_message[3] != first.submitted[0].short_message[3]
    assert await state(core) == "sent"


async def test_a_marked_text_goes_on_after_a_death_with_what_is_missing_of_it(
    core: Core, clock: FakeClock
) -> None:
    await owe(core, MONEY)
    await dies_between_parts(core)
    lives = [
        FakeSession(TAKEN("id1"), NotSent("not bound")),
        FakeSession(NotSent("not bound")),
        FakeSession(),
    ]
    for session in lives:
        clock.shift(MINUTE)
        await desk_of(core, session).delivery.run_once()
    assert [numbers(session) for session in lives] == [[1, 2], [2], [2, 3]]
    assert await state(core) == "sent"


async def test_a_marked_text_that_no_answer_comes_to_is_given_up(core: Core, clock: FakeClock) -> None:
    await owe(core, MONEY)
    in_vain: list[Outcome] = [SILENCE, SILENCE, NotSent("too late")]
    session = FakeSession(*in_vain * 40)
    desk = desk_of(core, session)
    given = []
    for _ in range(40):
        before = len(session.submitted)
        await desk.delivery.run_once()
        given.append(len(session.submitted) - before)
        clock.shift(MINUTE)
    assert await state(core) == "uncertain"
    assert given[0]
    assert not given[-1]


async def test_a_marked_text_that_is_stopped_each_time_goes_on_where_it_was_stopped(
    core: Core, clock: FakeClock
) -> None:
    await owe(core, MONEY)
    await dies_between_parts(core)
    in_vain: list[Outcome] = [SILENCE, SILENCE, NotSent("too late")]
    given = []
    for _ in range(3):
        clock.shift(MINUTE)
        session = FakeSession(*in_vain)
        await desk_of(core, session).delivery.run_once()
        given.append(numbers(session))
    # Whole once, though unanswered; then, as any marked text that no answer came to, from its beginning.
    assert given == [[1, 2, 3], [3], [1, 2, 3]]


@pytest.mark.parametrize(
    "outcomes",
    [[TAKEN("x1"), NotSent("not bound")], [SILENCE, NotSent("not bound")]],
    ids=["taken", "unanswered"],
)
async def test_a_repeat_that_is_half_out_ends_where_the_first_text_turns_out_to_be_taken(
    core: Core, clock: FakeClock, outcomes: list[Outcome]
) -> None:
    await owe(core, MONEY)
    session = FakeSession(SILENCE, TAKEN("id2"), TAKEN("id3"), *outcomes)
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    clock.shift(MINUTE)
    await desk.delivery.run_once()
    assert await state(core) == "due"
    late = session.late[0]
    assert late is not None
    late(Submitted("id1"))
    await desk.settling.write_late_once()
    assert await state(core) == "sent"
    before = len(session.submitted)
    clock.shift(MINUTE)
    assert await desk.delivery.run_once() == 0
    assert len(session.submitted) == before
    await take_receipts(core, "id1", "id2", "id3")
    assert await state(core) == "delivered"
