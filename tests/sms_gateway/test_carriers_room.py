"""Binds that are full, throttled or stalled: each holds up its own messages alone, and those in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.states import Lane
from core.storage.message_tables import notice
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.frozen_scenes import is_frozen
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.carrier_scenes import BEELINE, MTS, asks, desk_of, owe, states
from tests.sms_gateway.fake_binds import FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Slow(FakeSession):
    """A window that is full until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.waiting: list[str] = []

    async def submit(self, pdu: SubmitSm, *, until: float, on_late: OnOutcome | None = None) -> Outcome:
        self.waiting.append(pdu.destination_addr)
        await self.opened.wait()
        return await super().submit(pdu, until=until, on_late=on_late)


async def attempts(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(notice.c.attempt))


async def test_an_smsc_that_asks_for_less_holds_up_its_own_messages_alone_and_in_order(
    core: Core, clock: FakeClock
) -> None:
    paused, other = FakeSession(Refused(0x58, retry=True, slow_down=True)), FakeSession()
    desk = desk_of(core, bind_of(paused, called="a"), bind_of(other, called="b"))
    await asks(core, "a", phone="79147000001")
    await desk.delivery.run_once()
    paused.paused = True
    clock.shift(timedelta(seconds=1))
    await asks(core, "a", phone="79147000002")
    await asks(core, "b", phone="79147000003")
    await desk.delivery.run_once()
    assert [each.destination_addr for each in other.submitted] == ["79147000003"]
    assert await states(core) == ["due", "due", "sent"]
    paused.paused = False
    await desk.delivery.run_once()
    # The one that was refused goes before the one that came after it, and no attempt was counted.
    assert [each.destination_addr[-1] for each in paused.submitted] == ["1", "1", "2"]
    async with core.database.read() as tx:
        assert {row.attempt for row in await tx.all(select(notice.c.attempt))} == {1}


async def test_a_message_that_never_left_keeps_its_place_and_its_attempts(
    core: Core, clock: FakeClock
) -> None:
    session = FakeSession(*[NotSent("not bound")] * 20)
    delivery = desk_of(core, bind_of(session)).delivery
    await owe(core, clock, MTS)
    for _ in range(21):
        await delivery.run_once()
    assert await states(core) == ["sent"]


async def test_a_bind_has_no_more_in_hand_than_two_seconds_of_its_rate(core: Core, clock: FakeClock) -> None:
    slow = Slow()
    desk = desk_of(core, bind_of(slow, per_second=2))
    for n in range(6):
        await owe(core, clock, f"7914700000{n}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.delivery.run_once())
        await until(lambda: len(slow.waiting) == 4)
        assert desk.carriers.room(Lane.PEOPLE) == 0
        slow.opened.set()
    assert (await states(core)).count("due") == 2


async def test_people_go_before_a_broadcast_on_each_bind(core: Core, clock: FakeClock) -> None:
    phones = [f"7924000000{n}" for n in range(6)]
    await is_frozen(core, (), phones, texts={"ru": {"sms": "text"}})
    slow, quick = Slow(), FakeSession()
    desk = desk_of(core, bind_of(slow, called="a", window=4), bind_of(quick, called="b", window=4))
    await asks(core, "a")
    await asks(core, "b", phone="79147000002")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.delivery.run_once(Lane.PEOPLE))
        await until(lambda: slow.waiting == [MTS])
        tasks.create_task(desk.delivery.run_once(Lane.BULK))
        # Nobody waits at the other bind: its part of the broadcast is on its way meanwhile.
        await until(lambda: len(quick.submitted) == 4)
        assert slow.waiting == [MTS]
        slow.opened.set()
    assert quick.submitted[0].destination_addr == "79147000002"
    assert (await states(core)).count("sent") == 8


async def test_a_large_bind_that_is_stalled_does_not_hold_up_a_small_one(
    core: Core, clock: FakeClock
) -> None:
    stalled, other = Slow(), FakeSession()
    desk = desk_of(
        core, bind_of(stalled, called="a", per_second=10), bind_of(other, called="b", per_second=2)
    )
    for n in range(20):
        await asks(core, "a", phone=f"791470000{n:02}")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.delivery.run())
        await until(lambda: len(stalled.waiting) == 20)
        await asks(core, "b", phone="79147000099")
        try:
            await until(lambda: other.submitted, within=3)
        finally:
            stalled.opened.set()
            await desk.delivery.stop()
            core.wakeups.notify(["outbox.sms", "outbox.sms.bulk"])
            await running


async def test_what_answers_nothing_does_not_pile_up_before_a_bind_that_takes_nothing(
    core: Core, clock: FakeClock
) -> None:
    stalled, other = Slow(), FakeSession()
    mts, general = bind_of(stalled, called="mts", operator="mts", per_second=2), bind_of(other, called="b")
    desk = desk_of(core, mts, general)
    for n in range(20):
        await owe(core, clock, f"791470000{n:02}")
    clock.shift(timedelta(seconds=1))
    await owe(core, clock, BEELINE)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.delivery.run())

        async def gone_by_the_other() -> bool:
            return "sent" in await states(core)

        await until(gone_by_the_other)
        # A death would leave all that is in hand perhaps sent.
        assert (await states(core)).count("taken") == mts.at_once == len(stalled.waiting)
        clock.shift(timedelta(minutes=1))
        stalled.opened.set()

        async def all_sent() -> bool:
            clock.shift(timedelta(seconds=5))
            return (await states(core)).count("sent") == 21

        await until(all_sent)
        await desk.delivery.stop()
        core.wakeups.notify(["outbox.sms", "outbox.sms.bulk"])
        await running
    assert {row.attempt for row in await attempts(core)} == {1}


async def test_a_stalled_bind_holds_up_nobody_elses_message(core: Core, clock: FakeClock) -> None:
    stalled, other = Slow(), FakeSession(Submitted("1"), Submitted("2"))
    desk = desk_of(core, bind_of(stalled, called="a"), bind_of(other, called="b"))
    await asks(core, "a")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.delivery.run())
        await until(lambda: stalled.waiting)
        for n in (2, 3):
            await asks(core, "b", phone=f"7914700000{n}")

            async def gone(count: int = n) -> bool:
                return (await states(core)).count("sent") == count - 1

            await until(gone)
        stalled.opened.set()
        await desk.delivery.stop()
        core.wakeups.notify(["outbox.sms", "outbox.sms.bulk"])
        await running
    assert await states(core) == ["sent"] * 3
