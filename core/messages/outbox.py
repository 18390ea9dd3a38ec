"""The outbox: notices stored in the transaction that makes them true, claimed by each channel's delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, or_, update

from core.ids import IncomingId, NoticeId, Payer, new_id
from core.messages.notices import Notice
from core.states import Channel, Lane, NoticeState
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows
from core.storage.queue import claim as claim_rows

LEASE = timedelta(seconds=20)  # with a poll a second, all is owned again within 30

COLUMNS = (
    "id", "dedupe_key", "incoming_id", "channel", "address", "template", "locale", "params", "edit",
    "lane", "state", "repeat", "created_at", "next_at", "expires_at",
)  # fmt: skip
_NEW = NewRows(notice, "dedupe_key", returning="id")


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice that one delivery holds until its lease runs out."""

    id: NoticeId
    lease: UUID
    channel: Channel
    address: str
    template: str
    locale: str
    params: dict[str, Any]
    attempt: int  # 1 at the first sending
    edit: str | None
    repeat: bool
    incoming_id: IncomingId | None


async def add(
    tx: Transaction,
    to: Payer,
    said: Notice,
    *,
    key: str,
    locale: str,
    now: datetime,
    answers: IncomingId | None = None,
    edit: str | None = None,
) -> NoticeId | None:
    """Store a notice once a key; None where the key is there already."""
    values = row(to, said, key=key, locale=locale, now=now, answers=answers, edit=edit)
    if not await _NEW.add_one(tx, **values):
        return None
    tx.wake(f"outbox.{to.channel}")
    return NoticeId(values["id"])


def row(
    to: Payer,
    said: Notice,
    *,
    key: str,
    locale: str,
    now: datetime,
    answers: IncomingId | None,
    edit: str | None,
) -> dict[str, Any]:
    """A notice as it is stored: COLUMNS and their values."""
    return {
        "id": new_id(),
        "dedupe_key": key,
        "incoming_id": answers,
        "channel": to.channel,
        "address": to.address,
        "template": said.template,
        "locale": locale,
        "params": said.params(),
        "edit": edit,
        "lane": said.lane,
        "state": NoticeState.DUE,
        "repeat": False,
        "created_at": now,
        "next_at": now,
        "expires_at": None if said.lives is None else now + said.lives,
    }


async def claim(tx: Transaction, channel: Channel, *, limit: int, now: datetime) -> list[DueNotice]:
    """Take up to `limit` due notices of a channel, people's lane first.

    A row whose lease ran out was perhaps sent by whoever died: it comes back with `repeat` set.
    """
    due = and_(
        notice.c.channel == channel,
        or_(
            and_(notice.c.state == NoticeState.DUE, notice.c.next_at <= now),
            and_(notice.c.state == NoticeState.TAKEN, notice.c.lease_until < now),
        ),
    )
    rows = await claim_rows(
        tx,
        notice,
        due,
        order=notice.c.next_at,
        limit=limit,
        now=now,
        lease=LEASE,
        repeat=case((notice.c.state == NoticeState.TAKEN, True), else_=notice.c.repeat),
        state=NoticeState.TAKEN,
        attempt=notice.c.attempt + 1,
    )
    rows = sorted(rows, key=lambda row: row.lane != Lane.PEOPLE)
    return [
        DueNotice(
            id=row.id,
            lease=row.lease,
            channel=row.channel,
            address=row.address,
            template=row.template,
            locale=row.locale,
            params=row.params,
            attempt=row.attempt,
            edit=row.edit,
            repeat=row.repeat,
            incoming_id=row.incoming_id,
        )
        for row in rows
    ]


async def settle(tx: Transaction, held: Sequence[DueNotice], state: NoticeState, **values: Any) -> None:
    """Write the outcome of notices that share it, by (id, lease): who lost the lease writes nothing."""
    if not held:
        return
    await tx.execute(
        update(notice)
        .where(
            notice.c.id.in_([each.id for each in held]),
            notice.c.lease.in_({each.lease for each in held}),
            notice.c.state == NoticeState.TAKEN,
        )
        .values(state=state, lease=None, lease_until=None, **values)
    )
