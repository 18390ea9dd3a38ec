"""The one HTTP server of a process: the pages of web/ and the webhook of bot/."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from core.wiring import Core
from handlers.locale import Catalogues
from web.app import make_app

# A long SMS that Kannel has joined comes in an address: 255 parts, three letters an octet.
LINE_LARGEST_BYTES = 128 * 1024
ANSWERS_SECONDS = 10.0  # for requests that are under way when the process stops


@asynccontextmanager
async def site(
    core: Core,
    catalogues: Catalogues,
    routes: Sequence[web.RouteDef],
    listener: socket.socket | None,
    *,
    pages: bool,
) -> AsyncIterator[str]:
    """Listen at ALIANCE_HTTP_HOST and _PORT, or on a socket that listens already; yields the address."""
    app = make_app(core, catalogues) if pages else web.Application()
    app.add_routes(routes)
    # Addresses hold one-time tokens: there is no access log.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=ANSWERS_SECONDS, max_line_size=LINE_LARGEST_BYTES
    )
    await runner.setup()
    try:
        if listener is None:
            await web.TCPSite(runner, core.settings.http_host, core.settings.http_port).start()
        else:
            await web.SockSite(runner, listener).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
