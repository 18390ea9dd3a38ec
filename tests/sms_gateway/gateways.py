"""What tests of the HTTP doors share: our end on a real socket, and a gateway that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core.messages.incoming import Accepted, Arrival
from core.storage.message_tables import incoming
from core.use_cases.receiving import Receiving
from core.wiring import Core

Client = TestClient[web.Request, web.Application]
TOKEN = "token-of-the-tests"
PHONE = "79141234567"


class Away(Receiving):
    """The inbox, whose database is away for as long as a test says."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.database, core.clock)
        self.away = False

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        if self.away:
            raise OperationalError("insert", {}, OSError("gone"))
        return await super().accept(messages)


@asynccontextmanager
async def listening(routes: Sequence[web.RouteDef]) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes)
    client = TestClient(TestServer(app))
    await client.start_server()
    try:
        yield client
    finally:
        await client.close()


def peer(request: web.Request) -> str:
    return request.remote or ""


async def stored(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(incoming).order_by(incoming.c.id))


class Smsbox:
    """An HTTP gateway: answers with the next of `answers`, then 202; None: it hears and says nothing."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str] | None] = []
        self.asked: list[dict[str, bytes]] = []
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.held = asyncio.Event()
        self.most_at_once = 0
        self._at_once = 0
        self.hold: Callable[[], Awaitable[object]] | None = None
        self._server: TestServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://aliance:pass%2Fword@127.0.0.1:{self._server.port}/cgi-bin/sendsms"

    @asynccontextmanager
    async def listening(self, port: int | None = None) -> AsyncIterator[Smsbox]:
        app = web.Application()
        app.router.add_route("*", "/cgi-bin/sendsms", self._answer)
        self._server = TestServer(app, port=port, host="127.0.0.1")
        await self._server.start_server()
        try:
            yield self
        finally:
            self.held.set()
            await self._server.close()

    async def _answer(self, request: web.Request) -> web.Response:
        query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True, encoding="latin-1")
        self.asked.append({name: value.encode("latin-1") for name, value in query})
        self.bodies.append((dict(request.headers), await request.read()))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.hold is not None:
                await self.hold()
            said = self.answers.pop(0) if self.answers else (202, "0: Accepted for delivery")
            if said is None:
                await self.held.wait()
                said = (202, "")
            return web.Response(status=said[0], text=said[1])
        finally:
            self._at_once -= 1
