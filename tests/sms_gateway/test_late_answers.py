"""Answers that come after their time: each is written down, however many come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import OperationalError

from core.messages.sms_trials import PartTold
from core.sms_states import SmsState
from core.states import Channel
from core.use_cases.sms_queries import SmsQueries
from core.use_cases.sms_receipts import SmsReceipts
from core.wiring import Core
from sms_gateway.outcomes import Submitted
from sms_gateway.settling import Settling
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import FakeSession, bind_of
from tests.sms_gateway.test_delivery import owe

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Written(SmsReceipts):
    """What is settled, and a database that is away at first for as often as a test says."""

    def __init__(self, core: Core, *, away: int = 0) -> None:
        super().__init__(core.database, core.wall)
        self.told: list[PartTold] = []
        self.away = away

    async def settle(self, told: Sequence[PartTold]) -> None:
        if self.away:
            self.away -= 1
            raise OperationalError("update", {}, OSError("gone"), connection_invalidated=True)
        self.told += told


async def are_late(core: Core, clock: FakeClock, receipts: Written, count: int) -> None:
    settling = Settling(receipts, SmsQueries(core.database, core.wall))
    await owe(core, clock)
    (notice,) = await core.sending.claim(Channel.SMS, 1)
    tell = settling.late_of(bind_of(FakeSession()), notice)
    for part in range(1, count + 1):
        tell(part, Submitted(f"id{part}"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(settling.run([]))
        await until(lambda: len(receipts.told) == count, within=2)
        running.cancel()


async def test_a_window_of_late_answers_is_written_before_its_texts_go_again(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.2)
    receipts = Written(core)
    await are_late(core, clock, receipts, 50)
    assert {each.state for each in receipts.told} == {SmsState.SENT}


async def test_a_late_answer_outlasts_a_database_that_is_away(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)
    monkeypatch.setattr("sms_gateway.settling.AGAIN_SECONDS", 0.0)
    receipts = Written(core, away=3)
    await are_late(core, clock, receipts, 1)
