"""A text of three parts at an SMSC that is silent about some of them, and what is known of each."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Cancelled, Notice
from core.messages.sms_trials import ReceiptTold
from core.money import Money
from core.sms_states import SmsState
from core.storage.message_tables import notice, sms_submission
from core.wiring import Core
from sms_gateway.outcomes import Outcome, Submitted, Unknown
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import OnOutcome
from tests.core.scenes import rows
from tests.deadlines import until
from tests.sms_gateway.fake_binds import Desk, FakeSession, bind_of

PHONE = "79141234567"
MONEY = Cancelled(number="100080", amount=Money(10_000))
SILENCE, TAKEN = Unknown("no response"), Submitted
THREE_PARTS = "я" * 140
MINUTE = timedelta(minutes=1)


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
