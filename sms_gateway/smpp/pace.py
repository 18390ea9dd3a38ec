"""How fast we may send: the last gate before a submit_sm enters the window."""

from __future__ import annotations

import asyncio

BURST_SECONDS = 0.05  # unused allowance that may be spent at once; keeps the rate true despite coarse timers


class Pace:
    """A token bucket of monotonic time. `pause` holds everybody back, as a throttling SMSC asks."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = 0.0
        self._paused_until = 0.0

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._next = max(self._next, loop.time() - BURST_SECONDS) + self._interval
        mine = self._next - self._interval
        while True:
            # Looked at again after each sleep: a pause may have begun meanwhile.
            left = max(mine, self._paused_until) - loop.time()
            if left <= 0:
                return
            await asyncio.sleep(left)

    @property
    def paused(self) -> bool:
        return self._paused_until > asyncio.get_running_loop().time()

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)
