"""One person's messages one at a time, in order; between processes as well."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot import lock
from bot.lock import SharedLocks, UserLocks
from core.redis_client import open_redis
from tests.deadlines import until


async def test_the_order_of_coming_is_the_order_of_turns() -> None:
    locks, turns = UserLocks(), []

    async def take(number: int) -> None:
        async with locks.hold("7"):
            await asyncio.sleep(0)
            turns.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(take(number))
    assert turns == list(range(20))


async def test_two_people_do_not_wait_for_each_other() -> None:
    locks = UserLocks()
    async with locks.hold("7"), asyncio.timeout(1), locks.hold("8"):
        assert len(locks) == 2


async def test_nothing_is_left_of_a_lock_that_nobody_holds() -> None:
    locks = UserLocks()
    with pytest.raises(RuntimeError):
        async with locks.hold("7"):
            raise RuntimeError
    assert len(locks) == 0


async def test_nothing_is_left_of_a_wait_that_was_cancelled() -> None:
    locks = UserLocks()

    async def wait() -> None:
        async with locks.hold("7"):
            raise AssertionError("not while it is held")

    async with locks.hold("7"):
        waiting = asyncio.gather(wait())
        await until(lambda: locks._queues["7"].people == 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert len(locks) == 0


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    opened = open_redis(redis_url)
    yield opened
    await opened.aclose()


async def test_two_processes_take_turns(redis: Redis) -> None:
    one, other, inside = UserLocks(SharedLocks(redis)), UserLocks(SharedLocks(redis)), []

    async def take(locks: UserLocks) -> None:
        async with locks.hold("7"):
            inside.append("in")
            assert inside.count("in") - inside.count("out") == 1
            await asyncio.sleep(0.01)
            inside.append("out")

    async with asyncio.TaskGroup() as group:
        for locks in (one, other, one, other):
            group.create_task(take(locks))
    assert inside.count("out") == 4


async def test_a_lock_of_a_dead_process_runs_out(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    await redis.set("aliance:lock:telegram:7", "of-a-dead-process", px=50)
    async with asyncio.timeout(5), SharedLocks(redis).hold("7"):
        assert await redis.get("aliance:lock:telegram:7") != b"of-a-dead-process"


async def test_a_held_lock_is_renewed_and_a_lost_one_is_not(redis: Redis) -> None:
    locks = SharedLocks(redis)
    async with locks.hold("7"), locks.hold("8"):
        await redis.pexpire("aliance:lock:telegram:7", 1000)
        await redis.set("aliance:lock:telegram:8", "of-another", px=1000)
        assert await locks.renew_once() == 2
        assert await redis.pttl("aliance:lock:telegram:7") > 5000
        assert await redis.pttl("aliance:lock:telegram:8") <= 1000
    assert await redis.get("aliance:lock:telegram:7") is None
    assert await redis.get("aliance:lock:telegram:8") == b"of-another"


async def test_renewal_goes_on_by_itself(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.01)
    locks = SharedLocks(redis)
    async with locks.hold("7"), asyncio.TaskGroup() as group:
        running = group.create_task(locks.run())
        await redis.pexpire("aliance:lock:telegram:7", 2000)

        async def renewed() -> bool:
            return int(await redis.pttl("aliance:lock:telegram:7")) > 5000

        await until(renewed)
        running.cancel()


async def test_without_redis_work_goes_on() -> None:
    redis = open_redis("redis://127.0.0.1:1")
    locks = SharedLocks(redis)
    async with asyncio.timeout(10), locks.hold("7"):
        locks._held["key"] = "token"
        assert await locks.renew_once() == 1
        await locks._release("key", "token")
    await redis.aclose()
