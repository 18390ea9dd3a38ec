"""Between many messages and one statement: what comes while a batch is at work goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import DataError, DBAPIError

Item = TypeVar("Item")
Result = TypeVar("Result")


LINGER_SECONDS = 0.02  # for company, only where the batch before had some: a lone item never waits


class Batch(Generic[Item, Result]):
    """`work` takes items in one transaction, so that a batch is done whole or not at all.

    Who finds nobody at work leads: he takes along all who wait by then, and appoints the next as he ends.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._work = work
        self._is_led = False
        self._company = False
        self._waiting: list[_Waiting[Item, Result]] = []

    async def put(self, item: Item) -> Result:
        """This item's result, or what its batch failed with."""
        mine: _Waiting[Item, Result] = _Waiting(item)
        self._waiting.append(mine)
        if self._is_led:
            await self._taken_or_appointed(mine)
        if not mine.result.done():
            mine.rouse()  # a leader that is cancelled is not appointed again
            await self._lead()
        return mine.result.result()

    async def _taken_or_appointed(self, mine: "_Waiting[Item, Result]") -> None:
        try:
            await mine.wake
        except asyncio.CancelledError:
            if not mine.wake.cancelled() and not mine.result.done():
                self._appoint()
            raise

    async def _lead(self) -> None:
        self._is_led = True
        try:
            # One pass of the loop costs nothing, and lets in who was woken together with us.
            await asyncio.sleep(LINGER_SECONDS if self._company else 0)
            await self._work_off()
        finally:
            self._appoint()

    def _appoint(self) -> None:
        """The next who leads; one whose asker was cancelled is only taken along."""
        following = next((each for each in self._waiting if not each.wake.done()), None)
        self._is_led = following is not None
        if following is not None:
            following.wake.set_result(None)

    async def _work_off(self) -> None:
        batch, self._waiting = self._waiting, []
        self._company = len(batch) > 1
        try:
            await self._settle(batch)
        finally:
            # A cancelled leader must not cancel the others: their own peers try again.
            _fail([each for each in batch if not each.result.done()], ConnectionError("batch cut"))

    async def _settle(self, batch: "Sequence[_Waiting[Item, Result]]") -> None:
        try:
            results = await self._work([each.item for each in batch])
        except Exception as trouble:
            if len(batch) > 1 and is_of_one(trouble):
                for each in batch:
                    await self._settle([each])
            else:
                _fail(batch, trouble)
            return
        for each, result in zip(batch, results, strict=True):
            each.result.set_result(result)
            each.rouse()


class _Waiting(Generic[Item, Result]):
    """An item, its result, and what its asker sleeps on: the result, or being appointed."""

    __slots__ = ("item", "result", "wake")

    def __init__(self, item: Item) -> None:
        loop = asyncio.get_running_loop()
        self.item = item
        self.result: asyncio.Future[Result] = loop.create_future()
        self.wake: asyncio.Future[None] = loop.create_future()

    def rouse(self) -> None:
        if not self.wake.done():
            self.wake.set_result(None)


def is_of_one(trouble: Exception) -> bool:
    """Whether the database refused what one item brought; the others must not share its fate."""
    return isinstance(trouble, DBAPIError) and not trouble.connection_invalidated


def is_of_its_data(trouble: Exception) -> bool:
    """Whether the database refuses what was to be stored: it would however often it were asked."""
    if isinstance(trouble, DataError):
        return True
    # asyncpg's errors reach us without their kinds: class 22 of SQLSTATE is a data exception.
    code = getattr(trouble.orig, "pgcode", None) if isinstance(trouble, DBAPIError) else None
    return str(code or "").startswith("22")


def _fail(batch: "Sequence[_Waiting[Item, Result]]", trouble: Exception) -> None:
    for each in batch:
        each.result.set_exception(trouble)
        each.result.exception()  # who waits may be gone
        each.rouse()
