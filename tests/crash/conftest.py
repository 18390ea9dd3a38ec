"""The outside world of the crash tests: it lives on while the product dies."""

from collections.abc import AsyncIterator

import pytest

from commands.outside import Outside
from tests.crash.lives import world


@pytest.fixture
async def opened() -> AsyncIterator[Outside]:
    async with world() as outside:
        yield outside
