"""Between delivery and session: people's messages enter the window first, bulk takes what they leave."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Lanes:
    """Bulk has `places` of the window, and none of them while people's messages are under way."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._people = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def people(self) -> Iterator[None]:
        self._people += 1
        self._free.clear()
        try:
            yield
        finally:
            self._people -= 1
            if not self._people:
                self._free.set()

    @asynccontextmanager
    async def bulk(self) -> AsyncIterator[None]:
        async with self._places:
            await self._free.wait()
            yield
