"""Jobs: what the clock starts. Each loop is thin; its work is a use case's `…_once`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from core.ids import new_id
from core.messages.wakeups import Wakeups

AFTER_TROUBLE_SECONDS = 5.0
STOP_SECONDS = 12.0  # longer than a call to a provider

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """`once` does up to a batch and says how much; `topic` wakes it before `every` has passed."""

    name: str
    once: Callable[[], Awaitable[int]]
    every_seconds: float
    topic: str


class Jobs:
    def __init__(self, jobs: list[Job], wakeups: Wakeups) -> None:
        self._jobs = jobs
        self._wakeups = wakeups
        self._stopping = False
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._may_begin = asyncio.Event()
        self._may_begin.set()

    async def run(self) -> None:
        """Run all jobs until cancelled; trouble in one is logged and it goes on.

        A round that is under way when the end comes is finished: a charge cut short would be unknown.
        """
        async with asyncio.TaskGroup() as tasks:
            for job in self._jobs:
                tasks.create_task(self._loop(job))
            try:
                await asyncio.Event().wait()
            finally:
                self._stopping = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_SECONDS):
                        await self._idle.wait()

    async def run_all_once(self) -> int:
        """One round of every job."""
        return sum([await job.once() for job in self._jobs])

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """While the block runs no loop is in a round: what is due is done by the block or after it."""
        self._may_begin.clear()
        try:
            await self._idle.wait()
            yield
        finally:
            self._may_begin.set()

    async def _loop(self, job: Job) -> None:
        while not self._stopping:
            await self._may_begin.wait()
            try:
                done = await self._round(job)
            except Exception:
                # The one catch-all of this process's loops: the next round tries again.
                log.exception("job failed", job=job.name, incident=str(new_id()))
                await asyncio.sleep(AFTER_TROUBLE_SECONDS)
                continue
            if not done:
                await self._wakeups.wait(job.topic, job.every_seconds)

    async def _round(self, job: Job) -> int:
        self._at_work += 1
        self._idle.clear()
        try:
            return await job.once()
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()
