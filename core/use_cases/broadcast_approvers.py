"""Who may approve a broadcast that waits, told in Telegram in the transaction that lets it wait."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import addressed
from core.messages.staff_notices import BroadcastWaits
from core.notice_states import BroadcastState, Role
from core.profile import Profile
from core.states import Channel
from core.storage.database import Transaction
from core.use_cases import broadcast_rows
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.staff import Member, able
from core.use_cases.subscribers import locale_of

log = structlog.get_logger()


async def tell(
    tx: Transaction, row: Any, recipients: int, profile: Profile, now: datetime, *, edit: Any = None
) -> None:
    """Once a version each, but for who wrote it; `edit` is the order that waits, where one does."""
    version, by, what = (row.version, row.written_by, row.id) if edit is None else _of(edit)
    said = BroadcastWaits(row.number, version, row.title, by, recipients, edit=edit is not None)
    own = {by} if edit is not None else {row.created_by, by}
    for member in await able(tx, Role.APPROVER):
        if member.name not in own:
            await _say(tx, member, said, f"waits:{what}:{version}", profile, now)


async def outgrown(
    tx: Transaction,
    row: Any,
    recipients: int,
    profile: Profile,
    now: datetime,
    *,
    to: BroadcastState,
    **values: Any,
) -> Broadcast:
    """Let it wait for another word: of another version, so that no button of before approves it.

    Who may approve is told, and who wrote it.
    """
    before = Broadcast.of(row)
    let = profile.notices.approve_above if before.approved_for is None else before.approved_for
    grown = await broadcast_rows.move(
        tx, row, to, version=row.version + 1, asked_for=recipients, approved_by=None, **values
    )
    log.warning("a broadcast has grown: a second person has to approve", broadcast=row.number)
    said = BroadcastWaits(row.number, grown.version, row.title, row.written_by, recipients, outgrew=let)
    own = {row.created_by, row.written_by}
    for member in await able(tx, Role.SENDER):
        if member.name in own or member.may(Role.APPROVER):
            told = replace(said, own=member.name in own)
            await _say(tx, member, told, f"waits:{row.id}:{grown.version}", profile, now)
    return grown


async def _say(
    tx: Transaction, member: Member, said: BroadcastWaits, key: str, profile: Profile, now: datetime
) -> None:
    if member.telegram is None:
        return
    to = Payer(Channel.TELEGRAM, member.telegram)
    locale = await locale_of(tx, to, profile)
    await outbox.add(tx, to, said, key=addressed(to, key), locale=locale, now=now)


def _of(order: Any) -> tuple[int, str, UUID]:
    return order.version, order.by, order.id
