"""Wake-ups: hints that arrive at once where they can, and cost a wait where they cannot."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.messages.wakeups import LocalWakeups, RedisWakeups
from core.settings import Settings
from core.wiring import open_core
from tests.accounts import open_account
from tests.core.scenes import ON_SQLITE, card_page
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider
from tests.servers import valkey as valkey_server

NEVER = 0.05


async def test_a_hint_is_heard_once_and_kept_for_who_comes_later() -> None:
    wakeups = LocalWakeups()
    wakeups.notify({"payments", "ledger"})
    assert await wakeups.wait("payments", NEVER)
    assert not await wakeups.wait("payments", NEVER)
    assert await wakeups.wait("ledger", NEVER)


async def test_who_waits_is_woken() -> None:
    wakeups = LocalWakeups()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wakeups.wait("payments", 60))
        await asyncio.sleep(0)
        wakeups.notify(["payments"])
    assert waiting.result()


@asynccontextmanager
async def _running(*all_: RedisWakeups) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run()) for each in all_]
        yield
        for task in running:
            task.cancel()


async def _hears(one: RedisWakeups, other: RedisWakeups) -> bool:
    one.notify({"payments"})
    return await other.wait("payments", 0.2)


async def test_a_hint_crosses_processes_and_survives_an_emptied_redis(redis_url: str) -> None:
    one, other = RedisWakeups(redis_url), RedisWakeups(redis_url)
    async with _running(one, other):
        await until(lambda: _hears(one, other))
        await one._redis.flushall()
        await until(lambda: _hears(one, other))
        await until(lambda: _hears(other, one))


async def test_hints_come_back_after_a_redis_that_was_away() -> None:
    with valkey_server.started() as server:
        one, other = RedisWakeups(server.url), RedisWakeups(server.url)
        async with _running(one, other):
            await until(lambda: _hears(one, other))
            server.stop()
            one.notify({"payments"})
            assert await one.wait("payments", NEVER)  # in this process the hint goes on
            for _ in range(1000):
                one.notify({"payments", "ledger"})
            assert len(one._unsaid) <= 2  # however long it lasts
            server.start()
            await until(lambda: _hears(one, other))


@ON_SQLITE
async def test_a_commit_wakes_who_waits_for_it(settings: Settings, clock: FakeClock, redis_url: str) -> None:
    provider = FakeProvider(clock)
    with_redis = settings.model_copy(update={"redis_url": redis_url})
    async with open_core(with_redis, clock=clock, wall=clock, providers=[provider]) as core:
        await open_account(core)
        await card_page(core)
        started: Callable[[], float] = time.monotonic
        before = started()
        assert await core.wakeups.wait("payments", 30)
        assert started() - before < 5
