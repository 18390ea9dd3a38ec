"""The Bot API server on loopback, a bot that calls it, and a place its webhook can push to."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from simulator.bot_api.server import BotApi

TOKEN = "4200:synthetic-token"
USER = 1001

Answer = tuple[int, dict[str, Any]]


@dataclass
class Served:
    url: str
    bot_api: BotApi
    session: aiohttp.ClientSession
    topics: list[str]

    async def ask(self, method: str, **arguments: object) -> Answer:
        """Status and body of a call in JSON."""
        async with self.session.post(f"{self.url}/bot{TOKEN}/{method}", json=arguments) as answer:
            assert answer.content_type == "application/json"
            return answer.status, await answer.json()

    async def result(self, method: str, **arguments: object) -> Any:
        status, body = await self.ask(method, **arguments)
        assert (status, body["ok"]) == (200, True), body
        return body["result"]

    async def refusal(self, method: str, **arguments: object) -> tuple[int, str]:
        status, body = await self.ask(method, **arguments)
        assert (body["ok"], body["error_code"]) == (False, status), body
        return status, body["description"]

    async def updates(self, **arguments: object) -> list[dict[str, Any]]:
        """What waits; given an offset, the rest of it."""
        waiting: list[dict[str, Any]] = await self.result("getUpdates", **arguments)
        return waiting

    async def phone(self, action: str, user: int = USER, **body: object) -> Answer:
        async with self.session.post(f"{self.url}/phone/telegram/{user}/{action}", json=body) as answer:
            return answer.status, await answer.json()

    async def screen(self, user: int = USER) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/phone/telegram/{user}/messages") as answer:
            seen: dict[str, Any] = await answer.json()
            return seen


@asynccontextmanager
async def served(configure: Callable[[BotApi], None] = lambda bot_api: None) -> AsyncIterator[Served]:
    topics: list[str] = []
    bot_api = BotApi(TOKEN, bus=topics.append)
    bot_api.webhook.pause_unit_seconds = 0.01
    bot_api.methods.conflict_pause_seconds = 0.05
    configure(bot_api)
    app = web.Application()
    app.add_routes([*bot_api.routes(), *bot_api.phone_routes()])
    async with bot_api.running(), aiohttp.ClientSession() as session, listening(app) as url:
        yield Served(url, bot_api, session, topics)
        bot_api.close_polls()


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@dataclass
class Hook:
    """A bot's webhook: `answer` decides about each update; all that came are kept."""

    answer: Callable[[dict[str, Any]], web.StreamResponse] = lambda update: web.Response()
    updates: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        update = json.loads(await request.read())
        self.updates.append(update)
        self.headers.append(dict(request.headers))
        return self.answer(update)


@asynccontextmanager
async def hooked(hook: Hook) -> AsyncIterator[Hook]:
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    async with listening(app) as url:
        hook.url = f"{url}/hook"
        yield hook
