"""Between who submits and an SMSC: a window, a pace, and a pause for as long as the SMSC asks for less."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from sms_gateway.outcomes import NotSent, Outcome, Refused
from sms_gateway.smpp.link import Patience
from sms_gateway.smpp.pace import Pace

MOST_DOUBLINGS = 16
JITTER = 1.5  # times as long at most: who was throttled together does not come back together
LEAST_ANSWER_SECONDS = 1.0
MOST_BEYOND_SECONDS = 5.0  # of the six that a lease has left when the last part may go out

log = structlog.get_logger(__name__)


class Gate:
    """`empty` where nothing is under way."""

    def __init__(self, name: str, *, window: int, per_second: float, patience: Patience) -> None:
        self._name = name
        self._patience = patience
        self._window = asyncio.Semaphore(window)
        self._pace = Pace(per_second)
        self._slowed_in_a_row = 0
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def paused(self) -> bool:
        return self._pace.paused

    async def empty(self) -> None:
        await self._empty.wait()

    async def through(self, send: Callable[[], Awaitable[Outcome]], *, until: float) -> Outcome:
        """Send one message; where the SMSC asks for less it keeps its place, and goes again first.

        `until` (the loop's time) it may begin; NotSent, or the SMSC's last word, where that is too late.
        """
        try:
            async with asyncio.timeout_at(until):
                await self._window.acquire()
        except TimeoutError:
            return NotSent("held too long")
        self._count(1)
        try:
            return await self._send(send, until)
        finally:
            self._count(-1)
            self._window.release()

    async def turn(self) -> None:
        """For what is no message, and counts against the pace all the same."""
        await self._pace.wait(self._pace.ticket())

    def answer_within(self, until: float) -> float:
        """So many seconds an answer is waited for.

        In time to write down that none came, before somebody else takes the message up.
        """
        response = self._patience.response_seconds
        left = until + min(response / 2, MOST_BEYOND_SECONDS) - asyncio.get_running_loop().time()
        return max(min(left, response), LEAST_ANSWER_SECONDS)

    async def _send(self, send: Callable[[], Awaitable[Outcome]], until: float) -> Outcome:
        loop = asyncio.get_running_loop()
        ticket = self._pace.ticket()
        outcome: Outcome = NotSent("held too long")
        while loop.time() + self._pace.paused_seconds <= until:
            await self._pace.wait(ticket)
            outcome = await send()
            if not (isinstance(outcome, Refused) and outcome.slow_down):
                self._slowed_in_a_row = 0
                break
            self._slow_down()
        return outcome

    def _slow_down(self) -> None:
        if self._pace.paused:
            return  # the rest of the same window: one request to slow down, not ten
        self._slowed_in_a_row += 1
        doublings = min(self._slowed_in_a_row - 1, MOST_DOUBLINGS)
        longest = self._patience.throttled_most_seconds
        seconds = min(self._patience.throttled_first_seconds * 2**doublings, longest)
        self._pace.pause(seconds * random.uniform(1, JITTER))
        log.warning("smsc asks for less", smsc=self._name, in_a_row=self._slowed_in_a_row)

    def _count(self, more: int) -> None:
        self._inside += more
        if self._inside:
            self._empty.clear()
        else:
            self._empty.set()
