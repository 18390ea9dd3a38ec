"""The sandbox adapter and the desk that it calls."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from core.payments.sandbox import Sandbox
from tests.core.payments.sandbox_desk import Desk, sandbox_at


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    there = Desk()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", there.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/provider"
    yield there
    if there.silent is not None:
        there.silent.set()
    await runner.cleanup()


@pytest.fixture
async def sandbox(desk: Desk) -> AsyncIterator[Sandbox]:
    opened = sandbox_at(desk.url)
    yield opened
    await opened.close()
