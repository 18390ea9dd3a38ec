"""The client of Redis: whoever cancels a task that talks to it is heard, whenever that is."""

import asyncio

import pytest
from redis.asyncio import Redis

from core.redis_client import open_redis

MOMENTS = range(20, 160)  # steps of the event loop: from the first command under way over several


async def test_a_cancellation_is_heard_at_every_moment_of_a_command(redis_url: str) -> None:
    async with open_redis(redis_url) as client:
        asked = [await _asked_until_it_ended(client, moment) for moment in MOMENTS]
        assert asked == [1] * len(MOMENTS)
        assert await client.ping()


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_every_way_to_redis_is_cancellable(scheme: str) -> None:
    pool = open_redis(f"{scheme}://127.0.0.1/0").connection_pool
    assert pool.connection_class.__module__ == "core.redis_client"


async def _asked_until_it_ended(client: Redis, moment: int) -> int:
    """How often a task that publishes without end had to be cancelled."""
    times = 0
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_publish_for_ever(client))
        for _ in range(moment):
            await asyncio.sleep(0)
        while not task.done():
            times += 1
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
    return times


async def _publish_for_ever(client: Redis) -> None:
    while True:
        await client.publish("channel", "hint")
