"""Work that goes on beside the requests (deliveries, callbacks) and ends with the simulator."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


class Background:
    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def open_background() -> AsyncIterator[Background]:
    """What fails in the body comes out as it is; what fails in the background, as a group."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        background = Background(group)
        try:
            yield background
        except Exception as raised:
            failure = raised
        finally:
            background.cancel()
    if failure is not None:
        raise failure
