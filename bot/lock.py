"""Between inbox and handler: one person's messages are handled one at a time, in the order they came."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

LEASE_SECONDS = 15  # how long another process waits for one that died with a lock
RENEW_SECONDS = 5  # three chances to renew before a lease runs out
TRY_AGAIN_SECONDS = 0.05  # a handler is at work for about that long

# Only the holder's token may renew or release: a lease that ran out belongs to somebody else.
IF_OURS = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
RENEW = IF_OURS + "return redis.call('pexpire', KEYS[1], ARGV[2])"
RELEASE = IF_OURS + "return redis.call('del', KEYS[1])"

log = structlog.get_logger()


@dataclass(slots=True)
class _Queue:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # wakes its waiters in the order they came
    people: int = 0


class UserLocks:
    """A lock exists only while somebody holds it or waits for it."""

    def __init__(self, shared: "SharedLocks | None" = None) -> None:
        self._queues: dict[str, _Queue] = {}
        self._shared = shared

    def __len__(self) -> int:
        return len(self._queues)

    @asynccontextmanager
    async def hold(self, user: str) -> AsyncIterator[None]:
        queue = self._queues.setdefault(user, _Queue())
        queue.people += 1
        try:
            async with queue.turn:
                if self._shared is None:
                    yield
                else:
                    async with self._shared.hold(user):
                        yield
        finally:
            queue.people -= 1
            if not queue.people:
                del self._queues[user]


class SharedLocks:
    """Keeps processes apart. Without Redis work goes on: the core consumes a confirmation once."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._held: dict[str, str] = {}

    @asynccontextmanager
    async def hold(self, user: str) -> AsyncIterator[None]:
        key, token = f"aliance:lock:telegram:{user}", secrets.token_hex(16)
        try:
            await self._take(key, token)
        except RedisError as error:
            log.warning("lock is not shared", error=type(error).__name__)
            yield
            return
        self._held[key] = token
        try:
            yield
        finally:
            del self._held[key]
            await self._release(key, token)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.renew_once()

    async def renew_once(self) -> int:
        held = list(self._held.items())
        try:
            for key, token in held:
                await self._redis.eval(RENEW, 1, key, token, str(LEASE_SECONDS * 1000))
        except RedisError as error:
            log.warning("locks not renewed", error=type(error).__name__)
        return len(held)

    async def _take(self, key: str, token: str) -> None:
        while True:
            if await self._redis.set(key, token, nx=True, px=LEASE_SECONDS * 1000):
                return
            await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def _release(self, key: str, token: str) -> None:
        try:
            await self._redis.eval(RELEASE, 1, key, token)
        except RedisError as error:
            log.warning("lock not released", error=type(error).__name__)
