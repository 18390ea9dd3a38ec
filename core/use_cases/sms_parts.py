"""Parts of long SMS until they are whole: stored before their acknowledgement, for a time, within caps."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, tuple_

from core.clock import Clock
from core.ids import new_id
from core.states import Channel, IncomingOutcome, IncomingState
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming, sms_part, sms_part_joined
from core.use_cases.sms_part_meeting import (
    MARK,
    PARTS_LIVE,
    Fate,
    in_doubt,
    mark_of,
    marked,
    meet,
    newest,
    only_repeats,
    unmarked,
)

WHOLE_LIVE = timedelta(days=2)  # SMSCs give again for no longer
DOUBT_LIVES = timedelta(hours=1)  # a whole text that may be of two; some SMSCs give again nothing
TEXTS_OF_A_SENDER = 16  # begun and not whole; more are no person's
PARTS_OF_A_SENDER = 64  # of these texts
MOST_PARTS = 10_000  # of all senders: some megabytes
TEXTS_AT_ONCE = 500  # given up by one round

# What is whole waits for its last part to come again and be accepted: it is no text that was only begun.
_IS_BEGUN = func.count() < func.max(sms_part.c.total)
_HAS_A_MARK = func.count(sms_part.c.payload[MARK].as_string()) > 0

log = structlog.get_logger()


class ComeAgain(Exception):
    """The part is not acknowledged: it may be given again later."""


class TooManyParts(ComeAgain):
    """So many lie here that this one was not stored."""


class InDoubt(ComeAgain):
    """It made a text whole that may be of two, or met a whole one: a moment later more is known."""


class Whole(NamedTuple):
    """The parts of a text in their order, what was kept beside each, and when the first of them came.

    All of it stays the same until `drop`, whenever and wherever the last part comes again.
    """

    octets: list[bytes]
    told: list[dict[str, Any]]
    came_at: datetime


class Lying(NamedTuple):
    """A row of sms_part, as far as what is not stored yet has it."""

    number: int
    raw: bytes
    payload: dict[str, Any]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """One part as it came: `number` of `total`; `payload` is what the inbox is told beside the text.

    By an `id` in the payload a repeat is known for certain. Where it is the SMSC's own (`tells`), a part with
    another one is another part; a relay gives another one also to what its SMSC gives it a second time.
    """

    key: str  # of the text: who, to whom, by which SMSC, the phone's reference
    number: int
    total: int
    raw: bytes
    sender: str
    payload: dict[str, Any]
    tells: bool = False


class SmsParts:
    """A text that never becomes whole ends in the inbox without its words, where staff see it."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall
        self._is_full = False

    async def keep(self, piece: Piece) -> Whole | None:
        """Store one part of a long SMS; the whole text once the last has come, else None.

        The parts stay until `drop`, so a death between the last part and the message's own acceptance
        loses nothing: the SMSC sends the last part again. Raises ComeAgain.
        """
        key, now = piece.key[:160], self._wall.now()
        async with self._database.transaction() as tx:
            # Two parts at once would each miss the other, and the text would never be whole. One that makes
            # room gives up other texts of its sender: two of these would wait for each other.
            await tx.alone(f"sms_part:{piece.sender}")
            again, surely = await self._was_joined(tx, key, piece)
            if surely:
                return None
            rows = await _lying(tx, key)
            if rows and newest(rows) < now - PARTS_LIVE and _is_of_another_text(piece, rows):
                await self._give_up(tx, [key])
                rows = []
            fate, mark = meet(piece.number, piece.raw, piece.total, rows, again=again, now=now)
            if fate is Fate.REFUSED:
                raise InDoubt
            if fate in (Fate.KEPT, Fate.INSTEAD, Fate.ALONE):
                beside = marked(piece.payload, mark, again)
                rows = await self._put(tx, key, replace(piece, payload=beside), fate, rows)
        if fate is Fate.PASSED or len(rows) < piece.total:
            return None
        if in_doubt(rows, now):
            raise InDoubt
        came_at = min(row.received_at for row in rows)
        return Whole([row.raw for row in rows], [unmarked(row.payload) for row in rows], came_at)

    async def drop(self, piece: Piece, parts: Sequence[bytes]) -> None:
        """The text that it made whole, of these parts, is accepted: they go, and are known for a time."""
        key, now = piece.key[:160], self._wall.now()
        async with self._database.transaction() as tx:
            await tx.alone(f"sms_part:{piece.sender}")
            stored = await tx.all(select(sms_part).where(sms_part.c.key == key))
            # Who dropped them before may have let the next text of this reference begin.
            mine = [row for row in stored if row.number <= len(parts) and row.raw == parts[row.number - 1]]
            if not mine:
                return
            met = [(row.number, each) for row in mine for each in _digests(row.raw, row.payload)]
            # Those that an older text had are this one's from now on.
            older = tuple_(sms_part_joined.c.number, sms_part_joined.c.digest).in_(met)
            await tx.execute(delete(sms_part_joined).where(sms_part_joined.c.key == key, older))
            known = [
                {"key": key, "number": number, "digest": digest, "joined_at": now} for number, digest in met
            ]
            await tx.execute(insert(sms_part_joined), known)
            gone = sms_part.c.number.in_([row.number for row in mine])
            await tx.execute(delete(sms_part).where(sms_part.c.key == key, gone))

    async def forget_once(self) -> int:
        """Give up texts that never became whole, and forget what was joined; how many."""
        before = self._wall.now() - PARTS_LIVE
        newest_at = func.max(sms_part.c.received_at)
        in_vain = or_(newest_at < before - WHOLE_LIVE, and_(_HAS_A_MARK, newest_at < before - DOUBT_LIVES))
        old = (
            select(sms_part.c.key)
            .group_by(sms_part.c.key)
            .having(newest_at < before, or_(_IS_BEGUN, in_vain))
        )
        joined = sms_part_joined.c.joined_at < before
        async with self._database.read() as tx:
            keys = [row.key for row in await tx.all(old.limit(TEXTS_AT_ONCE))]
            met = await tx.scalar(select(sms_part_joined.c.number).where(joined).limit(1))
        if keys or met:
            async with self._database.transaction() as tx:
                await self._give_up(tx, keys, before=before)
                await tx.execute(delete(sms_part_joined).where(joined))
        return len(keys)

    async def _was_joined(self, tx: Transaction, key: str, piece: Piece) -> tuple[datetime | None, bool]:
        """When a text with it was joined; and whether this is its part for certain, given again."""
        by_octets, *by_id = _digests(piece.raw, piece.payload)
        met = select(sms_part_joined.c.digest, sms_part_joined.c.joined_at).where(
            sms_part_joined.c.key == key,
            sms_part_joined.c.number == piece.number,
            sms_part_joined.c.digest.in_([by_octets, *by_id]),
            sms_part_joined.c.joined_at > self._wall.now() - PARTS_LIVE,
        )
        found = {row.digest: row.joined_at for row in await tx.all(met)}
        return None if piece.tells else found.get(by_octets), not found.keys().isdisjoint(by_id)

    async def _put(
        self, tx: Transaction, key: str, piece: Piece, fate: Fate, rows: Sequence[Any]
    ) -> list[Any]:
        """Store it; what lies here then."""
        if fate is Fate.ALONE:
            await self._give_up(tx, [key])
            rows = []
        elif fate is Fate.INSTEAD:
            await tx.execute(delete(sms_part).where(sms_part.c.key == key, sms_part.c.number == piece.number))
            rows = [row for row in rows if row.number != piece.number]
        elif len(rows) + 1 < piece.total:  # the last one lets all its text leave
            await self._admit(tx)
            await self._make_room(tx, piece.sender, key)
        new = Lying(piece.number, piece.raw, piece.payload, self._wall.now())
        await tx.execute(
            insert(sms_part).values(key=key, total=piece.total, sender=piece.sender, **new._asdict())
        )
        return sorted([*rows, new], key=lambda row: row.number)

    async def _admit(self, tx: Transaction) -> None:
        count = await tx.scalar(select(func.count()).select_from(sms_part))
        was_full, self._is_full = self._is_full, count >= MOST_PARTS
        if self._is_full:
            if not was_full:
                log.error("too many parts of long sms", parts=count)
            raise TooManyParts

    async def _make_room(self, tx: Transaction, sender: str, key: str) -> None:
        """A sender who begins texts without end gives up the oldest."""
        begun = await tx.all(
            select(sms_part.c.key, func.count().label("parts"))
            .where(sms_part.c.sender == sender)
            .group_by(sms_part.c.key)
            .having(_IS_BEGUN)
            .order_by(func.min(sms_part.c.received_at), sms_part.c.key)
        )
        texts = len({key, *(row.key for row in begun)})
        parts = 1 + sum(row.parts for row in begun)
        gone = []
        for row in begun:
            if texts <= TEXTS_OF_A_SENDER and parts <= PARTS_OF_A_SENDER:
                break
            gone.append(row.key)
            texts, parts = texts - 1, parts - row.parts
        if gone:
            await self._give_up(tx, gone)

    async def _give_up(self, tx: Transaction, keys: Sequence[str], *, before: datetime | None = None) -> None:
        """Close these texts, but for repeats; `before` leaves alone what came later, and is of a new one."""
        which: list[ColumnElement[bool]] = [sms_part.c.key.in_(keys)]
        if before is not None:
            which.append(sms_part.c.received_at < before)
        parts = await tx.all(select(sms_part).where(*which).order_by(sms_part.c.number).with_for_update())
        texts: dict[str, list[Any]] = {}
        for row in parts:
            texts.setdefault(row.key, []).append(row)
        closed = [_closed(rows, self._wall.now()) for rows in texts.values() if not only_repeats(rows)]
        if closed:
            await tx.execute(insert(incoming), closed)
        if texts:
            await tx.execute(delete(sms_part).where(*which))


async def _lying(tx: Transaction, key: str) -> list[Any]:
    of_text = select(sms_part).where(sms_part.c.key == key).order_by(sms_part.c.number)
    return await tx.all(of_text.with_for_update())


def _is_of_another_text(piece: Piece, rows: Sequence[Any]) -> bool:
    """Whether this one is of another text than those of some time ago; what is whole waits to be accepted."""
    other = any(row.number == piece.number and row.raw != piece.raw for row in rows)
    return other or len(rows) < piece.total


def _digests(raw: bytes, payload: Mapping[str, Any]) -> list[str]:
    """Of a part's octets, and of its id if it has one."""
    said = [raw] + ([b"id " + str(payload["id"]).encode()] if "id" in payload else [])
    return [hashlib.sha256(each).hexdigest() for each in said]


def _closed(parts: Sequence[Any], now: datetime) -> dict[str, Any]:
    """The row of a text that is not whole. Its words are left out: half of a card number is not masked."""
    first = parts[0]
    came_at = min(row.received_at for row in parts)
    reason = f"{len(parts)} of {first.total} parts came"
    if len(parts) == first.total and any(map(mark_of, parts)):
        reason += ", perhaps not of one text"
    return {
        "id": new_id(),
        "channel": Channel.SMS,
        "source": first.payload.get("smsc", ""),
        "external_id": f"parts:{new_id()}",
        "sender": first.sender,
        "payload": {**unmarked(first.payload), "text": ""},
        "state": IncomingState.DONE,
        "outcome": IncomingOutcome.INCOMPLETE,
        "reason": reason,
        "received_at": came_at,
        "attempt": 0,
        "lease_until": now,
    }
