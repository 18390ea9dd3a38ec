"""Jobs: what the clock starts. Each loop is thin; its work is a use case's `…_once`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from core.ids import new_id
from core.messages.wakeups import Wakeups

AFTER_TROUBLE_SECONDS = 5.0

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

    async def run(self) -> None:
        """Run all jobs until cancelled; trouble in one is logged and it goes on."""
        async with asyncio.TaskGroup() as tasks:
            for job in self._jobs:
                tasks.create_task(self._loop(job))

    async def run_all_once(self) -> int:
        """One round of every job: tests and `aliance demo --once` settle their work by it."""
        return sum([await job.once() for job in self._jobs])

    async def _loop(self, job: Job) -> None:
        while True:
            try:
                done = await job.once()
            except Exception:
                # The one catch-all of this process's loops: the next round tries again.
                log.exception("job failed", job=job.name, incident=str(new_id()))
                await asyncio.sleep(AFTER_TROUBLE_SECONDS)
                continue
            if not done:
                await self._wakeups.wait(job.topic, job.every_seconds)
