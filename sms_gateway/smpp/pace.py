"""How fast we may send: the last gate before a submit_sm, passed in order also after a pause."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import suppress

BURST_SECONDS = 0.05  # unused allowance that may be spent at once; keeps the rate true despite coarse timers


class _Waiter:
    __slots__ = ("called", "ticket")

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket
        self.called = asyncio.Event()

    def __lt__(self, other: _Waiter) -> bool:
        return self.ticket < other.ticket


class Pace:
    """A token bucket of monotonic time. `pause` holds everybody back, as a throttling SMSC asks."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = 0.0
        self._paused_until = 0.0
        self._tickets = 0
        self._waiting: list[_Waiter] = []

    def ticket(self) -> int:
        """A place in the line; who comes again with it is before all who came later."""
        self._tickets += 1
        return self._tickets

    async def wait(self, ticket: int) -> None:
        if not self._waiting and self._left() <= 0:
            self._pass()
            return
        mine = _Waiter(ticket)
        heapq.heappush(self._waiting, mine)
        try:
            # Looked at again after each sleep: somebody earlier may have come, or a pause begun.
            while True:
                mine.called.clear()
                if self._waiting[0] is not mine:
                    await mine.called.wait()
                elif (left := self._left()) > 0:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(left):
                            await mine.called.wait()
                else:
                    break
            self._pass()
        finally:
            self._leave(mine)

    @property
    def paused(self) -> bool:
        return self._paused_until > asyncio.get_running_loop().time()

    @property
    def paused_seconds(self) -> float:
        return max(0.0, self._paused_until - asyncio.get_running_loop().time())

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def _left(self) -> float:
        return max(self._next, self._paused_until) - asyncio.get_running_loop().time()

    def _pass(self) -> None:
        self._next = max(self._next, asyncio.get_running_loop().time() - BURST_SECONDS) + self._interval

    def _leave(self, waiter: _Waiter) -> None:
        if self._waiting[0] is waiter:
            heapq.heappop(self._waiting)
        else:
            self._waiting.remove(waiter)
            heapq.heapify(self._waiting)
        if self._waiting:
            self._waiting[0].called.set()
