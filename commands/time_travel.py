"""The demo's time travel: the product's clock goes on day by day, and its jobs see each of the days."""

import asyncio
from datetime import datetime, time, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from core.clock import MovableClock
from core.wiring import Core

SETTLE_SECONDS = 10.0  # for one day's messages to leave; what takes longer follows by itself
STUCK_SECONDS = 0.5  # and once something does, the other days do not wait for it
LOOK_AGAIN_SECONDS = 0.01
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
            way, patience = stops(self.now, days, hour=self._hour, zone=self.zone), SETTLE_SECONDS
            async with self._core.jobs.held():
                for stop in way:
                    self._clock.shift(max(timedelta(), stop - self._clock.now()))
                    if not await self._settled(within=patience):
                        patience = STUCK_SECONDS
                    self.days_left = (way[-1].date() - stop.date()).days
        finally:
            self.moving, self.days_left = False, 0

    async def _settled(self, *, within: float) -> bool:
        """Whether what is due now is done, and what it had to say is said; no round is cut short."""
        late = monotonic() + within
        while True:
            if await self._is_quiet():
                return True
            if monotonic() > late:
                return False
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _is_quiet(self) -> bool:
        if await self._core.jobs.run_all_once():
            return False
        waiting = await self._core.queues.oldest()
        return all(waiting[name] is None for name in TOLD)


def stops(now: datetime, days: int, *, hour: time, zone: ZoneInfo) -> list[datetime]:
    """The hour from which mandates are looked at on each day of the way, and the end of it.

    The last day is seen to that hour at least, or its charge would be missing from the journey.
    """
    mornings = [datetime.combine(now.date() + timedelta(n), hour, tzinfo=zone) for n in range(days + 1)]
    end = datetime.combine(mornings[-1].date(), max(now.time(), hour), tzinfo=zone)
    return [*(each for each in mornings if now < each < end), end]
