"""Two processes at one broadcast, on PostgreSQL and Redis, while these and Telegram have their troubles."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiogram.methods import SendMessage
from sqlalchemy.exc import DBAPIError

from bot.bulk import TOPIC
from bot.door import TelegramDoor
from core.settings import Settings
from core.states import NoticeState
from core.storage.migrate import upgrade
from core.wiring import Core, open_core
from tests.bot.stand import Stand, open_stand
from tests.core.frozen_scenes import is_frozen, outcomes
from tests.deadlines import until
from tests.servers import postgres as postgres_server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

CHATS = range(8000, 8060)
SENT, FAILED, UNCERTAIN = NoticeState.SENT, NoticeState.FAILED, NoticeState.UNCERTAIN
OPEN = {NoticeState.DUE, NoticeState.TAKEN}
FAST = {"telegram_messages_per_second": 1000, "telegram_paid_broadcast": True}
FIVE_IN_A_HUNDRED = (8010, 8030, 8050)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL that a test may restart."""
    with postgres_server.started() as one:
        yield one


@dataclass
class Two:
    """The stand's own door, and that of another process."""

    stand: Stand
    other: Core
    sent_by: Counter[int] = field(default_factory=Counter)

    def counts(self, door: TelegramDoor) -> None:
        async def noted(make, bot, method):  # type: ignore[no-untyped-def]  # as aiogram calls it
            self.sent_by[id(door)] += isinstance(method, SendMessage)
            return await make(bot, method)

        door.bot.session.middleware(noted)

    async def begin(self) -> None:
        await is_frozen(self.stand.core, CHATS)
        for core in (self.stand.core, self.other):
            core.wakeups.notify([TOPIC])


@asynccontextmanager
async def two_doors(url: str, redis_url: str, **more: Any) -> AsyncIterator[Two]:
    settings = Settings.model_validate({"env": "test", "database_url": url, "redis_url": redis_url} | more)
    async with (
        open_stand(settings) as stand,
        open_core(stand.core.settings, clock=stand.clock, providers=[stand.provider]) as other,
        asyncio.TaskGroup() as group,
    ):
        for chat in CHATS:
            stand.api.chats.of(chat).started = True
        two, door = Two(stand, other), TelegramDoor(other, stand.catalogues)
        two.counts(stand.door)
        two.counts(door)
        running = group.create_task(door.run())
        yield two
        running.cancel()


def heard(stand: Stand) -> Counter[int]:
    """How many messages each has."""
    return Counter({chat: len(stand.api.screen.seen(chat)["messages"]) for chat in CHATS})


async def ends(stand: Stand) -> Counter[NoticeState]:
    """I9: who is marked sent was sent to once, who may have been at most once; nobody is left."""

    async def all_have_one() -> bool:
        return not {state for state, _ in (await outcomes(stand.core)).values()} & OPEN

    await until(all_have_one, within=30, what="an outcome for everybody")
    said, messages = await outcomes(stand.core), heard(stand)
    assert set(said) == {str(chat) for chat in CHATS}
    for address, (state, _) in said.items():
        n = messages[int(address)]
        assert n == 1 if state == SENT else n <= (state == UNCERTAIN), (address, state, n)
    assert [each for each in await stand.core.invariants.check() if each.code == "I9"] == []
    return Counter(state for state, _ in said.values())


@pytest.mark.parametrize("emptied", [False, True])
async def test_two_processes_share_a_broadcast_and_its_rate(
    pg_url: str, redis_url: str, valkey: Valkey, emptied: bool
) -> None:
    """Telegram takes 30 a second here, and would refuse the 50 of two that did not know of each other."""
    async with two_doors(pg_url, redis_url) as two:
        stand = two.stand
        stand.api.rates.enabled, stand.api.rates.burst = True, 6
        await two.begin()
        for share in (10, 20, 30) if emptied else ():
            await until(partial(_have, stand, share), what=f"{share} are sent")
            valkey.flush()
        assert await ends(stand) == {SENT: len(CHATS)}
        assert (len(two.sent_by), two.sent_by.total()) == (2, len(CHATS)), "nothing was refused"


async def test_429_5xx_lost_answers_and_blocked_bots_at_once(pg_url: str, redis_url: str) -> None:
    async with two_doors(pg_url, redis_url, **FAST) as two:
        stand = two.stand
        for chat in FIVE_IN_A_HUNDRED:
            stand.api.chats.of(chat).blocked = True
        stand.api.set_faults(
            {
                "too_many_requests": {"retry_after": 1, "calls": 10, "methods": ["sendMessage"]},
                "server_error": {"calls": 3, "methods": ["sendMessage"]},
                "reset_after": {"calls": 5, "methods": ["sendMessage"]},
            }
        )
        await two.begin()
        found = await ends(stand)
        assert found == {SENT: len(CHATS) - 8, FAILED: 3, UNCERTAIN: 5}
        blocked = [address for address, said in (await outcomes(stand.core)).items() if said[1] == "blocked"]
        assert sorted(map(int, blocked)) == list(FIVE_IN_A_HUNDRED)


async def test_a_database_restarted_under_a_broadcast_costs_nobody_their_message(
    server: Postgres, redis_url: str
) -> None:
    url = server.create_database()
    await asyncio.to_thread(asyncio.run, upgrade(url))
    async with two_doors(url, redis_url, **FAST | {"telegram_messages_per_second": 60}) as two:
        stand = two.stand
        await two.begin()
        await until(partial(_have, stand, 15), what="some are sent")
        await asyncio.to_thread(server.restart)
        assert heard(stand).total() < len(CHATS), "the restart came too late to tell of anything"
        await until(lambda: _answers(stand), what="the database is there again")
        assert await ends(stand) == {SENT: len(CHATS)}


def _have(stand: Stand, share: int) -> bool:
    return heard(stand).total() >= share


async def _answers(stand: Stand) -> bool:
    with suppress(DBAPIError, OSError):
        return bool(await outcomes(stand.core))
    return False
