"""Wake-ups: hints that work has come, in process or through Redis. Losing one costs a second at most."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from redis.exceptions import RedisError

from core.redis_client import open_redis

REDIS_CHANNEL = "aliance:wake"
RECONNECT_SECONDS = 1.0


class Wakeups(Protocol):
    def notify(self, topics: Iterable[str]) -> None: ...

    async def wait(self, topic: str, timeout: float) -> bool:
        """Return at the next notification of `topic` (true), or after `timeout` seconds."""
        ...

    async def run(self) -> None:
        """Whatever the transport needs while the process lives."""
        ...


class LocalWakeups:
    """Events of one process. A notification with nobody waiting is kept for the next who waits."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def notify(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._events[topic].set()

    async def wait(self, topic: str, timeout: float) -> bool:
        event = self._events[topic]
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True

    async def run(self) -> None:
        await asyncio.Event().wait()


class RedisWakeups:
    """The same between processes: published on one channel, heard by each process once."""

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url, decode_responses=True)
        self._local = LocalWakeups()
        self._unsaid: set[str] = set()  # a topic once, however long Redis is away
        self._said = asyncio.Event()

    def notify(self, topics: Iterable[str]) -> None:
        topics = set(topics)
        self._local.notify(topics)
        self._unsaid |= topics
        self._said.set()

    async def wait(self, topic: str, timeout: float) -> bool:
        return await self._local.wait(topic, timeout)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish())
                tasks.create_task(self._listen())
        finally:
            await self._redis.aclose()

    async def _publish(self) -> None:
        while True:
            await self._said.wait()
            self._said.clear()
            topics, self._unsaid = self._unsaid, set()
            try:
                for topic in topics:
                    await self._redis.publish(REDIS_CHANNEL, topic)
            except (RedisError, OSError):
                # A lost hint: who waits polls every second anyway.
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(REDIS_CHANNEL)
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._local.notify([message["data"]])
            except (RedisError, OSError):
                await asyncio.sleep(RECONNECT_SECONDS)
