"""Lines of a broadcast's report: a recipient each, page by page, or those of one account's people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from core.states import Channel, NoticeState
from core.storage.broadcast_tables import broadcast_resend
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.tables import account, account_phone, link
from core.use_cases.broadcast_orders import recipients_of

PAGE = 2000  # lines of a report read at once


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A recipient, with the whole address: for staff alone. `instead` is the SMS after a blocked bot."""

    account: str
    channel: Channel
    address: str
    locale: str
    state: NoticeState
    reason: str | None
    frozen_at: datetime
    sent_at: datetime | None
    resent: bool  # by the staff's word, after it was uncertain
    instead: NoticeState | None
    instead_to: str | None


async def page_of(
    tx: Transaction, broadcast_id: UUID, which: ColumnElement[bool], *, after: UUID | None = None
) -> list[Any]:
    later = notice.alias("later")
    resent = select(broadcast_resend.c.notice_id).where(broadcast_resend.c.notice_id == notice.c.id)
    found = (
        select(
            notice.c.id, notice.c.channel, notice.c.address, notice.c.locale, notice.c.state,
            notice.c.reason, notice.c.created_at, notice.c.sent_at, account.c.number,
            resent.exists().label("resent"), later.c.state.label("instead"),
            later.c.address.label("instead_to"),
        )
        .outerjoin(account, account.c.id == notice.c.account_id)
        .outerjoin(later, (later.c.parent_id == notice.c.id) & (later.c.template == "broadcast"))
        .where(*recipients_of(broadcast_id), which)
        .order_by(notice.c.id)
        .limit(PAGE)
    )  # fmt: skip
    if after is not None:
        found = found.where(notice.c.id > after)
    return await tx.all(found)


def to_people_of(row: Any, owner: UUID) -> ColumnElement[bool]:
    """One message a person may stand under another account of theirs."""
    if row.each_account:
        return notice.c.account_id == owner
    chats = select(link.c.address).where(
        link.c.account_id == owner, link.c.channel == Channel.TELEGRAM, link.c.ended_at.is_(None)
    )
    phones = select(account_phone.c.msisdn).where(account_phone.c.account_id == owner)
    return or_(
        notice.c.account_id == owner,
        and_(notice.c.channel == Channel.TELEGRAM, notice.c.address.in_(chats)),
        and_(notice.c.channel == Channel.SMS, notice.c.address.in_(phones)),
    )


def line_of(row: Any) -> ReportLine:
    return ReportLine(
        account=row.number or "",
        channel=row.channel,
        address=row.address,
        locale=row.locale,
        state=row.state,
        reason=row.reason,
        frozen_at=row.created_at,
        sent_at=row.sent_at,
        resent=bool(row.resent),
        instead=row.instead,
        instead_to=row.instead_to,
    )
