"""Queues: how long the oldest unfinished row of each has been waiting."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, func, select

from core.clock import Clock
from core.profile import Profile
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
    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    async def oldest(self) -> dict[str, timedelta | None]:
        """The age of the oldest unfinished row of each queue; None where nothing waits.

        By night what may not go out then is not waiting.
        """
        now, local = self._wall.now(), self._clock.now().astimezone(self._profile.zone)
        by_day = [~notice.c.quiet] if self._profile.notices.is_quiet(local.hour) else []
        async with self._database.read() as tx:
            return {
                name: None if since is None else max(timedelta(), now - since)
                for name, at in _BEGUN.items()
                for since in [await tx.scalar(_oldest(at, by_day if name == "notices" else []))]
            }


def _oldest(at: Column[Any], conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return select(func.min(at)).where(unfinished(at.table), *conditions)
