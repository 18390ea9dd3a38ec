"""Parts that no receipt came for: which of them are asked after by query_sm, and when again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text, update

from core.clock import Clock
from core.ids import NoticeId
from core.storage.database import Database
from core.storage.message_tables import sms_submission

# After the first time; SMSCs keep messages up to three days, and forget them soon after.
AGAIN = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=2))

_PART = sms_submission.c


@dataclass(frozen=True, slots=True)
class PartAsked:
    notice_id: NoticeId
    trial: UUID
    part: int
    smsc: str
    message_id: str


class SmsQueries:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def due(self, smscs: Sequence[str], n: int) -> list[PartAsked]:
        """Up to `n` parts to ask after now, at these SMSCs; nobody else asks after them meanwhile."""
        now = self._wall.now()
        waits = text("ask_at IS NOT NULL"), _PART.ask_at <= now, _PART.smsc.in_(smscs)
        async with self._database.read() as tx:
            if await tx.scalar(select(_PART.notice_id).where(*waits).limit(1)) is None:
                return []
        async with self._database.transaction() as tx:
            pick = select(sms_submission).where(*waits).order_by(_PART.ask_at).limit(n)
            rows = await tx.all(pick.with_for_update(skip_locked=True))
            for row in rows:
                again = now + AGAIN[row.asked] if row.asked < len(AGAIN) else None
                mine = (
                    _PART.notice_id == row.notice_id,
                    _PART.trial == row.trial,
                    _PART.part == row.part,
                )
                await tx.execute(
                    update(sms_submission).where(*mine).values(ask_at=again, asked=row.asked + 1)
                )
        return [
            PartAsked(row.notice_id, row.trial, row.part, row.smsc, row.message_id)
            for row in rows
            if row.message_id is not None
        ]
