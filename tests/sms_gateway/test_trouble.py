"""A database that goes away in the middle of a round: nothing claimed is lost, and no room with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import NoticeId, Payer
from core.messages import outbox
from core.messages.notices import Balance, Cancelled, Notice
from core.messages.outbox import DueNotice
from core.money import Money
from core.states import Lane
from core.storage.message_tables import notice
from core.use_cases.sending import Sending
from core.wiring import Core
from tests.core.frozen_scenes import is_frozen
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE = "79141234567"
MONEY = Cancelled(number="100080", amount=Money(10_000))


class Away(Sending):
    """An outbox whose database goes away between a claim and what is asked next."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.database, core.profile, core.clock, core.wall)
        self.times = 1

    async def spend(self, costs: Sequence[tuple[DueNotice, int]]) -> set[NoticeId]:
        if self.times:
            self.times -= 1
            raise OSError("gone")
        return await super().spend(costs)


async def owe(core: Core, clock: FakeClock, said: Notice = MONEY, *, to: str = PHONE) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(to), said, key=f"k{to}", locale="ru", now=clock.now())


async def rows(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(notice).order_by(notice.c.id))


async def test_what_was_claimed_when_the_database_went_is_due_again_unmarked_and_takes_no_room(
    core: Core, clock: FakeClock
) -> None:
    session = FakeSession()
    desk = Desk(core, bind_of(session), render=lambda due: "text", sending=Away(core))
    room = desk.carriers.room(Lane.PEOPLE)
    await owe(core, clock, Balance())
    with pytest.raises(ExceptionGroup):
        await desk.delivery.run_once()
    assert desk.carriers.room(Lane.PEOPLE) == room
    # It never left: it is not held for a lease, and is not called perhaps sent.
    assert await desk.delivery.run_once() == 1
    assert [(row.state, row.repeat, row.attempt) for row in await rows(core)] == [("sent", False, 1)]


async def test_a_broadcast_is_not_uncertain_for_a_database_that_went_before_it_left(
    core: Core, clock: FakeClock
) -> None:
    await is_frozen(core, (), [PHONE], texts={"ru": {"sms": "text"}})
    desk = Desk(core, bind_of(FakeSession()), render=lambda due: "text", sending=Away(core))
    with pytest.raises(ExceptionGroup):
        await desk.delivery.run_once(Lane.BULK)
    clock.shift(timedelta(minutes=1))
    assert await desk.delivery.run_once(Lane.BULK) == 1
    assert [row.state for row in await rows(core)] == ["sent"]
