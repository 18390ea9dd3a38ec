"""How a provider's server misbehaves: what it was asked is done, and its answer is late, lost or broken."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum

from aiohttp import web

Serve = Callable[[web.Request], Awaitable[web.Response]]


class Fault(StrEnum):
    SILENT = "silent"  # done, and no answer before the caller gives up
    BROKEN = "500"  # done, and 500
    CUT = "cut"  # done, and the connection is closed in the middle of the answer
    GARBAGE = "garbage"  # done, and the answer is no document of the API
    HUGE = "huge"  # done, and the answer does not end
    AWAY = "away"  # elsewhere: a page that sends the caller on to another place


class Faults:
    """Each of the coming requests meets the next fault; without one the answer is as documented."""

    def __init__(self) -> None:
        self._coming: deque[Fault] = deque()

    def then(self, *faults: Fault) -> None:
        self._coming.extend(faults)

    def before(self, serve: Serve) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler, with the faults between it and who asks."""

        async def spoiled(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, serve)

        return spoiled

    async def _answer(self, request: web.Request, serve: Serve) -> web.StreamResponse:
        answer = await serve(request)
        if not self._coming:
            return answer
        fault = self._coming.popleft()
        if fault is Fault.SILENT:
            await asyncio.Event().wait()
        if fault is Fault.BROKEN:
            return web.Response(status=500, text="{}")
        if fault is Fault.GARBAGE:
            return web.Response(text="<html>\x00", content_type="text/html")
        if fault is Fault.AWAY:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return await _half(request, endless=fault is Fault.HUGE)


async def _half(request: web.Request, *, endless: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(64 * 1024 * 1024)})
    await response.prepare(request)
    piece = b" " * (256 * 1024)
    try:
        while endless:
            await response.write(piece)
        await response.write(b'{"id": ')
    except ConnectionError:
        return response  # the caller had enough
    assert request.transport is not None
    request.transport.close()
    return response
