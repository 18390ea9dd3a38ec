"""A broadcast by SMS: people's messages first, within its budget, and nobody skipped."""

import asyncio
from datetime import timedelta

import pytest

from core.notice_states import Reach
from core.states import Lane, NoticeState
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.sms.texts import Texts
from sms_gateway.delivery import Delivery
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.frozen_scenes import is_frozen, lives_here, outcomes
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of
from tests.sms_gateway.test_delivery import owe

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONES = [f"7924000000{n}" for n in range(6)]
SENT, FAILED, UNCERTAIN = NoticeState.SENT, NoticeState.FAILED, NoticeState.UNCERTAIN


def delivery_of(core: Core, session: FakeSession) -> Delivery:
    texts = Texts(core.profile, Catalogues(core.profile.zone))
    return Desk(core, bind_of(session, window=4), render=texts.render).delivery


class SlowSession(FakeSession):
    """A window that is full until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.waiting: list[str] = []

    async def submit(self, pdu: SubmitSm, *, until: float, on_late: OnOutcome | None = None) -> Outcome:
        self.waiting.append(pdu.destination_addr)
        await self.opened.wait()
        return await super().submit(pdu, until=until, on_late=on_late)


async def test_a_broadcast_goes_out_with_facts_and_without_markup(core: Core) -> None:
    one = await lives_here(core, "100080", phones=[PHONES[0]])
    await is_frozen(core, (), [PHONES[0]], accounts=[one], reach=Reach.SMS)
    session = FakeSession()
    assert await delivery_of(core, session).run_once(Lane.BULK) == 1
    (submitted,) = session.submitted
    assert submitted.short_message.decode("utf-16-be") == "Авария: Анна <Ли>, до вечера нет связи."
    assert await outcomes(core) == {PHONES[0]: (SENT, None)}


async def test_outcomes_are_told_apart_and_nobody_is_skipped(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, (), PHONES, texts={"ru": {"sms": "text"}})
    session = FakeSession(
        Submitted("1"), NotSent("not bound"), Unknown("no response"), Refused(0x0B, retry=False)
    )
    delivery = delivery_of(core, session)
    await delivery.run_once(Lane.BULK)
    clock.shift(timedelta(seconds=3))
    await delivery.run_once(Lane.BULK)
    states = [state for state, _ in (await outcomes(core)).values()]
    assert sorted(states) == sorted([SENT] * 4 + [UNCERTAIN, FAILED])
    assert len(session.submitted) == len(PHONES) + 1


async def test_a_reply_enters_a_window_before_a_broadcast(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, (), PHONES, texts={"ru": {"sms": "text"}})
    session = SlowSession()
    delivery = delivery_of(core, session)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(delivery.run_once(Lane.BULK))
        await until(lambda: len(session.waiting) == 2)  # its places of the window
        await owe(core, clock)
        tasks.create_task(delivery.run_once(Lane.PEOPLE))
        await until(lambda: "79141234567" in session.waiting)
        session.opened.set()
    assert session.waiting[2] == "79141234567"
    assert len(session.submitted) == len(PHONES) + 1


async def test_what_a_broadcast_may_cost_is_not_overspent(core: Core) -> None:
    await is_frozen(core, (), PHONES, texts={"ru": {"sms": "я" * 71}}, sms_most=7)
    session = FakeSession()
    await delivery_of(core, session).run_once(Lane.BULK)
    assert len(session.submitted) == 6
    assert sorted((await outcomes(core)).values(), key=str).count((FAILED, "sms budget")) == 3
