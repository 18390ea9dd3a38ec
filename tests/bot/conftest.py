"""The stand, as it is by default and where cards are kept; the person in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.delivery import Delivery
from bot.pace import BulkPace, Pace
from core.messages.rates import LocalRates
from core.settings import Settings
from handlers.telegram import watches
from tests.bot.accounts import import_accounts
from tests.bot.desk_scenes import APPROVER, staffed_stand
from tests.bot.stand import FAST, Person, Stand, open_stand
from tests.core.autopay_scenes import CARD_KEY


@pytest.fixture
async def stand(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings) as opened:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        yield opened


@pytest.fixture
def delivery(stand: Stand) -> Delivery:
    core = stand.core
    return Delivery(core.sending, core.subscribers, core.wakeups, stand.door.bot, stand.catalogues)


@pytest.fixture
def pace() -> BulkPace:
    return Pace(LocalRates(FAST, first=FAST)).bulk()


@pytest.fixture
def person(stand: Stand) -> Person:
    return stand.person


@pytest.fixture
async def keeping(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    """The stand with a card key: cards are kept, autopay is offered, codes go out by SMS."""
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url, card_key=SecretStr(CARD_KEY))
    async with open_stand(settings) as opened:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        yield opened
        broken = [each for each in await opened.core.invariants.check() if each.code not in ("I6", "I13")]
        assert broken == []


@pytest.fixture
def keeper(keeping: Stand) -> Person:
    return keeping.person


@pytest.fixture
async def staffed(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """The stand with staff at the desk, and readers."""
    monkeypatch.setattr(watches, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(watches, "SHARE", 0)
    async with staffed_stand(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def sender(staffed: Stand) -> Person:
    return staffed.person


@pytest.fixture
def approver(staffed: Stand) -> Person:
    return Person(staffed.api, APPROVER)
