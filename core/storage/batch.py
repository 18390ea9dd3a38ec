"""Between many messages and one statement: what comes while a batch is at work goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import DBAPIError

Item = TypeVar("Item")
Result = TypeVar("Result")


LINGER_SECONDS = 0.02  # for company, only where the batch before had some: a lone item never waits


class Batch(Generic[Item, Result]):
    """`work` takes items in one transaction, so that a batch is done whole or not at all."""

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._company = False
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []

    async def put(self, item: Item) -> Result:
        """This item's result, or what its batch failed with."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        async with self._turn:
            if not result.done():  # else an earlier one has taken it along
                # One pass of the loop costs nothing, and lets in who was woken together with us.
                await asyncio.sleep(LINGER_SECONDS if self._company else 0)
                await self._work_off()
        return result.result()

    async def _work_off(self) -> None:
        batch, self._waiting = self._waiting, []
        self._company = len(batch) > 1
        try:
            await self._settle(batch)
        finally:
            # A cancelled leader must not cancel the others: their own peers try again.
            _fail([each for each in batch if not each[1].done()], ConnectionError("batch cut"))

    async def _settle(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as trouble:
            if len(batch) > 1 and _is_of_one(trouble):
                for each in batch:
                    await self._settle([each])
            else:
                _fail(batch, trouble)
            return
        for (_, waiting), result in zip(batch, results, strict=True):
            waiting.set_result(result)


def _is_of_one(trouble: Exception) -> bool:
    """Whether the database refused what one item brought; the others must not share its fate."""
    return isinstance(trouble, DBAPIError) and not trouble.connection_invalidated


def _fail(batch: Sequence[tuple[Any, asyncio.Future[Any]]], trouble: Exception) -> None:
    for _, waiting in batch:
        waiting.set_exception(trouble)
        waiting.exception()  # who waits may be gone
