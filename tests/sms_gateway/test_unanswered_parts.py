"""Long texts of which a part gets no answer: each part goes out once, and the whole ends as its parts do."""

from __future__ import annotations

import pytest

from core.messages.notices import Balance
from core.sms_states import SmsState
from core.storage.message_tables import notice
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.scenes import rows
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import FakeSession
from tests.sms_gateway.unanswered_scenes import (
    MINUTE,
    SILENCE,
    TAKEN,
    desk_of,
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


async def test_staff_settle_a_text_whose_parts_nobody_tells_of(core: Core) -> None:
    await owe(core, Balance())
    await desk_of(core, silent_at(1, 3)).delivery.run_once()
    (row,) = await rows(core, notice)
    (shown,) = (await core.sms_records.show(row.id)).sent
    assert shown.status is SmsState.UNKNOWN
    assert [(each.part, each.parts, each.state) for each in shown.submissions] == [
        (1, 3, "unknown"), (2, 3, "sent"), (3, 3, "unknown"),
    ]  # fmt: skip
