"""The way to the clock of a product that lets it be moved: what the page asks is passed on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

ANSWER_SECONDS = 10


class ClockRoutes:
    """GET and POST are passed on as they are; without an address there is no clock to move."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/phone/clock", self._pass_on), web.post("/phone/clock", self._pass_on)]

    async def _pass_on(self, request: web.Request) -> web.Response:
        if not self._url:
            return _error("no_clock", 404)
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        body = await request.read()
        try:
            async with self._session.request(request.method, self._url, data=body, timeout=limit) as answer:
                if answer.status != 200:
                    return _error("refused", answer.status)
                return web.json_response(await answer.json())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return _error("no_answer", 502)  # the product is not there, or not yet


def _error(code: str, status: int) -> web.Response:
    return web.Response(text=json.dumps({"error": code}), status=status, content_type="application/json")


@asynccontextmanager
async def open_clock(url: str) -> AsyncIterator[ClockRoutes]:
    async with aiohttp.ClientSession() as session:
        yield ClockRoutes(session, url)
