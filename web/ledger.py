"""An account's ledger as a page that follows it live; read-only, for who holds the token."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator

import structlog
from aiohttp import ClientConnectionResetError, web
from markupsafe import Markup

from core.errors import UnknownAccount
from core.messages.wakeups import Wakeups
from core.use_cases.statements import Statements
from web.pages import Pages

TOPIC = "ledger"
ROWS = 50
LOOK_AGAIN_SECONDS = 1.0  # a wake-up is a hint
QUIET_LOOKS = 15  # then a comment is sent, which finds out whether anybody still reads


log = structlog.get_logger()


class LedgerPages:
    def __init__(self, statements: Statements, wakeups: Wakeups, pages: Pages, *, token: str) -> None:
        self._statements = statements
        self._wakeups = wakeups
        self._pages = pages
        self._token = token.encode()
        self._closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ledger/{number}", self.show), web.get("/ledger/{number}/events", self.events)]

    async def close(self, _app: web.Application) -> None:
        """End the pages that are being followed, so that the server can stop."""
        self._closing.set()
        self._wakeups.notify([TOPIC])

    async def show(self, request: web.Request) -> web.Response:
        table = await self._table(request)
        number, query = request.match_info["number"], request.query_string
        return self._pages.answer(request, "ledger.html", number=number, query=query, table=Markup(table))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events (HTML Living Standard, 9.2): the table anew whenever it has changed."""
        first = await self._table(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        try:
            async for event in self._changes(request, first):
                await response.write(event)
        except ClientConnectionResetError:
            log.debug("ledger page closed")
        return response

    async def _changes(self, request: web.Request, shown: str) -> AsyncIterator[bytes]:
        yield _event(shown)
        quiet = 0
        while not self._closing.is_set():
            await self._wakeups.wait(TOPIC, LOOK_AGAIN_SECONDS)
            table = await self._table(request)
            if table != shown:
                shown, quiet = table, 0
                yield _event(table)
            elif (quiet := quiet + 1) % QUIET_LOOKS == 0:
                yield b": quiet\n\n"

    async def _table(self, request: web.Request) -> str:
        """The statement as HTML; raises 404 where the token is none or wrong, as for a missing account."""
        told = request.query.get("token", "").encode(errors="replace")
        if not self._token or not hmac.compare_digest(told, self._token):
            raise web.HTTPNotFound
        try:
            view = await self._statements.ledger(request.match_info["number"], limit=ROWS)
        except UnknownAccount:
            raise web.HTTPNotFound from None
        return self._pages.text(request, "ledger_table.html", view=view)


def _event(table: str) -> bytes:
    return f"data: {json.dumps(table)}\n\n".encode()
