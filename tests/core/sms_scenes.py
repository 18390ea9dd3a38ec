"""What tests of outgoing SMS do over and over: a notice held, its trial, its parts, a receipt of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Cancelled, Notice
from core.messages.outbox import DueNotice
from core.messages.sms_trials import End, PartSent, ReceiptTold, Trial
from core.money import Money
from core.sms_states import SmsState
from core.states import Channel
from core.storage.message_tables import notice, sms_receipt, sms_submission
from core.wiring import Core

PHONE, OTHER = "79141234567", "79141234568"
MONEY = Cancelled(number="100080", amount=Money(10_000))
SENT, DELIVERED, FAILED, EXPIRED, UNKNOWN = (
    SmsState.SENT, SmsState.DELIVERED, SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN,
)  # fmt: skip
MINUTE = timedelta(minutes=1)


async def held(core: Core, said: Notice = MONEY, *, to: str = PHONE, key: str = "k") -> DueNotice:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(to), said, key=key, locale="ru", now=core.clock.now())
    (one,) = await core.sending.claim(Channel.SMS, 10)
    return one


def part(number: int, message_id: str | None, state: SmsState = SENT, *, receipt: bool = True) -> PartSent:
    return PartSent(number, state, message_id, receipt=receipt)


def trial(of: DueNotice, *parts: PartSent, end: End = End.SENT, total: int = 0, asks: bool = False) -> Trial:
    return Trial(of, "smsc", "smsc", "digest", total or len(parts), parts, end, "why", asks)


def told(*ids: str, state: SmsState = DELIVERED, phone: str = PHONE, smsc: str = "smsc") -> ReceiptTold:
    return ReceiptTold(smsc, ids, phone, state, f"{state} 000")


async def the_notice(core: Core) -> Any:
    async with core.database.read() as tx:
        return await tx.one(select(notice))


async def parts_of(core: Core) -> list[SmsState]:
    async with core.database.read() as tx:
        order = sms_submission.c.trial, sms_submission.c.part
        return [row.state for row in await tx.all(select(sms_submission).order_by(*order))]


async def kept(core: Core) -> int:
    async with core.database.read() as tx:
        return len(await tx.all(select(sms_receipt.c.id)))
