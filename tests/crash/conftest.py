"""The outside world of the crash tests: one for all of them, it lives on while the product dies."""

from collections.abc import AsyncIterator

import pytest_asyncio

from commands.outside import Outside
from tests.crash.lives import world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def opened() -> AsyncIterator[Outside]:
    async with world() as outside:
        yield outside
