"""The demo's clock over HTTP, for the simulator's page: a small server of the demo alone, with a token."""

import asyncio
import hmac
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from commands.time_travel import TimeTravel

DAYS_MOST = 92


class ClockDoor:
    """GET tells the product's moment; POST {"days": n} sends it ahead and answers at once."""

    def __init__(self, travel: TimeTravel, tasks: asyncio.TaskGroup, *, token: str) -> None:
        self._travel = travel
        self._tasks = tasks
        self._token = token.encode()
        self._journey: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/clock", self._get), web.post("/clock", self._post)]

    def close(self) -> None:
        if self._journey is not None:
            self._journey.cancel()

    async def _get(self, request: web.Request) -> web.Response:
        self._let_in(request)
        return self._told()

    async def _post(self, request: web.Request) -> web.Response:
        self._let_in(request)
        days = _days(await request.read())
        if self._travel.moving:
            raise web.HTTPConflict
        self._journey = self._tasks.create_task(self._travel.go(days))
        await asyncio.sleep(0)  # the journey has begun when the answer says so
        return self._told()

    def _told(self) -> web.Response:
        travel = self._travel
        told = {"now": travel.now.isoformat(timespec="seconds"), "zone": str(travel.zone)}
        return web.json_response({**told, "moving": travel.moving, "days_left": travel.days_left})

    def _let_in(self, request: web.Request) -> None:
        """As for the ledger's page: a wrong token finds nothing."""
        told = request.query.get("token", "").encode(errors="replace")
        if not hmac.compare_digest(told, self._token):
            raise web.HTTPNotFound


def _days(body: bytes) -> int:
    try:
        days = json.loads(body)["days"]
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest from None
    if type(days) is not int or not 1 <= days <= DAYS_MOST:
        raise web.HTTPBadRequest
    return days


@asynccontextmanager
async def clock_door(travel: TimeTravel, listener: socket.socket, *, token: str) -> AsyncIterator[None]:
    """Served while the block runs; a journey that is under way at its end is given up."""
    async with asyncio.TaskGroup() as tasks:
        door = ClockDoor(travel, tasks, token=token)
        app = web.Application()
        app.add_routes(door.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        try:
            yield
        finally:
            await runner.cleanup()
            door.close()
