"""The inbox: an incoming message is stored before it is acknowledged; only `done` deduplicates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, tuple_, update

from core.ids import IncomingId, Payer, new_id
from core.messages import outbox
from core.messages.masking import mask_cards
from core.messages.notices import Notice
from core.states import Channel, IncomingOutcome, IncomingState, Lane
from core.storage.database import Transaction
from core.storage.message_tables import incoming, notice
from core.storage.new_rows import NewRows
from core.storage.queue import unfinished

REASON_LONGEST = 120  # letters
LEASE = timedelta(seconds=20)  # with a poll a second, all is owned again within 30
SAME_WITHIN = timedelta(seconds=60)  # of a message whose channel gives it no id
REPLY = IncomingOutcome.REPLY
# In the payload: it came by a way that vouches for the sender's number, such as a bind of the operator's own.
VOUCHED = "vouched"

_NEW = NewRows(incoming, "channel", "source", "external_id", returning="id")
_CLOSE = (
    update(incoming)
    .where(incoming.c.id == bindparam("closing"), incoming.c.state == IncomingState.NEW)
    .values(state=bindparam("as_"), outcome=bindparam("with_"), reason=bindparam("because"))
)

_FORGET_ANSWERED = (
    update(incoming)
    .where(incoming.c.id.in_(bindparam("answered", expanding=True)), incoming.c.state == IncomingState.NEW)
    .values(state=IncomingState.DONE, outcome=IncomingOutcome.ANSWERED, payload={})
)

# On PostgreSQL both at once: the round trip saved is a tenth of an SMS.
_CLOSED = (
    update(incoming)
    .where(incoming.c.id == bindparam("closing"), incoming.c.state == IncomingState.NEW)
    .values(state=IncomingState.DONE, outcome=REPLY)
    .returning(incoming.c.id)
    .cte("closed")
)
_CLOSE_WITH_REPLY = insert(notice).from_select(
    outbox.COLUMNS,
    select(*(bindparam(f"new_{name}", type_=notice.c[name].type) for name in outbox.COLUMNS)).select_from(
        _CLOSED
    ),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as a door hands it in; (channel, source, external_id) tells it from all others."""

    channel: Channel
    source: str
    external_id: str
    sender: str
    payload: dict[str, Any] = field(default_factory=dict)
    id_before: str = ""  # what another process may have stored it under, less than SAME_WITHIN ago


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored message. `fresh`: this caller is to handle it now; `done`: it was handled before."""

    id: IncomingId
    arrival: Arrival
    fresh: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The one reply to a message, which closes it."""

    answers: IncomingId
    to: Payer
    said: Notice
    locale: str


async def store(tx: Transaction, arrivals: Sequence[Arrival], *, now: datetime) -> list[Accepted]:
    """Store messages; each that is new, or was abandoned, is leased to the caller for 20 s."""
    masked = await _known_before(tx, [_masked(arrival) for arrival in arrivals], now=now)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "channel": arrival.channel,
            "source": arrival.source,
            "external_id": arrival.external_id,
            "sender": arrival.sender,
            "payload": arrival.payload,
            "state": IncomingState.NEW,
            "received_at": now,
            "attempt": 1,
            "lease_until": now + LEASE,
        }
        for arrival in masked
    ]
    # Two doors with the same messages in another order would lock each other out.
    order = sorted(range(len(rows)), key=lambda place: (masked[place].source, masked[place].external_id))
    fresh = await _NEW.add(tx, [rows[place] for place in order])
    accepted = {}
    for place in order:
        arrival, stored = masked[place], rows[place]["id"]
        accepted[place] = (
            Accepted(IncomingId(stored), arrival, fresh=True, done=False)
            if stored in fresh
            else await _again(tx, arrival, now=now)
        )
    return [accepted[place] for place in range(len(rows))]


async def forget_answered(tx: Transaction, answered: Sequence[IncomingId]) -> None:
    """Close a chat's messages and drop their words: one-time codes are typed there."""
    await tx.execute(_FORGET_ANSWERED, {"answered": list(answered)})


async def take_abandoned(tx: Transaction, channel: Channel, *, limit: int, now: datetime) -> list[Accepted]:
    """Lease messages that somebody stored and nobody finished."""
    pick = (
        select(incoming.c.id)
        .where(_abandoned(now), incoming.c.channel == channel)
        .order_by(incoming.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).cte("pick")
    rows = (
        await tx.execute(
            update(incoming)
            .where(incoming.c.id.in_(select(pick.c.id)))
            .values(lease_until=now + LEASE, attempt=incoming.c.attempt + 1)
            .returning(*incoming.c)
        )
    ).all()
    return [_accepted(row) for row in sorted(rows, key=lambda row: row.id)]


async def finish(
    tx: Transaction,
    incoming_id: IncomingId,
    *,
    outcome: IncomingOutcome,
    reason: str | None = None,
) -> bool:
    """Close a message; false where it was closed before."""
    state = IncomingState.FAILED if outcome is IncomingOutcome.FAILED else IncomingState.DONE
    because = None if reason is None else reason[:REASON_LONGEST]
    values = {"closing": incoming_id, "as_": state, "with_": outcome, "because": because}
    return (await tx.execute(_CLOSE, values)).rowcount == 1


async def forget(tx: Transaction, incoming_id: IncomingId) -> None:
    """Drop what a message said; that it came, who vouches for it and what became of it stay."""
    this = incoming.c.id == incoming_id
    said = await tx.scalar(select(incoming.c.payload).where(this))
    kept = {VOUCHED: said[VOUCHED]} if VOUCHED in said else {}  # replies are counted by it
    await tx.execute(update(incoming).where(this).values(payload=kept))


def is_vouched(payload: Mapping[str, Any]) -> bool:
    """Whether the way that a stored message came by vouches for its sender's number."""
    return payload.get(VOUCHED) is True


async def answer(
    tx: Transaction,
    incoming_id: IncomingId,
    to: Payer,
    said: Notice,
    *,
    locale: str,
    now: datetime,
) -> None:
    """Close a message with its one reply; where it was closed before, nothing is said again."""
    await answer_all(tx, [Reply(incoming_id, to, said, locale)], now=now)


async def answer_all(tx: Transaction, replies: Sequence[Reply], *, now: datetime) -> None:
    """The same for several messages: on PostgreSQL in one statement, which commits alone if it has to."""
    rows = [
        outbox.row(
            reply.to,
            reply.said,
            key=f"reply:{reply.answers}",
            locale=reply.locale,
            now=now,
            answers=reply.answers,
            edit=None,
        )
        # In one order everywhere: two that close the same messages would lock each other out.
        for reply in sorted(replies, key=lambda reply: reply.answers)
    ]
    if tx.sqlite:
        for row in rows:
            if await finish(tx, row["incoming_id"], outcome=REPLY):
                await tx.execute(insert(notice), row)
    else:
        await tx.execute(
            _CLOSE_WITH_REPLY,
            [
                {"closing": row["incoming_id"], **{f"new_{name}": value for name, value in row.items()}}
                for row in rows
            ],
        )
    for channel in {reply.to.channel for reply in replies}:
        tx.wake(outbox.topic(channel, Lane.PEOPLE))


async def _known_before(tx: Transaction, arrivals: list[Arrival], *, now: datetime) -> list[Arrival]:
    """Each under the id that it is stored under already, where that is one of the time bucket before."""
    ids = {arrival.id_before for arrival in arrivals} - {""}
    if not ids:
        return arrivals
    met = select(incoming.c.channel, incoming.c.source, incoming.c.external_id).where(
        incoming.c.channel.in_({arrival.channel for arrival in arrivals}),
        incoming.c.source.in_({arrival.source for arrival in arrivals}),
        incoming.c.external_id.in_(ids),
        incoming.c.received_at > now - SAME_WITHIN,
    )
    known = {tuple(row) for row in await tx.all(met)}
    if not known:
        return arrivals
    return [
        replace(arrival, external_id=arrival.id_before)
        if (arrival.channel, arrival.source, arrival.id_before) in known
        else arrival
        for arrival in arrivals
    ]


async def _again(tx: Transaction, arrival: Arrival, *, now: datetime) -> Accepted:
    """A message that is stored already: done, in somebody's hands, or abandoned and now ours."""
    same = tuple_(incoming.c.channel, incoming.c.source, incoming.c.external_id) == (
        tuple_(arrival.channel, arrival.source, arrival.external_id)
    )
    taken = await tx.first(
        update(incoming)
        .where(same, _abandoned(now))
        .values(lease_until=now + LEASE, attempt=incoming.c.attempt + 1)
        .returning(*incoming.c)
    )
    if taken is not None:
        return _accepted(taken)
    row = await tx.one(select(incoming.c.id, incoming.c.state).where(same))
    return Accepted(row.id, arrival, fresh=False, done=row.state != IncomingState.NEW)


def _abandoned(now: datetime) -> Any:
    return and_(unfinished(incoming), incoming.c.lease_until < now)


def _accepted(row: Any) -> Accepted:
    arrival = Arrival(row.channel, row.source, row.external_id, row.sender, row.payload)
    return Accepted(row.id, arrival, fresh=True, done=False)


def _masked(arrival: Arrival) -> Arrival:
    text, found = mask_cards(str(arrival.payload.get("text", "")))
    if not (found or _holds_card(str(arrival.payload.get("raw", "")))):
        return arrival
    payload = {**arrival.payload, "text": text, "card_masked": True}
    payload.pop("raw", None)  # the bytes hold the number too
    return replace(arrival, payload=payload)


def _holds_card(raw: str) -> bool:
    """Whether octets that are no text, in hex, hold a card number, in letters of one octet or of two."""
    return mask_cards(bytes.fromhex(raw).replace(b"\0", b"").decode("latin-1"))[1]
