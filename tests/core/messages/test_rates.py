"""The rate of all processes: used up, never overshot, lower after a 429, and safe without Redis."""

import time
from collections.abc import AsyncIterator, Iterator

import pytest

from core.messages.rates import AWAY_SECONDS, BURST_SECONDS, LocalRates, Rates, RedisRates
from tests.bot.test_pace import Seconds
from tests.deadlines import until
from tests.servers import valkey
from tests.servers.valkey import Valkey


@pytest.fixture
def server() -> Iterator[Valkey]:
    """A Redis that a test may stop."""
    with valkey.started() as one:
        yield one


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[tuple[RedisRates, RedisRates]]:
    """Two processes."""
    both = RedisRates(redis_url, "test", 1000.0), RedisRates(redis_url, "test", 1000.0)
    yield both
    for each in both:
        await each.close()


async def used(rates: Rates, seconds: Seconds, *, for_seconds: float) -> int:
    """As many as may go in that time, by somebody who always wants more."""
    sent, end = 0, seconds.now + for_seconds
    while seconds.now < end:
        share = await rates.take(2)
        sent += share.granted
        await seconds.sleep(share.wait)
    return sent


async def test_a_start_is_no_burst() -> None:
    rates = LocalRates(30.0, clock=Seconds())
    assert (await rates.take(30)).granted == 0


async def test_idle_time_is_not_saved_up() -> None:
    seconds = Seconds()
    rates = LocalRates(30.0, first=30.0, clock=seconds)
    seconds.now = 3600.0
    assert (await rates.take(1000)).granted == int(30 * BURST_SECONDS)


async def test_it_begins_at_25_and_rises_to_30_within_a_minute() -> None:
    seconds = Seconds()
    rates = LocalRates(30.0, clock=seconds)
    assert await used(rates, seconds, for_seconds=9.9) == pytest.approx(25 * 9.9, abs=2)
    await used(rates, seconds, for_seconds=50)
    assert await used(rates, seconds, for_seconds=100) == pytest.approx(3000, abs=8)


async def test_a_429_stops_all_and_then_slows_them() -> None:
    seconds = Seconds()
    rates = LocalRates(30.0, first=30.0, clock=seconds)
    await used(rates, seconds, for_seconds=5)
    for _ in range(5):  # what was under way with it
        await rates.throttled(30)
    share = await rates.take(1)
    assert (share.granted, share.paused) == (0, 30)
    seconds.now += 30
    assert await used(rates, seconds, for_seconds=9.9) == pytest.approx(24 * 9.9, abs=2)
    assert await used(rates, seconds, for_seconds=30) < 30 * 30
    await used(rates, seconds, for_seconds=60)
    assert await used(rates, seconds, for_seconds=10) == pytest.approx(300, abs=3)


async def test_storms_never_lower_it_to_nothing() -> None:
    seconds = Seconds()
    rates = LocalRates(30.0, clock=seconds)
    for _ in range(50):
        await rates.throttled(1)
        seconds.now += 1
    assert await used(rates, seconds, for_seconds=9) >= 8


async def test_two_processes_share_one_rate(shared: tuple[RedisRates, RedisRates]) -> None:
    began, sent = time.monotonic(), 0
    while (gone := time.monotonic() - began) < 0.5:
        for each in shared:
            sent += (await each.take(40)).granted
    assert 0.8 * 833 * 0.5 <= sent <= 833 * gone + 1


async def test_one_process_throttled_stops_the_other(shared: tuple[RedisRates, RedisRates]) -> None:
    one, other = shared
    await one.throttled(30)
    share = await other.take(1)
    assert share.granted == 0
    assert share.rate == pytest.approx(833.3 * 0.8, abs=1)
    assert 29 < share.paused <= 30


async def test_what_people_were_sent_is_taken_off(shared: tuple[RedisRates, RedisRates]) -> None:
    one, other = shared
    await one.take(1)
    one.spend(500)
    await one.take(1)
    share = await other.take(1)
    assert share.granted == 0
    assert 0.3 < share.wait <= 0.61


async def test_redis_emptied_is_no_burst_and_forgets_no_pause_that_is_known(
    valkey: Valkey, shared: tuple[RedisRates, RedisRates]
) -> None:
    one, other = shared
    await one.take(1)
    valkey.flush()
    assert (await one.take(1000)).granted == 0
    await one.throttled(30)
    valkey.flush()
    assert (await one.take(1)).granted == 0
    assert (await one.take(1)).paused > 29
    assert (await other.take(1)).paused == 0  # it is throttled itself, should it be too early


async def test_without_redis_each_has_a_share_and_together_they_have_less(server: Valkey) -> None:
    seconds = Seconds()
    both = [RedisRates(server.url, "test", 30.0, clock=seconds) for _ in range(2)]
    for each in (*both, *both):
        await each.take(1)
    server.stop()
    sent = sum([await used(each, seconds, for_seconds=10) for each in both])
    assert 0 < sent <= 25 * 10  # each had its ten seconds: together they kept to one share of two
    server.start()
    seconds.now += AWAY_SECONDS + 1

    async def shares_again() -> bool:
        await both[0].take(1)
        seconds.now += AWAY_SECONDS + 1
        return both[0]._alone is None

    await until(shares_again)
    for each in both:
        await each.close()


async def test_where_redis_was_never_seen_others_are_assumed() -> None:
    seconds = Seconds()
    rates = RedisRates("redis://127.0.0.1:1/0", "test", 30.0, clock=seconds)
    assert await used(rates, seconds, for_seconds=10) == pytest.approx(25 / 4 * 10, abs=3)
    await rates.throttled(5)
    assert (await rates.take(1)).paused == 5
    await rates.close()
