"""The outbox: notices stored in the transaction that makes them true, claimed by each channel's delivery."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from core.ids import AccountId, IncomingId, NoticeId, Payer, new_id
from core.messages.notices import Notice
from core.states import Channel, Lane, NoticeState
from core.storage.database import Transaction
from core.storage.message_tables import incoming, notice
from core.storage.new_rows import NewRows
from core.storage.queue import claim as claim_rows

LEASE = timedelta(seconds=20)  # with a poll a second, all is owned again within 30

COLUMNS = (
    "id", "dedupe_key", "incoming_id", "channel", "address", "template", "locale", "params", "edit",
    "lane", "state", "repeat", "created_at", "next_at", "expires_at", "account_id", "quiet",
)  # fmt: skip
_NEW = NewRows(notice, "dedupe_key", returning="id")
HELD = tuple(
    notice.c[name]
    for name in (
        "id", "lease", "channel", "address", "template", "locale", "params", "attempt", "edit", "repeat",
        "incoming_id", "lane", "account_id", "broadcast_id", "parent_id", "reason", "expires_at",
    )
)  # fmt: skip


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
    lane: Lane = Lane.PEOPLE
    account_id: AccountId | None = None
    broadcast_id: UUID | None = None
    parent_id: NoticeId | None = None
    reason: str | None = None  # why it was not sent before
    expires_at: datetime | None = None
    smsc: str | None = None  # by which the SMS came that it answers, and by which of its binds
    bind: str | None = None


def topic(channel: Channel, lane: Lane) -> str:
    """What a lane's delivery waits for."""
    return f"outbox.{channel}" if lane == Lane.PEOPLE else f"outbox.{channel}.{lane}"


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
    account_id: AccountId | None = None,
    by_clock: bool = False,
) -> NoticeId | None:
    """Store a notice once a key; None where the key is there already.

    `by_clock`: nobody waits for it, and many may come at once, so it goes after what people wait for.
    """
    values = row(
        to, said, key=key, locale=locale, now=now, answers=answers, edit=edit,
        account_id=account_id, by_clock=by_clock,
    )  # fmt: skip
    if not await _NEW.add_one(tx, **values):
        return None
    tx.wake(topic(to.channel, values["lane"]))
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
    account_id: AccountId | None = None,
    by_clock: bool = False,
) -> dict[str, Any]:
    """A notice as it is stored: COLUMNS and their values."""
    asked_for = answers is not None or edit is not None  # somebody looks at the screen, or waits for the SMS
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
        "lane": Lane.PEOPLE if asked_for else Lane.BULK if by_clock else said.lane,
        "state": NoticeState.DUE,
        "repeat": False,
        "created_at": now,
        "next_at": now,
        "expires_at": None if said.lives is None else now + said.lives,
        "account_id": account_id,
        "quiet": said.quiet and not asked_for,
    }


async def claim(
    tx: Transaction, channel: Channel, *, limit: int, now: datetime, avoid: Collection[str] = ()
) -> list[DueNotice]:
    """Take up to `limit` due notices of a channel's lane for people, no answers to what came by `avoid`.

    A row whose lease ran out was perhaps sent by whoever died: it comes back with `repeat` set.
    """
    due = and_(
        notice.c.channel == channel,
        notice.c.lane == Lane.PEOPLE,
        or_(
            and_(notice.c.state == NoticeState.DUE, notice.c.next_at <= now),
            and_(notice.c.state == NoticeState.TAKEN, notice.c.lease_until < now),
        ),
    )
    if avoid:
        came_by = exists().where(incoming.c.id == notice.c.incoming_id, incoming.c.source.in_(avoid))
        due = and_(due, ~came_by)
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
    held = [held_of(row) for row in rows]
    return await _with_their_ways(tx, held) if channel == Channel.SMS else held


async def _with_their_ways(tx: Transaction, held: Sequence[DueNotice]) -> list[DueNotice]:
    """An answer goes out where the question came in, and so does what staff send in the place of one."""
    answered = {each.id: each.incoming_id for each in held if each.incoming_id is not None}
    answered |= await _answered_before(tx, held)
    if not answered:
        return list(held)
    came = select(incoming.c.id, incoming.c.source, incoming.c.payload["bind"].as_string().label("bind"))
    ways = {row.id: row for row in await tx.all(came.where(incoming.c.id.in_(set(answered.values()))))}
    return [
        replace(each, smsc=ways[answered[each.id]].source, bind=ways[answered[each.id]].bind)
        if each.id in answered
        else each
        for each in held
    ]


async def _answered_before(tx: Transaction, held: Sequence[DueNotice]) -> dict[NoticeId, IncomingId]:
    """What those answer in whose place these stand, however often they were sent again."""
    found: dict[NoticeId, IncomingId] = {}
    asked = {each.id: each.parent_id for each in held if each.incoming_id is None and each.parent_id}
    while asked:
        stood = select(notice.c.id, notice.c.incoming_id, notice.c.parent_id)
        mine = notice.c.id.in_(set(asked.values())), notice.c.channel == Channel.SMS
        rows = {row.id: row for row in await tx.all(stood.where(*mine))}
        before = {each: rows[parent] for each, parent in asked.items() if parent in rows}
        found |= {each: row.incoming_id for each, row in before.items() if row.incoming_id is not None}
        asked = {
            each: row.parent_id for each, row in before.items() if row.incoming_id is None and row.parent_id
        }
    return found


def held_of(row: Any) -> DueNotice:
    """A notice as its delivery sees it, of a row of HELD."""
    return DueNotice(*(getattr(row, column.name) for column in HELD))


async def settle(tx: Transaction, held: Sequence[DueNotice], state: NoticeState, **values: Any) -> int:
    """Write the outcome of notices that share it, by (id, lease): who lost the lease writes nothing.

    How many were still held.
    """
    if not held:
        return 0
    settled = await tx.execute(
        update(notice)
        .where(
            notice.c.id.in_([each.id for each in held]),
            notice.c.lease.in_({each.lease for each in held}),
            notice.c.state == NoticeState.TAKEN,
        )
        .values(state=state, lease=None, lease_until=None, **values)
    )
    return settled.rowcount


async def mark_sent(tx: Transaction, sent: Sequence[tuple[DueNotice, str | None]], now: datetime) -> None:
    """Each with the channel's own id, by which a receipt finds it."""
    if tx.sqlite:
        rows = [{"key": each.id, "held": each.lease, "said": said} for each, said in sent]
        await tx.execute(_SENT_EACH, [row | {"now": now} for row in rows])
        return
    arrays = {
        "keys": [each.id for each, _ in sent],
        "leases": [each.lease for each, _ in sent],
        "said": [said for _, said in sent],
    }
    await tx.execute(_SENT_TOGETHER, arrays | {"now": now})


def _sent_where(key: ColumnElement[Any], lease: ColumnElement[Any], said: ColumnElement[Any]) -> Update:
    return (
        update(notice)
        .where(notice.c.id == key, notice.c.lease == lease, notice.c.state == NoticeState.TAKEN)
        .values(
            state=NoticeState.SENT,
            lease=None,
            lease_until=None,
            provider_id=said,
            sent_at=bindparam("now", type_=notice.c.sent_at.type),
        )
    )


_SENT_EACH = _sent_where(
    bindparam("key", type_=Uuid()), bindparam("held", type_=Uuid()), bindparam("said", type_=String())
)
# A batch in one statement costs PostgreSQL half of what a statement a row does.
_SAID = (
    func.unnest(
        bindparam("keys", type_=ARRAY(Uuid())),
        bindparam("leases", type_=ARRAY(Uuid())),
        bindparam("said", type_=ARRAY(String())),
    )
    .table_valued("key", "held", "said", name="of", joins_implicitly=True)
    .render_derived()
)
_SENT_TOGETHER = _sent_where(_SAID.c.key, _SAID.c.held, _SAID.c.said)
