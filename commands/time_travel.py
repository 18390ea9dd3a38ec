"""The demo's time travel: the product's clock goes on day by day, and its jobs see each of the days."""

import asyncio
from contextlib import suppress
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import MovableClock
from core.wiring import Core

SETTLE_SECONDS = 10.0  # for one day's messages to leave; what takes longer follows by itself
LOOK_AGAIN_SECONDS = 0.02
TOLD = ("notices", "provider_events")  # an open card page would keep "payments" waiting


class TimeTravel:
    def __init__(self, core: Core, clock: MovableClock) -> None:
        self.moving = False
        self.days_left = 0
        self._core = core
        self._clock = clock
        self.zone = core.profile.zone
        self._hour = time(core.profile.autopay.hour)

    @property
    def now(self) -> datetime:
        """The product's moment by the operator's wall clock."""
        return self._clock.now().astimezone(self.zone)

    async def go(self, days: int) -> None:
        """So many days ahead; warnings and charges happen on their days, one after the other."""
        assert not self.moving, "one journey at a time"
        self.moving, self.days_left = True, days
        try:
            way = stops(self.now, days, hour=self._hour, zone=self.zone)
            for stop in way:
                self._clock.shift(max(timedelta(), stop - self._clock.now()))
                await self._settled()
                self.days_left = (way[-1].date() - stop.date()).days
        finally:
            self.moving, self.days_left = False, 0

    async def _settled(self) -> None:
        """What is due now is done, and what it had to say is said."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while True:
                    if await self._is_quiet():
                        return
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _is_quiet(self) -> bool:
        jobs = self._core.jobs
        while await jobs.run_all_once():
            pass
        await jobs.rest()  # a loop may hold what this round did not see any more
        waiting = await self._core.queues.oldest()
        return all(waiting[name] is None for name in TOLD) and not await jobs.run_all_once()


def stops(now: datetime, days: int, *, hour: time, zone: ZoneInfo) -> list[datetime]:
    """The hour from which mandates are looked at on each day of the way, and the end of it.

    The last day is seen to that hour at least, or its charge would be missing from the journey.
    """
    mornings = [datetime.combine(now.date() + timedelta(n), hour, tzinfo=zone) for n in range(days + 1)]
    end = datetime.combine(mornings[-1].date(), max(now.time(), hour), tzinfo=zone)
    return [*(each for each in mornings if now < each < end), end]
