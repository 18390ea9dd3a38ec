"""Broadcasts: written, approved by a second person, frozen once, stopped and ended; nothing twice."""

import pytest

from core.notice_states import BroadcastState, Reach
from core.wiring import Core
from tests.core.broadcast_scenes import ANNA, hire, live_at, recipients, started, deliver, work, state_of


@pytest.fixture(autouse=True)
async def _staff(core: Core) -> None:
    await hire(core)


async def test_everybody_is_frozen_once_and_the_end_is_noticed(core: Core) -> None:
    await live_at(core, "1", chats=("10", "11"), phones=("79140000001",))
    await live_at(core, "2", phones=("79140000002",))
    await live_at(core, "3", chats=("10",))
    made = await started(core)
    found = await recipients(core, made)
    assert sorted(found) == ["10", "11", "79140000002"]
    assert (made.state, made.total) == (BroadcastState.RUNNING, 3)
    await deliver(core, made)
    await work(core)
    assert await state_of(core, made) == BroadcastState.DONE
