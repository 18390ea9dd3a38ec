"""Parts of long SMS until they are whole: stored before their acknowledgement, for a time, within caps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select

from core.clock import Clock
from core.ids import new_id
from core.states import Channel, IncomingOutcome, IncomingState
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming, sms_part
from core.storage.new_rows import NewRows

PARTS_LIVE = timedelta(hours=24)  # phones send the parts of one text within seconds
TEXTS_OF_A_SENDER = 16  # begun and not whole; more are no person's
TEXTS_AT_ONCE = 500  # given up by one round

_NEW = NewRows(sms_part, "key", "number", returning="number")


@dataclass(frozen=True, slots=True)
class Piece:
    """One part as it came: `number` of `total`; `payload` is what the inbox is told beside the text."""

    key: str  # of the text: who, to whom, by which SMSC, the phone's reference
    number: int
    total: int
    raw: bytes
    sender: str
    payload: dict[str, Any]


class SmsParts:
    """A text that never becomes whole ends in the inbox without its words, where staff see it."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def keep(self, piece: Piece) -> list[bytes] | None:
        """Store one part of a long SMS; all parts in order once the last has come, else None.

        The parts stay until `drop`, so a death between the last part and the message's own acceptance
        loses nothing: the SMSC sends the last part again.
        """
        key = piece.key[:160]
        mine = sms_part.c.key == key
        async with self._database.transaction() as tx:
            # Two parts at once would each miss the other, and the text would never be whole.
            await tx.alone(f"sms_part:{key}")
            if not await self._add(tx, key, piece):
                stored = await tx.scalar(
                    select(sms_part.c.raw).where(mine, sms_part.c.number == piece.number)
                )
                if stored != piece.raw:
                    # The phone's reference has come round: what lies there belongs to an older text.
                    await self._give_up(tx, [key])
                    await self._add(tx, key, piece)
            rows = await tx.all(select(sms_part.c.raw).where(mine).order_by(sms_part.c.number))
            if len(rows) == 1:
                await self._make_room(tx, piece.sender, key)
        return [row.raw for row in rows] if len(rows) == piece.total else None

    async def told(self, key: str) -> list[dict[str, Any]]:
        """What was kept beside the parts, in their order."""
        async with self._database.read() as tx:
            rows = await tx.all(
                select(sms_part.c.payload).where(sms_part.c.key == key[:160]).order_by(sms_part.c.number)
            )
        return [row.payload for row in rows]

    async def drop(self, key: str) -> None:
        """The text is whole and accepted."""
        async with self._database.transaction() as tx:
            await tx.execute(delete(sms_part).where(sms_part.c.key == key[:160]))

    async def forget_once(self) -> int:
        """Give up texts that never became whole; how many."""
        old = select(sms_part.c.key).where(sms_part.c.received_at < self._wall.now() - PARTS_LIVE).distinct()
        async with self._database.read() as tx:
            keys = [row.key for row in await tx.all(old.limit(TEXTS_AT_ONCE))]
        if keys:
            async with self._database.transaction() as tx:
                await self._give_up(tx, keys)
        return len(keys)

    async def _add(self, tx: Transaction, key: str, piece: Piece) -> bool:
        return await _NEW.add_one(
            tx,
            key=key,
            number=piece.number,
            total=piece.total,
            sender=piece.sender,
            raw=piece.raw,
            payload=piece.payload,
            received_at=self._wall.now(),
        )

    async def _make_room(self, tx: Transaction, sender: str, key: str) -> None:
        """A sender who begins texts without end gives up the oldest."""
        begun = await tx.all(
            select(sms_part.c.key, func.min(sms_part.c.received_at).label("began_at"))
            .where(sms_part.c.sender == sender, sms_part.c.key != key)
            .group_by(sms_part.c.key)
            .order_by(func.min(sms_part.c.received_at), sms_part.c.key)
        )
        more = len(begun) + 1 - TEXTS_OF_A_SENDER
        if more > 0:
            await self._give_up(tx, [row.key for row in begun[:more]])

    async def _give_up(self, tx: Transaction, keys: Sequence[str]) -> None:
        parts = await tx.all(
            select(sms_part).where(sms_part.c.key.in_(keys)).order_by(sms_part.c.number).with_for_update()
        )
        texts: dict[str, list[Any]] = {}
        for row in parts:
            texts.setdefault(row.key, []).append(row)
        if texts:
            await tx.execute(insert(incoming), [_closed(rows, self._wall.now()) for rows in texts.values()])
            await tx.execute(delete(sms_part).where(sms_part.c.key.in_(list(texts))))


def _closed(parts: Sequence[Any], now: datetime) -> dict[str, Any]:
    """The row of a text that is not whole. Its words are left out: half of a card number is not masked."""
    first = parts[0]
    came_at = min(row.received_at for row in parts)
    return {
        "id": new_id(),
        "channel": Channel.SMS,
        "source": first.payload.get("smsc", ""),
        "external_id": f"parts:{new_id()}",
        "sender": first.sender,
        "payload": {**first.payload, "text": ""},
        "state": IncomingState.DONE,
        "outcome": IncomingOutcome.INCOMPLETE,
        "reason": f"{len(parts)} of {first.total} parts came",
        "received_at": came_at,
        "attempt": 0,
        "lease_until": now,
    }
