"""Between many updates and one commit: what comes while a batch is at work goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


LINGER_SECONDS = 0.02  # for company, only where the batch before had some: a lone item never waits


class Batch(Generic[Item, Result]):
    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._company = False
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []

    async def put(self, item: Item) -> Result:
        """This item's result; the trouble of a batch is the trouble of each item in it."""
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
            results = await self._work([item for item, _ in batch])
        except BaseException as trouble:
            for _, waiting in batch:
                # A cancelled leader must not cancel the others: their own peers try again.
                waiting.set_exception(
                    trouble if isinstance(trouble, Exception) else ConnectionError("batch cut")
                )
                waiting.exception()
            raise
        for (_, waiting), result in zip(batch, results, strict=True):
            waiting.set_result(result)
