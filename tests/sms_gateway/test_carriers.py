"""By which bind a message goes out: the one it came by, else its operator's, else any that is up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.incoming import Arrival
from core.messages.notices import Cancelled, Help
from core.money import Money
from core.states import Channel, Lane
from core.storage.message_tables import notice, sms_submission
from core.wiring import Core
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.broadcast_scenes import ANNA, hire
from tests.core.frozen_scenes import is_frozen
from tests.core.scenes import rows
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MTS, BEELINE = "79147000001", "79020000001"  # by the profile's prefixes
MONEY = Cancelled(number="100080", amount=Money(10_000))


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


def desk_of(core: Core, *binds: Any) -> Desk:
    return Desk(core, *binds, render=lambda due: "text")


async def asks(core: Core, smsc: str, bind: str = "", *, phone: str = MTS) -> None:
    """A question comes in by a bind, and is answered into the outbox."""
    arrival = Arrival(
        Channel.SMS, smsc, f"{smsc}{bind}{phone}", phone, {"text": "help", "bind": bind or smsc}
    )
    (accepted,) = await core.receiving.accept([arrival])
    await core.receiving.finish(accepted.id, reply=Help(), to=Payer.sms(phone))


async def owe(core: Core, clock: FakeClock, phone: str) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(phone), MONEY, key=f"k{phone}", locale="ru", now=clock.now())


async def went_by(core: Core) -> Sequence[str]:
    async with core.database.read() as tx:
        return [row.bind for row in await tx.all(select(sms_submission.c.bind))]


async def states(core: Core) -> list[str]:
    async with core.database.read() as tx:
        return [row.state for row in await tx.all(select(notice.c.state).order_by(notice.c.id))]


async def attempts(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(notice.c.attempt))


async def test_an_answer_goes_out_by_the_bind_that_the_question_came_by(core: Core) -> None:
    one, two, other = FakeSession(), FakeSession(), FakeSession()
    desk = desk_of(
        core, bind_of(one, called="a"), bind_of(two, called="a", number=2), bind_of(other, called="b")
    )
    for bind in ("a", "a#2", "b"):
        await asks(core, bind[0], bind, phone=f"7914700000{len(bind)}{bind[0] == 'b':d}")
    await desk.delivery.run_once()
    assert sorted(await went_by(core)) == ["a", "a#2", "b"]
    assert [len(each.submitted) for each in (one, two, other)] == [1, 1, 1]


async def test_an_answer_goes_out_by_another_bind_where_its_own_is_down(core: Core) -> None:
    one, two, other = FakeSession(), FakeSession(), FakeSession()
    one.is_bound = False
    desk = desk_of(
        core, bind_of(one, called="a"), bind_of(two, called="a", number=2), bind_of(other, called="b")
    )
    await asks(core, "a")
    await desk.delivery.run_once()
    assert await went_by(core) == ["a#2"]  # of the same SMSC first
    two.is_bound = False
    await asks(core, "a", phone="79147000002")
    await desk.delivery.run_once()
    assert await went_by(core) == ["a#2", "b"]


async def test_what_stands_in_for_an_answer_goes_by_that_ones_way_and_waits_for_room_there(
    core: Core, clock: FakeClock
) -> None:
    await hire(core)
    own, operators = FakeSession(Refused(0x0B, retry=False)), FakeSession()
    desk = desk_of(core, bind_of(own, called="a"), bind_of(operators, called="mts", operator="mts"))
    await asks(core, "a")
    await desk.delivery.run_once()
    (failed,) = await rows(core, notice)
    await core.sms_resending.resend(failed.id, by=ANNA, why="call 12")
    own.paused = True
    await desk.delivery.run_once()
    assert await states(core) == ["failed", "due"]
    own.paused = False
    clock.shift(timedelta(seconds=5))
    await desk.delivery.run_once()
    assert (len(own.submitted), len(operators.submitted)) == (2, 0)
    assert await states(core) == ["failed", "sent"]


async def test_what_answers_nothing_goes_by_its_operators_bind_else_by_one_for_all(
    core: Core, clock: FakeClock
) -> None:
    mts, general = FakeSession(), FakeSession()
    desk = desk_of(core, bind_of(mts, called="mts", operator="mts"), bind_of(general, called="general"))
    await owe(core, clock, MTS)
    await owe(core, clock, BEELINE)
    await desk.delivery.run_once()
    assert [each.destination_addr for each in mts.submitted] == [MTS]
    assert [each.destination_addr for each in general.submitted] == [BEELINE]


async def test_the_register_of_numbers_says_whose_bind_it_is(
    core: Core, clock: FakeClock, tmp_path: Path
) -> None:
    file = tmp_path / "DEF-9xx.csv"
    file.write_text(
        "АВС/ DEF;От;До;Емкость;Оператор;Регион\n"
        '902;0000000;9999999;10000000;ПАО "Мобильные ТелеСистемы";Приморский край\n',
        encoding="utf-8",
    )
    await core.def_imports.run(file, valid_from=date(2026, 1, 1), by="anna", why="monthly", dry_run=False)
    mts, general = FakeSession(), FakeSession()
    desk = desk_of(core, bind_of(mts, called="mts", operator="mts"), bind_of(general, called="general"))
    for phone in (MTS, BEELINE):
        await owe(core, clock, phone)
    await desk.delivery.run_once()
    assert [each.destination_addr for each in mts.submitted] == [BEELINE]  # the prefixes say otherwise
    assert [each.destination_addr for each in general.submitted] == [MTS]


async def test_where_no_bind_is_up_nothing_is_claimed(core: Core, clock: FakeClock) -> None:
    session = FakeSession()
    session.is_bound = False
    await owe(core, clock, MTS)
    assert await desk_of(core, bind_of(session)).delivery.run_once() == 0
    assert await states(core) == ["due"]


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
