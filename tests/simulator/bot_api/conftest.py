"""A fresh world for each test of the Bot API server."""

from collections.abc import AsyncIterator

import pytest

from tests.simulator.bot_api.served import USER, Hook, Served, hooked, served


@pytest.fixture
async def api() -> AsyncIterator[Served]:
    async with served() as running:
        yield running


@pytest.fixture
async def chat(api: Served) -> int:
    """The chat of a person who has started the bot; its first message is confirmed."""
    api.bot_api.phones.write(USER, "/start")
    await api.updates(offset=-1)
    api.bot_api.updates.drop_all()
    return USER


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with hooked(Hook()) as listening:
        yield listening
