"""Before bulk messages: one rate for all processes together, in process or through Redis."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from core.redis_client import open_redis

BURST_SECONDS = (
    0.2  # of unused allowance that may be spent at once: a claim's time, and far below a limit's window
)
RAISE_SECONDS = 10.0
RAISE_SHARE = 1 / 30  # of the most: from the first rate to the most in less than a minute
LOWER_TO = 0.8  # of the rate that was refused
LEAST_PER_SECOND = 1.0
FIRST_SHARE = 25 / 30  # Telegram throttles at about 30: begun below it, and raised while nobody complains
ANSWER_SECONDS = 0.5  # of Redis; without it work goes on at a safe share
AWAY_SECONDS = 1.0  # Redis is left alone for so long once it has failed
UNKNOWN_PROCESSES = 3  # that share the rate where Redis never told how many there are
GONE_SECONDS = 30  # a process that asked for nothing in that time shares nothing
KEPT_SECONDS = 3600
ROUNDING = 1e-6  # a token short of which is a token

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Grant:
    """How many may go now; where none may, how long to wait, and whether because somebody was throttled."""

    granted: int
    wait: float
    rate: float
    paused: float = 0.0


class Rates(Protocol):
    async def take(self, wanted: int) -> Grant: ...

    def spend(self, messages: int = 1) -> None:
        """Messages to people, who never wait for this rate: bulk has so much less."""
        ...

    async def throttled(self, seconds: float) -> None:
        """The channel refused a message: nothing in bulk for so long, by any process, and then slower."""
        ...

    async def close(self) -> None: ...


class LocalRates:
    """The rate of one process. It begins with nothing saved up: a start is no burst."""

    def __init__(
        self, most: float, *, first: float | None = None, clock: Callable[[], float] = time.monotonic
    ):
        self._most = most
        self._rate = most * FIRST_SHARE if first is None else first
        self._clock = clock
        self._tokens = 0.0
        self._at = self._raised_at = clock()
        self._paused_until = 0.0

    async def take(self, wanted: int) -> Grant:
        now = self._clock()
        self._refill(now)
        if self._paused_until > now:
            left = self._paused_until - now
            return Grant(0, left, self._rate, paused=left)
        granted = min(wanted, max(0, math.floor(self._tokens + ROUNDING)))
        self._tokens -= granted
        return Grant(granted, 0.0 if granted else (1 - self._tokens) / self._rate, self._rate)

    def spend(self, messages: int = 1) -> None:
        self._refill(self._clock())
        self._tokens = max(self._tokens - messages, -self._rate)

    async def throttled(self, seconds: float) -> None:
        now = self._clock()
        self._refill(now)
        if self._paused_until <= now:  # what was under way with it is refused as well: lowered once
            self._rate = max(LEAST_PER_SECOND, self._rate * LOWER_TO)
        self._paused_until = max(self._paused_until, now + seconds)
        self._raised_at = self._paused_until
        self._tokens = min(self._tokens, 0.0)

    async def close(self) -> None: ...

    def _refill(self, now: float) -> None:
        if now - self._raised_at >= RAISE_SECONDS:
            self._rate = min(self._most, self._rate + self._most * RAISE_SHARE)
            self._raised_at = now
        if now >= self._paused_until:
            since = max(self._at, self._paused_until)
            largest = max(1.0, self._rate * BURST_SECONDS)
            self._tokens = min(largest, self._tokens + (now - since) * self._rate)
        self._at = now


# The time is Redis's own: processes on several machines need not agree on theirs. A script runs alone.
_STATE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'rate', 'raised', 'paused')
local most, rounding = tonumber(ARGV[1]), tonumber(ARGV[2])
local tokens, at = tonumber(kept[1]) or 0, tonumber(kept[2]) or now
local rate, raised = tonumber(kept[3]) or tonumber(ARGV[3]), tonumber(kept[4]) or now
local paused = tonumber(kept[5]) or 0
local function keep()
    local exact = function(number) return string.format('%.6f', number) end
    redis.call('HSET', KEYS[1], 'tokens', exact(tokens), 'at', exact(now), 'rate', exact(rate),
        'raised', exact(raised), 'paused', exact(paused))
    redis.call('EXPIRE', KEYS[1], ARGV[4])
end
"""
_TAKE = (
    _STATE
    + """
local wanted, owed = tonumber(ARGV[5]), tonumber(ARGV[6])
if now - raised >= tonumber(ARGV[7]) then
    rate, raised = rate + tonumber(ARGV[8]), now
end
rate = math.min(most, rate)
if now >= paused then
    local largest = math.max(1, rate * tonumber(ARGV[9]))
    tokens = math.min(largest, tokens + (now - math.max(at, paused)) * rate)
end
tokens = math.max(tokens - owed, -rate)
local granted, wait = 0, math.max(0, paused - now)
if wait == 0 then
    granted = math.min(wanted, math.max(0, math.floor(tokens + rounding)))
    tokens = tokens - granted
    if granted == 0 then wait = (1 - tokens) / rate end
end
keep()
redis.call('ZADD', KEYS[2], now, ARGV[10])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[11]))
redis.call('EXPIRE', KEYS[2], ARGV[4])
local processes = redis.call('ZCARD', KEYS[2])
return {granted, tostring(wait), tostring(rate), processes, tostring(math.max(0, paused - now))}
"""
)
_THROTTLED = (
    _STATE
    + """
if paused <= now then rate = math.max(tonumber(ARGV[6]), rate * tonumber(ARGV[7])) end
paused = math.max(paused, now + tonumber(ARGV[5]))
raised, tokens = paused, math.min(tokens, 0)
keep()
return 1
"""
)


class RedisRates:
    """The same for all processes. Emptied, Redis begins anew without a burst; away, each has a share."""

    def __init__(
        self, url: str, name: str, most: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = open_redis(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
        self._keys = [f"aliance:rate:{{{name}}}", f"aliance:rate:{{{name}}}:processes"]
        self._most = most
        self._clock = clock
        self._me = uuid4().hex
        self._owed = 0
        self._processes = UNKNOWN_PROCESSES
        self._alone: LocalRates | None = None
        self._away_until = 0.0
        self._paused_until = 0.0  # known here, should Redis forget it

    async def take(self, wanted: int) -> Grant:
        if (left := self._paused_until - self._clock()) > 0:
            return Grant(0, left, 0.0, paused=left)
        if self._is_away():
            return await self._share().take(wanted)
        owed, self._owed = self._owed, 0
        try:
            said = await self._run(
                _TAKE,
                wanted,
                owed,
                RAISE_SECONDS,
                self._most * RAISE_SHARE,
                BURST_SECONDS,
                self._me,
                GONE_SECONDS,
            )
        except (RedisError, OSError) as error:
            self._leave(error)
            return await self._share().take(wanted)
        self._alone = None
        granted, wait, rate, processes, paused = said
        self._processes = int(processes)
        self._paused_until = self._clock() + float(paused)
        return Grant(int(granted), float(wait), float(rate), paused=float(paused))

    def spend(self, messages: int = 1) -> None:
        self._owed += messages  # told with the next take
        if self._alone is not None:
            self._alone.spend(messages)

    async def throttled(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        if self._is_away():
            return await self._share().throttled(seconds)
        try:
            await self._run(_THROTTLED, seconds, LEAST_PER_SECOND, LOWER_TO)
        except (RedisError, OSError) as error:
            self._leave(error)
            await self._share().throttled(seconds)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: str, *arguments: Any) -> Any:
        first = self._most * FIRST_SHARE
        common = (self._most, ROUNDING, first, KEPT_SECONDS)
        return await self._redis.eval(script, len(self._keys), *self._keys, *map(str, (*common, *arguments)))

    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    def _leave(self, error: Exception) -> None:
        if self._alone is None:
            log.warning("rate is not shared", error=type(error).__name__, processes=self._processes)
        self._away_until = self._clock() + AWAY_SECONDS

    def _share(self) -> LocalRates:
        """Ours while nobody counts for all: room is left for one more that comes meanwhile."""
        if self._alone is None:
            most = self._most * FIRST_SHARE / (self._processes + 1)
            self._alone = LocalRates(most, first=most, clock=self._clock)
        return self._alone
