"""Long texts of which a part gets no answer: each part goes out once, and the whole ends as its parts do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Balance, Cancelled, Notice
from core.messages.sms_trials import ReceiptTold
from core.money import Money
from core.sms_states import SmsState
from core.storage.message_tables import notice, sms_submission
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.scenes import rows
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE = "79141234567"
MONEY = Cancelled(number="100080", amount=Money(10_000))
SILENCE, TAKEN = Unknown("no response"), Submitted
THREE_PARTS = "я" * 140
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)


async def owe(core: Core, said: Notice) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(PHONE), said, key="k", locale="ru", now=core.wall.now())


def desk_of(core: Core, *sessions: FakeSession) -> Desk:
    binds = [bind_of(session, called=f"smsc{place}") for place, session in enumerate(sessions, start=1)]
    return Desk(core, *binds, render=lambda due: f"again {THREE_PARTS}" if due.repeat else THREE_PARTS)


def numbers(session: FakeSession) -> list[int]:
    return [each.short_message[5] for each in session.submitted]


async def state(core: Core) -> Any:
    (row,) = await rows(core, notice)
    return row.state


async def parts(core: Core) -> list[tuple[int, str]]:
    async with core.database.read() as tx:
        found = await tx.all(select(sms_submission).order_by(sms_submission.c.trial, sms_submission.c.part))
    return [(row.part, row.state) for row in found]


async def take_receipts(core: Core, *ids: str) -> None:
    told = [ReceiptTold("smsc1", (each,), PHONE, SmsState.DELIVERED, "DELIVRD 000") for each in ids]
    await core.sms_sending.receipts.take(told)


def silent_at(*places: int) -> FakeSession:
    return FakeSession(*(SILENCE if number in places else TAKEN(f"id{number}") for number in (1, 2, 3)))


@pytest.mark.parametrize("silent", [1, 2, 3])
async def test_the_parts_behind_an_unanswered_one_go_out_and_a_late_answer_settles_the_text(
    core: Core, silent: int
) -> None:
    await owe(core, Balance())
    session = silent_at(silent)
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    assert numbers(session) == [1, 2, 3]
    assert await state(core) == "uncertain"
    assert await parts(core) == [(n, "unknown" if n == silent else "sent") for n in (1, 2, 3)]
    late = session.late[silent - 1]
    assert late is not None
    late(Submitted(f"id{silent}"))
    await desk.settling.write_late_once()
    assert await state(core) == "sent"
    await take_receipts(core, "id1", "id2", "id3")
    assert await state(core) == "delivered"


@pytest.mark.parametrize("silent", [1, 2, 3])
async def test_receipts_of_all_parts_settle_a_text_with_an_unanswered_one(
    core: Core, clock: FakeClock, silent: int
) -> None:
    await owe(core, Balance())
    await desk_of(core, silent_at(silent)).delivery.run_once()
    await take_receipts(core, "id1", "id2", "id3")  # the silent one's id was told to nobody
    assert await state(core) == "uncertain"
    clock.shift(2 * MINUTE)
    assert await core.sms_sending.receipts.match_once() == 1
    assert await state(core) == "delivered"


async def test_a_late_refusal_of_a_part_fails_the_text(core: Core) -> None:
    await owe(core, Balance())
    session = silent_at(2)
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    late = session.late[1]
    assert late is not None
    late(Refused(0x0B, retry=False))
    await desk.settling.write_late_once()
    assert await state(core) == "failed"


@pytest.mark.parametrize(
    "outcomes, first, then",
    [
        ([SILENCE, NotSent("not bound")], [1, 2], [2, 3]),
        ([TAKEN("id1"), SILENCE, NotSent("not bound")], [1, 2, 3], [3]),
        ([SILENCE, Refused(0x08, retry=True)], [1, 2], [2, 3]),
        ([SILENCE, Refused(0x58, retry=True, slow_down=True)], [1, 2], [2, 3]),
    ],
    ids=["the link is lost", "it is lost later", "refused for now", "asked for less"],
)
async def test_a_text_goes_on_behind_its_unanswered_part_and_gives_none_twice(
    core: Core, clock: FakeClock, outcomes: list[Outcome], first: list[int], then: list[int]
) -> None:
    await owe(core, Balance())
    session = FakeSession(*outcomes)
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    assert (numbers(session), await state(core)) == (first, "due")
    clock.shift(MINUTE)
    await desk.delivery.run_once()
    assert numbers(session) == first + then
    assert await state(core) == "uncertain"
    # Nothing of it is left to give.
    clock.shift(MINUTE)
    assert await desk.delivery.run_once() == 0


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


async def test_an_answer_to_a_part_that_went_on_before_counts_when_the_text_is_through(
    core: Core, clock: FakeClock
) -> None:
    await owe(core, Balance())
    session = FakeSession(SILENCE, NotSent("not bound"))
    desk = desk_of(core, session)
    await desk.delivery.run_once()
    late = session.late[0]
    assert late is not None
    late(Submitted("id1"))
    await desk.settling.write_late_once()
    assert await state(core) == "due"
    await desk.delivery.run_once()
    assert numbers(session) == [1, 2, 2, 3]
    assert await state(core) == "sent"


class Answering(FakeSession):
    """What it was silent about it answers as the next part goes out."""

    def __init__(self, answer: Outcome, *outcomes: Outcome) -> None:
        super().__init__(*outcomes)
        self.answer = answer

    async def submit(self, pdu: SubmitSm, *, until: float, on_late: OnOutcome | None = None) -> Outcome:
        outcome = await super().submit(pdu, until=until, on_late=on_late)
        before = self.late[-2:-1]
        if len(self.submitted) == 2 and before[0] is not None:
            before[0](self.answer)
        return outcome


@pytest.mark.parametrize(
    "answer, given, ends, first",
    [
        (Submitted("late1"), [1, 2, 3], "sent", "sent"),
        (Refused(0x0B, retry=False), [1, 2], "failed", "failed"),
        (NotSent("closed"), [1, 2, 3], "uncertain", "unknown"),
    ],
    ids=["taken", "refused", "nothing"],
)
async def test_an_answer_that_comes_while_the_others_go_out_is_in_time(
    core: Core, answer: Outcome, given: list[int], ends: str, first: str
) -> None:
    await owe(core, Balance())
    session = Answering(answer, SILENCE)
    await desk_of(core, session).delivery.run_once()
    assert (numbers(session), await state(core)) == (given, ends)
    assert (await parts(core))[0] == (1, first)


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


class Held(FakeSession):
    """Takes two parts, and no more until the end of this life."""

    async def submit(self, pdu: SubmitSm, *, until: float, on_late: OnOutcome | None = None) -> Outcome:
        outcome = await super().submit(pdu, until=until, on_late=on_late)
        if len(self.submitted) == 3:
            await asyncio.Event().wait()
        return outcome


async def dies_between_parts(core: Core, *outcomes: Outcome) -> FakeSession:
    session = Held(*outcomes)
    async with asyncio.TaskGroup() as tasks:
        life = tasks.create_task(desk_of(core, session).delivery.run_once())
        await until(lambda: len(session.submitted) == 3)
        life.cancel()
    return session


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


async def test_staff_settle_a_text_whose_parts_nobody_tells_of(core: Core) -> None:
    await owe(core, Balance())
    await desk_of(core, silent_at(1, 3)).delivery.run_once()
    (row,) = await rows(core, notice)
    (shown,) = (await core.sms_records.show(row.id)).sent
    assert shown.status is SmsState.UNKNOWN
    assert [(each.part, each.parts, each.state) for each in shown.submissions] == [
        (1, 3, "unknown"), (2, 3, "sent"), (3, 3, "unknown"),
    ]  # fmt: skip
