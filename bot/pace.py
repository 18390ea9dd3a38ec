"""Before a notice is sent: Telegram's rates, overall and for each chat."""

import asyncio
import time
from collections.abc import Callable

OVERALL_PER_SECOND = 25.0  # Telegram throttles bulk sending at about 30
CHAT_PER_SECOND = 1.0
CHAT_BURST = 3.0  # short bursts into one chat pass
CHATS_REMEMBERED = 10_000


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


class Pace:
    """One lane's budget. A 429 stops the whole lane."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._overall = Bucket(per_second=OVERALL_PER_SECOND, burst=OVERALL_PER_SECOND)
        self._chats: dict[str, Bucket] = {}
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def paused_for(self) -> float:
        return max(0.0, self._paused_until - self._clock())

    def wait_for(self, chat: str) -> float:
        """Seconds to wait before the next message into this chat."""
        if chat not in self._chats:
            if len(self._chats) >= CHATS_REMEMBERED:
                self._chats.pop(next(iter(self._chats)))
            self._chats[chat] = Bucket(per_second=CHAT_PER_SECOND, burst=CHAT_BURST)
        now = self._clock()
        return max(self._overall.take(now), self._chats[chat].take(now))

    async def turn(self, chat: str) -> None:
        if (seconds := self.wait_for(chat)) > 0:
            await asyncio.sleep(seconds)
