"""Queues: how long the oldest unfinished row of each has been waiting."""

from datetime import timedelta

from sqlalchemy import func, select

from core.clock import Clock
from core.storage.database import Database
from core.storage.message_tables import incoming, notice
from core.storage.queue import unfinished
from core.storage.tables import payment, provider_event

_BEGUN = {
    "incoming": incoming.c.received_at,
    "notices": notice.c.created_at,
    "payments": payment.c.created_at,
    "provider_events": provider_event.c.received_at,
}


class Queues:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def oldest(self) -> dict[str, timedelta | None]:
        """The age of the oldest unfinished row of each queue; None where nothing waits."""
        now = self._clock.now()
        async with self._database.read() as tx:
            return {
                name: None if since is None else max(timedelta(), now - since)
                for name, at in _BEGUN.items()
                for since in [await tx.scalar(select(func.min(at)).where(unfinished(at.table)))]
            }
