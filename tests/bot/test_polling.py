"""Long polling: nothing is forgotten by Telegram before it is stored here."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot import loops
from bot.polling import Polling
from core.settings import Settings
from core.storage.message_tables import incoming
from tests.bot.accounts import import_accounts
from tests.bot.stand import Stand, open_stand
from tests.deadlines import until


@pytest.fixture
async def polled(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, webhook=False) as opened:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        yield opened


@pytest.fixture
async def quiet(sqlite_url: str) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, webhook=False, runs=False) as opened:
        yield opened


async def test_a_person_is_answered(polled: Stand) -> None:
    polled.person.says("/start")
    await polled.person.sees("привяжите лицевой счёт")
    polled.person.presses("Помощь")
    await polled.person.sees("Справочная")
    await polled.settled()


async def test_polling_without_a_webhook_has_no_route(polled: Stand) -> None:
    assert polled.door.routes() == []


async def test_trouble_with_telegram_is_waited_out(polled: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "TRY_AGAIN_SECONDS", (0.01,))
    polled.api.set_faults({"server_error": {"methods": ["getUpdates"], "calls": 2}})
    polled.person.says("/help")
    await polled.person.sees("Справочная")
    polled.person.says("/privacy")
    await polled.person.sees("хранит")


async def test_the_offset_moves_on_only_after_the_commit(
    quiet: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = Polling(quiet.door.bot, quiet.door.inbox, poll_seconds=0)
    quiet.person.says("/help")

    async def unreachable(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(type(quiet.core.receiving), "accept", unreachable)
        with pytest.raises(ConnectionError):
            await fetching.fetch_once()
    (again,) = await fetching.fetch_once()
    assert again.arrival.payload["text"] == "/help"
    assert await fetching.fetch_once() == []
    assert quiet.api.updates.pending() == []


async def test_a_database_that_comes_back_is_asked_again(
    polled: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "TRY_AGAIN_SECONDS", (0.01,))
    accept, refused = type(polled.core.receiving).accept, asyncio.Event()

    async def once_unreachable(*arguments: object) -> object:
        if refused.is_set():
            return await accept(*arguments)  # type: ignore[arg-type]  # as it was called
        refused.set()
        raise ConnectionError

    monkeypatch.setattr(type(polled.core.receiving), "accept", once_unreachable)
    polled.person.says("/help")
    await polled.person.sees("Справочная")
    assert refused.is_set()


async def test_an_update_that_comes_twice_is_stored_once(quiet: Stand) -> None:
    quiet.person.says("/help")
    one, other = (Polling(quiet.door.bot, quiet.door.inbox, poll_seconds=0) for _ in range(2))
    assert len(await one.fetch_once()) == 1
    assert await other.fetch_once() == []

    async def stored() -> int:
        async with quiet.core.database.read() as tx:
            return int(await tx.scalar(select(func.count()).select_from(incoming)))

    await until(stored)
    assert await stored() == 1
