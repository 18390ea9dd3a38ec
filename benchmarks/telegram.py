"""CPU of one Telegram update: our balance screen against a stock aiogram echo bot, a process each."""

import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web
from sqlalchemy import insert

from benchmarks.figures import Figure
from core.clock import SystemClock
from core.ids import AccountId, new_id
from core.ledger import book
from core.profile import load
from core.settings import Settings
from core.states import Access, Channel, ServiceState
from core.storage.database import Database
from core.storage.migrate import upgrade
from core.storage.tables import account, link
from core.wiring import open_core
from tests.servers import postgres

GOAL = 1.2
TOKEN = "4242:benchmark"
SECRET = "benchmark"
PEOPLE = 50
AT_ONCE = 40  # open requests, as Telegram keeps by default
WARM_UP, MEASURED, ROUNDS = 300, 1000, 3
ANSWER_SECONDS = 30
SCREEN = "Лицевой счёт 100001\nБаланс: 198,19 ₽\n" * 10


def run() -> Sequence[Figure]:
    with postgres.started() as server, tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite+aiosqlite:///{Path(folder) / 'telegram.db'}"
        costs = uvloop.run(_costs(server.create_database(), sqlite))
    ratio, embedded = costs["PostgreSQL"] / costs["stock"], costs["SQLite"] / costs["stock"]
    return [
        Figure("CPU an update: stock aiogram echo bot", costs["stock"], "ms"),
        Figure("CPU an update: balance screen on PostgreSQL", costs["PostgreSQL"], "ms"),
        Figure("CPU an update: balance screen on SQLite", costs["SQLite"], "ms"),
        Figure("Balance screen on PostgreSQL to stock echo", ratio, "×", f"≤ {GOAL}×", ratio <= GOAL),
        Figure("Balance screen on SQLite to stock echo", embedded, "×", f"≤ {GOAL}×", embedded <= GOAL),
    ]


async def _costs(postgres_url: str, sqlite_url: str) -> dict[str, float]:
    """Milliseconds an update, the best of some rounds that take turns: the machine has other work too."""
    for url in (postgres_url, sqlite_url):
        await upgrade(url)
        await people(url)
    costs: dict[str, float] = {}
    async with process("stub") as (_, api):
        for _ in range(ROUNDS):
            for name, arguments in {
                "stock": ("stock", api),
                "PostgreSQL": ("ours", api, postgres_url),
                "SQLite": ("ours", api, sqlite_url),
            }.items():
                async with process(*arguments) as (pid, url):
                    cost = await _cost(pid, url, api)
                costs[name] = min(cost, costs.get(name, cost))
    return costs


async def _cost(pid: int, url: str, api: str) -> float:
    async with aiohttp.ClientSession() as session:
        updates = itertools.count(new_id().int >> 80)
        await _load(session, url, api, updates, WARM_UP)
        before = _cpu_seconds(pid)
        await _load(session, url, api, updates, MEASURED)
        spent = _cpu_seconds(pid) - before
    return 1000 * spent / MEASURED


def _cpu_seconds(pid: int) -> float:
    """User and system time of all its threads: fields 14 and 15 of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _load(
    session: aiohttp.ClientSession, url: str, api: str, updates: "itertools.count[int]", count: int
) -> None:
    """Send updates and wait until each was answered by a message."""
    answered = await _answered(session, api)
    left = iter(range(count))

    async def one_after_another() -> None:
        for _ in left:
            body = json.dumps(update_of(next(updates)))
            headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
            async with session.post(url, data=body, headers=headers) as response:
                assert response.status == 200, response.status

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_another())
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            if await _answered(session, api) >= answered + count:
                return
            await asyncio.sleep(0.01)


async def _answered(session: aiohttp.ClientSession, api: str) -> int:
    async with session.get(f"{api}/answered") as response:
        return int(await response.text())


def update_of(number: int) -> dict[str, Any]:
    person = 1000 + number % PEOPLE
    user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "ru", "username": "ann"}
    return {
        "update_id": number,
        "message": {
            "message_id": number % 1_000_000,
            "from": user,
            "chat": {"id": person, "type": "private", "first_name": "Ann", "username": "ann"},
            "date": 1_790_000_000,
            "text": "/balance",
            "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
        },
    }


async def people(url: str) -> None:
    """An account with a link for each person."""
    database, tariff, now = Database(url), load().tariffs[0].code, SystemClock().now()
    texts = dict.fromkeys(("password_hash", "holder", "city", "street", "house", "flat", "email"), "")
    async with database.transaction() as tx:
        for number in range(PEOPLE):
            each = AccountId(new_id())
            name = str(100_000 + number)
            row = {"id": each, "number": name, "login": name, "tariff": tariff}
            row |= {"state": ServiceState.ACTIVE, "accrued_until": now}
            tie = {"id": new_id(), "channel": Channel.TELEGRAM, "address": str(1000 + number)}
            tie |= {"account_id": each, "access": Access.FULL, "linked_at": now}
            await tx.execute(insert(account).values(**texts, **row))
            await tx.execute(insert(link).values(tie))
            await book.open_subscriber_account(tx, each, number=name)
    await database.close()


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[tuple[int, str]]:
    """One of the subjects below in a process of its own, and the address that it listens on."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.telegram", *arguments, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    try:
        while not (line := (await started.stdout.readline()).decode()).startswith("http"):
            assert line, f"{arguments} ended"
        yield started.pid, line.strip()
    finally:
        started.terminate()
        await started.wait()


async def _serve(app: web.Application, path: str = "") -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}{path}", flush=True)
    await asyncio.Event().wait()


async def stub() -> None:
    """A Bot API that takes every call and counts messages."""
    answered = 0

    async def call(request: web.Request) -> web.Response:
        nonlocal answered
        await request.read()
        if request.match_info["method"] != "sendMessage":
            return web.json_response({"ok": True, "result": True})
        answered += 1
        chat = {"id": 1000, "type": "private", "first_name": "Ann", "username": "ann"}
        bot = {"id": 4242, "is_bot": True, "first_name": "Bot", "username": "bench_bot"}
        result = {"message_id": answered, "from": bot, "chat": chat, "date": 1_790_000_000, "text": SCREEN}
        return web.json_response({"ok": True, "result": result})

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(answered))

    app = web.Application()
    app.add_routes([web.get("/answered", count), web.post("/{bot}/{method}", call)])
    await _serve(app)


async def stock(api: str) -> None:
    """The echo bot of aiogram's own examples, behind its own webhook handler."""
    from aiogram import Bot, Dispatcher
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import Message
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application

    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        await message.answer(SCREEN)

    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token=SECRET).register(app, path="/telegram")
    setup_application(app, dispatcher, bot=bot)
    await _serve(app, "/telegram")


async def ours(api: str, database_url: str) -> None:
    """The product as `aliance run --only bot` composes it."""
    from commands.run import serving

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/telegram"
    settings = Settings.model_validate(
        {
            "env": "test",
            "database_url": database_url,
            "telegram_api": api,
            "telegram_token": TOKEN,
            "telegram_webhook_url": url,
            "telegram_webhook_secret": SECRET,
        }
    )
    async with open_core(settings) as core, serving(core, only=frozenset({"bot"}), listener=listener):
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stub"]:
            uvloop.run(stub())
        case ["stock", api]:
            asyncio.run(stock(api))  # as its users run it
        case ["ours", api, database_url]:
            uvloop.run(ours(api, database_url))
        case _:
            for figure in run():
                print(figure.row())
