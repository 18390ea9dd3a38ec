"""Broadcasts as stored: one read, one locked, one moved, each with its entry in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update

from core.ids import new_id
from core.messages import outbox
from core.notice_states import BROADCAST_MOVES, BroadcastKind, BroadcastState, Reach
from core.staff_errors import UnknownBroadcast, WrongState
from core.states import Channel, Lane
from core.storage.broadcast_tables import broadcast
from core.storage.database import Transaction
from core.use_cases import audit
from core.use_cases.audiences import Audience

UNBEGUN = (BroadcastState.DRAFT, BroadcastState.WAITING, BroadcastState.SCHEDULED)
ENDED = (BroadcastState.DONE, BroadcastState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast as staff see it; `number` is what they call it."""

    id: UUID
    number: int
    title: str
    kind: BroadcastKind
    state: BroadcastState
    reach: Reach
    texts: Mapping[str, Mapping[str, str]]
    audience: Audience
    urgent: bool
    lives: timedelta
    sms_most: int | None
    version: int
    created_by: str
    written_by: str  # this version
    approved_by: str | None  # none: not this version
    approved_for: int | None  # recipients, as they were told to who approved this version
    asked_for: int | None  # recipients that a second person is asked about
    start_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    total: int  # recipients, once the audience is frozen

    @classmethod
    def of(cls, row: Any) -> "Broadcast":
        approved = row.approved_version == row.version
        return cls(
            id=row.id,
            number=row.number,
            title=row.title,
            kind=row.kind,
            state=row.state,
            reach=row.reach,
            texts=row.texts,
            audience=Audience.of(row.audience),
            urgent=row.urgent,
            lives=timedelta(seconds=row.lives_seconds),
            sms_most=row.sms_most,
            version=row.version,
            created_by=row.created_by,
            written_by=row.written_by,
            approved_by=row.approved_by if approved else None,
            approved_for=row.approved_for or 0 if approved else None,
            asked_for=row.asked_for,
            start_at=row.start_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            total=row.total,
        )


async def look(tx: Transaction, number: int) -> Any:
    """The row of a number. Raises UnknownBroadcast."""
    return _there(await tx.first(_numbered(number)), number)


async def locked(tx: Transaction, number: int) -> Any:
    """The same, and nobody moves it until this commits. Recipients may still be added to it."""
    return _there(await tx.first(_numbered(number).with_for_update(key_share=True)), number)


async def move(tx: Transaction, row: Any, to: BroadcastState, **values: Any) -> Broadcast:
    """To another state, as BROADCAST_MOVES lets. Raises WrongState."""
    if to not in BROADCAST_MOVES[row.state]:
        raise WrongState(row.number, row.state)
    return await write(tx, row, state=to, **values)


async def write(tx: Transaction, row: Any, **values: Any) -> Broadcast:
    """Other columns of a row that is locked."""
    changed = update(broadcast).where(broadcast.c.id == row.id).values(values).returning(*broadcast.c)
    tx.wake("broadcasts")
    return Broadcast.of(await tx.one(changed))


def wake_doors(tx: Transaction) -> None:
    """There are messages to many to be taken."""
    for channel in Channel:
        tx.wake(outbox.topic(channel, Lane.BULK))


async def note(
    tx: Transaction,
    row: Any,
    action: str,
    *,
    by: str,
    at: datetime,
    why: str = "",
    key: str = "",
    **facts: Any,
) -> None:
    """The entry of what staff did; the caller is alone at the audit trail."""
    await audit.record(
        tx, key=key or f"{action}:{row.id}:{new_id()}", action=action, subject=f"broadcast {row.number}",
        by=by, why=why, at=at, facts={"broadcast": str(row.id), "version": row.version, **facts},
    )  # fmt: skip


def _numbered(number: int) -> Select[Any]:
    return select(broadcast).where(broadcast.c.number == number)


def _there(row: Any, number: int) -> Any:
    if row is None:
        raise UnknownBroadcast(number)
    return row
