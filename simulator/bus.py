"""Tells the open demo pages what has changed: they read it again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager


class Bus:
    """Topics are "telegram:<user>", "sms:<msisdn>" and "provider"; what changed is not said."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def publish(self, topic: str) -> None:
        for listener in self._listeners:
            listener.hear(topic)

    @contextmanager
    def listen(self) -> Iterator["Listener"]:
        listener = Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        self._closed = True
        for listener in self._listeners:
            listener.close()


class Listener:
    def __init__(self) -> None:
        # A dict keeps the order and joins repeats, so that a page that reads slowly costs no memory.
        self._waiting: dict[str, None] = {}
        self._news = asyncio.Event()
        self._closed = False

    def hear(self, topic: str) -> None:
        self._waiting[topic] = None
        self._news.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def topics(self, *, idle_seconds: float) -> AsyncIterator[str | None]:
        """Topics as they change, None after each idle period, the end when the bus closes."""
        while not self._closed:
            try:
                async with asyncio.timeout(idle_seconds):
                    await self._news.wait()
            except TimeoutError:
                yield None
            self._news.clear()
            waiting, self._waiting = self._waiting, {}
            for topic in waiting:
                yield topic
