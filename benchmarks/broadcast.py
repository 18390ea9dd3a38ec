"""A broadcast: the rate used at Telegram's 30/s, the speed without one, memory, and replies meanwhile."""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, cast
from uuid import UUID

import aiohttp
import uvloop
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from sqlalchemy import func, select, text

from benchmarks import telegram
from benchmarks.autopay import peak_megabytes
from benchmarks.figures import Figure
from benchmarks.ledger import tpcb_per_second
from bot.bulk import ROUNDS, BulkDelivery
from bot.fast import keep_response_models
from bot.pace import BulkPace, Pace
from bot.session import JsonSession, Sent
from core.ids import new_id
from core.messages.rates import LocalRates
from core.settings import Settings
from core.states import NoticeState
from core.storage.database import Database
from core.storage.message_tables import notice
from core.storage.migrate import upgrade
from core.wiring import open_core
from handlers.locale import Catalogues
from tests.deadlines import until
from tests.servers import postgres

RECIPIENTS = 100_000
PER_SECOND, BURST = 30.0, 30.0  # as Telegram allows, and as the simulator judges
ANSWER_SECONDS = 0.02
UNLIMITED = 100_000.0
UNLIMITED_RECIPIENTS = 10_000
FEW, MANY, SENT_OF_MANY = 10_000, 1_000_000, 30_000
REPLIES, REPLIES_PER_SECOND = 300, 20.0
PGBENCH_SECONDS = 6
TEXT = "Авария на линии. Связи не будет до 18:00, приносим извинения."

_NOTICES = text(
    """
    INSERT INTO notice (id, dedupe_key, channel, address, template, locale, params, lane, state, repeat,
                        created_at, next_at, broadcast_id, quiet)
    SELECT gen_random_uuid(), 'bench:' || n, 'telegram', (1000000 + n)::text, 'broadcast', 'ru', '{}', 'bulk',
           'due', false, now(), now(), :of, false
    FROM generate_series(1, :count) AS n
    """
)
_BROADCAST = text(
    """
    INSERT INTO broadcast (id, number, title, kind, state, reach, texts, audience, urgent, created_by,
                           written_by, created_at, total)
    VALUES (:of, 1, '', 'service', 'running', 'telegram', cast(:texts AS json), '{}', true, 'bench',
            'bench', now(), :count)
    """
)


class JumpingClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Judge:
    """Telegram's side of the rate: a bucket, and a 429 for what does not fit."""

    def __init__(self, clock: JumpingClock) -> None:
        self._clock = clock
        self._left, self._at = BURST, clock.now
        self.refused_late = 0

    def lets_through(self) -> float:
        """0, or how long to wait."""
        now = self._clock.now
        self._left = min(BURST, self._left + (now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1:
            self.refused_late += now > 60
            return (1 - self._left) / PER_SECOND
        self._left -= 1
        return 0.0


async def at_telegrams_rate(recipients: int) -> tuple[float, int]:
    """The share of the allowed rate that was used, and 429s after the first minute; in virtual time."""
    clock = JumpingClock()
    pace = Pace(LocalRates(PER_SECOND, clock=clock), clock=clock, sleep=clock.sleep).bulk()
    judge = Judge(clock)
    for chat in range(recipients):
        await pace.turn(str(chat))
        while wait := judge.lets_through():
            await pace.throttled(wait)
            await clock.sleep(wait)
    return recipients / (clock.now * PER_SECOND), judge.refused_late


class Nowhere(JsonSession):
    """Answers every message at once."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self._ids = itertools.count(1)

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        await asyncio.sleep(0)
        return cast(TelegramType, Sent(next(self._ids)))


async def freeze(url: str, count: int) -> None:
    database, of = Database(url), UUID(str(new_id()))
    async with database.transaction() as tx:
        texts = json.dumps({"ru": {"telegram": TEXT}})
        await tx.connection.execute(_BROADCAST, {"of": of, "texts": texts, "count": count})
        await tx.connection.execute(_NOTICES, {"of": of, "count": count})
    async with database.read() as tx:
        await tx.connection.exec_driver_sql("ANALYZE notice")
    await database.close()


async def send_all(url: str, session: JsonSession, count: int, pace: BulkPace) -> float:
    """Seconds until so many are marked as sent."""
    keep_response_models()
    settings = Settings(_env_file=None, env="test", database_url=url)
    bot = Bot(telegram.TOKEN, session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML))
    async with open_core(settings) as core:
        catalogues = Catalogues(core.profile.zone)
        bulk = BulkDelivery(core.sending, core.subscribers, core.wakeups, bot, catalogues, pace)
        left = count

        async def rounds() -> None:
            nonlocal left
            while left > 0 and (done := await bulk.run_once()):
                left -= done

        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(ROUNDS):
                tasks.create_task(rounds())
        seconds = time.perf_counter() - started
        assert await _sent(core.database) >= count
    await bot.session.close()
    return seconds


async def _sent(database: Database) -> int:
    async with database.read() as tx:
        return int(await tx.scalar(select(func.count()).where(notice.c.state == NoticeState.SENT)))


def unlimited() -> BulkPace:
    return Pace(LocalRates(UNLIMITED, first=UNLIMITED)).bulk()


async def without_a_limit(url: str, count: int) -> float:
    """Messages a second over HTTP to a Bot API in a process of its own."""
    await upgrade(url)
    await freeze(url, count)
    async with telegram.process("stub") as (_, api):
        return count / await send_all(url, JsonSession(api), count, unlimited())


async def without_a_network(url: str, recipients: int, sent: int) -> float:
    await upgrade(url)
    await freeze(url, recipients)
    return sent / await send_all(url, Nowhere(), sent, unlimited())


async def replies(url: str, count: int) -> tuple[float, float]:
    """The 99th percentile of an answered update, in ms: idle, and while a broadcast runs at 30/s."""
    await upgrade(url)
    await telegram.people(url)
    async with telegram.process("stub") as (_, api), telegram.process("ours", api, url) as (_, door):
        await _answered_in(door, count)  # warm
        idle = await _answered_in(door, count)
        await freeze(url, int(PER_SECOND * 10 * count / REPLIES_PER_SECOND))
        database = Database(url)
        await until(partial(_sent, database), what="the broadcast runs")
        during = await _answered_in(door, count)
        assert await _sent(database) > count
        await database.close()
    return idle, during


async def _answered_in(door: str, count: int) -> float:
    """Updates at a steady rate; the webhook is answered when the reply has been sent."""
    taken: list[float] = []
    numbers = itertools.count(new_id().int >> 80)
    headers = {"X-Telegram-Bot-Api-Secret-Token": telegram.SECRET, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as http, asyncio.TaskGroup() as tasks:

        async def one(body: str) -> None:
            started = time.perf_counter()
            async with http.post(door, data=body) as answer:
                assert answer.status == 200, answer.status
            taken.append(1000 * (time.perf_counter() - started))

        for _ in range(count):
            tasks.create_task(one(json.dumps(telegram.update_of(next(numbers)))))
            await asyncio.sleep(1 / REPLIES_PER_SECOND)
    return sorted(taken)[int(len(taken) * 0.99)]


def peak_of(url: str, recipients: int, sent: int) -> tuple[float, float]:
    """Peak memory and speed of a process of its own."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.broadcast", "peak", url, str(recipients), str(sent)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    peak, speed = map(float, said.split())
    return peak, speed


def run(scale: float = 1.0) -> Sequence[Figure]:
    """`scale` below 1 for a quick look."""
    many, few, of_many = int(MANY * scale), int(FEW * scale), int(SENT_OF_MANY * scale)
    share, refused = asyncio.run(at_telegrams_rate(RECIPIENTS))
    with postgres.started() as server:
        reference = tpcb_per_second(server, clients=8, seconds=PGBENCH_SECONDS)
        speed = uvloop.run(without_a_limit(server.create_database(), int(UNLIMITED_RECIPIENTS * scale)))
        least, _ = peak_of(server.create_database(), few, few)
        most, alone = peak_of(server.create_database(), many, of_many)
        idle, during = uvloop.run(replies(server.create_database(), int(REPLIES * scale)))
    return figures(share, refused, speed, reference, (least, most, alone), (idle, during), (few, many))


def figures(
    share: float,
    refused: int,
    speed: float,
    reference: float,
    memory: tuple[float, float, float],
    answered: tuple[float, float],
    sizes: tuple[int, int],
) -> Sequence[Figure]:
    (least, most, alone), (idle, during), (few, many) = memory, answered, sizes
    grown, slower = most - least, during / idle
    return [
        Figure("Of 30/s used, 100,000 recipients, virtual time", 100 * share, "%", "≥ 98 %", share >= 0.98),
        Figure("429 after the first minute", refused, "", "= 0", refused == 0),
        Figure("pgbench TPC-B, 8 clients", reference, "tx/s"),
        Figure("Messages without a limit, over HTTP", speed, "/s", "≥ 1000/s", speed >= 1000),
        Figure("Messages without a limit to TPC-B", speed / reference, "×"),
        Figure("Claimed and marked, without a network", alone, "/s"),
        Figure(f"Peak memory, {few:,} recipients", least, "MB"),
        Figure(f"Peak memory, {many:,} recipients: more by", grown, "MB", "≤ 10 MB", grown <= 10),
        Figure("p99 of an answered update, idle", idle, "ms"),
        Figure("p99 of an answered update during a broadcast", during, "ms"),
        Figure("During to idle", slower, "×", "≤ 2×", slower <= 2),
    ]


def main(*arguments: Any) -> None:
    match arguments:
        case ["peak", url, recipients, sent]:
            speed = uvloop.run(without_a_network(url, int(recipients), int(sent)))
            print(peak_megabytes(), speed)
        case [scale]:
            print("\n".join(figure.row() for figure in run(float(scale))))
        case _:
            print("\n".join(figure.row() for figure in run()))


if __name__ == "__main__":
    main(*sys.argv[1:])
