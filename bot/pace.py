"""Before a notice is sent: Telegram's rates, for people, for bulk, and for each chat."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from core.messages.rates import LocalRates, Rates

PEOPLE_PER_SECOND = 25.0  # Telegram throttles at about 30
CHAT_PER_SECOND = 1.0
CHAT_BURST = 3.0  # short bursts into one chat pass
CHATS_REMEMBERED = 10_000
FREE_PER_SECOND = 30.0
GRANTS_A_SECOND = 20  # how often a process asks for its share of a high rate
WAITED_OUT_SECONDS = 2.0  # a longer pause: what is held goes back, and others may have it
TROUBLE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)  # Telegram is out of order: not each notice must find it out

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Bucket:
    """A token bucket: `take` tells how long to wait for the token that it hands out."""

    def __init__(self, *, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None

    def take(self, now: float) -> float:
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_second)


class Chats:
    """A bucket for each chat written to lately; the rest of a million is forgotten."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_for(self, chat: str, now: float) -> float:
        if chat not in self._buckets:
            if len(self._buckets) >= CHATS_REMEMBERED:
                self._buckets.pop(next(iter(self._buckets)))
            self._buckets[chat] = Bucket(per_second=CHAT_PER_SECOND, burst=CHAT_BURST)
        return self._buckets[chat].take(now)


class Lane:
    """When a lane goes on; in trouble that lasts it looks ever more seldom whether that is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._paused_until = 0.0
        self._troubles = 0

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def paused_for(self) -> float:
        return max(0.0, self._paused_until - self._clock())

    def in_trouble(self) -> None:
        """Of another kind than the rate: this process alone."""
        if self.paused_for() == 0:
            self.pause(TROUBLE_SECONDS[min(self._troubles, len(TROUBLE_SECONDS) - 1)])
            self._troubles += 1

    def is_well(self) -> None:
        self._troubles = 0


class Pace(Lane):
    """The people's lane: its own budget, and counted against the bulk lane's. A 429 stops the whole lane."""

    def __init__(
        self, rates: Rates | None = None, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        super().__init__(clock)
        self._sleep = sleep
        self._overall = Bucket(per_second=PEOPLE_PER_SECOND, burst=PEOPLE_PER_SECOND)
        self.chats = Chats()
        self.rates = rates or LocalRates(FREE_PER_SECOND, clock=clock)

    async def throttled(self, seconds: float) -> None:
        self.pause(seconds)
        await self.rates.throttled(seconds)

    def wait_for(self, chat: str) -> float:
        """Seconds to wait before the next message into this chat."""
        now = self._clock()
        return max(self._overall.take(now), self.chats.wait_for(chat, now))

    async def turn(self, chat: str) -> None:
        if (seconds := self.wait_for(chat)) > 0:
            await self._sleep(seconds)
        self.rates.spend()

    def bulk(self) -> "BulkPace":
        return BulkPace(self.rates, self.chats, clock=self._clock, sleep=self._sleep)


class BulkPace(Lane):
    """The bulk lane: what the rate of all processes leaves, taken in small shares, in the order asked for."""

    def __init__(self, rates: Rates, chats: Chats, *, clock: Clock, sleep: Sleep) -> None:
        super().__init__(clock)
        self._rates = rates
        self._chats = chats
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._granted = 0
        self.per_second = 1.0  # as last heard

    async def throttled(self, seconds: float) -> None:
        self._granted = 0
        self.pause(seconds)
        await self._rates.throttled(seconds)

    async def turn(self, chat: str) -> bool:
        """Wait for a place; false where the lane is paused for longer than it is worth to hold a message."""
        async with self._turn:
            while not self._granted:
                if not await self._has_more():
                    return False
            if self.paused_for() > 0:
                return False
            self._granted -= 1
        if (seconds := self._chats.wait_for(chat, self._clock())) > 0:
            await self._sleep(seconds)
        return True

    async def _has_more(self) -> bool:
        if (left := self.paused_for()) > WAITED_OUT_SECONDS:
            return False
        if left > 0:
            await self._sleep(left)
        share = await self._rates.take(max(1, math.ceil(self.per_second / GRANTS_A_SECOND)))
        self.per_second = share.rate or self.per_second
        self._granted = share.granted
        if share.paused > 0:
            self.pause(share.paused)
        elif share.wait > 0:
            await self._sleep(share.wait)
        return True
