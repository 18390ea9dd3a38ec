"""What tests of the HTTP doors share: our end on a real socket, and a gateway that answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Table, select
from sqlalchemy.exc import OperationalError

from core.messages.incoming import Accepted, Arrival
from core.storage.message_tables import incoming
from core.use_cases.receiving import Receiving
from core.wiring import Core
from sms_gateway.aggregator.signature import NotGenuine, Signature
from tests.fakes import FakeClock

Client = TestClient[web.Request, web.Application]
TOKEN = "token-of-the-tests"
KEY = "key-of-the-aggregator"
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


async def rows(core: Core, table: Table) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(table).order_by(*table.primary_key))


async def stored(core: Core) -> list[Any]:
    return await rows(core, incoming)


class Smsbox:
    """Kannel's sendsms: answers with the next of `answers`, then 202; None: it hears and says nothing."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str] | None] = []
        self.asked: list[dict[str, str]] = []
        self.held = asyncio.Event()
        self.most_at_once = 0
        self._at_once = 0
        self.hold: Callable[[], Awaitable[object]] | None = None
        self._server: TestServer | None = None

    @property
    def whole(self) -> int:
        """How many texts are here to their last part, for which a report is wanted."""
        return sum("dlr-url" in each for each in self.asked)

    @property
    def text(self) -> str:
        """All that was to be sent, in order."""
        return "".join(each["text"] for each in self.asked)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://aliance:pass%2Fword@127.0.0.1:{self._server.port}/cgi-bin/sendsms"

    @asynccontextmanager
    async def listening(self, port: int | None = None) -> AsyncIterator[Smsbox]:
        app = web.Application()
        app.router.add_post("/cgi-bin/sendsms", self._answer)
        self._server = TestServer(app, port=port, host="127.0.0.1")
        await self._server.start_server()
        try:
            yield self
        finally:
            self.held.set()
            await self._server.close()

    async def _answer(self, request: web.Request) -> web.Response:
        fields = {
            name.lower().removeprefix("x-kannel-"): value
            for name, value in request.headers.items()
            if name.lower().startswith(("x-", "content-type"))
        }
        self.asked.append(fields | {"text": (await request.read()).decode()})
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


class Aggregator:
    """Takes replies: answers with the next of `answers`, then 200."""

    def __init__(self, clock: FakeClock) -> None:
        self.answers: list[int | None] = []
        self.got: list[dict[str, Any]] = []
        self.held = asyncio.Event()
        self._clock = clock
        self._signature = Signature(KEY)
        app = web.Application()
        app.add_routes([web.post("/replies", self._take)])
        self._server = TestServer(app, host="127.0.0.1")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/replies"

    def signed(self, said: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(said).encode()
        return body, self._signature.headers(body, self._clock.now()) | {"Content-Type": "application/json"}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        await self._server.start_server()
        try:
            yield
        finally:
            self.held.set()
            await self._server.close()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            self._signature.verify(request.headers, body, self._clock.now())
        except NotGenuine:
            return web.Response(status=401)
        self.got.append(json.loads(body))
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            await self.held.wait()
        return web.Response(status=status or 200)
