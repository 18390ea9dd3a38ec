"""The stand, as it is by default and where cards are kept; the person in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.settings import Settings
from tests.bot.accounts import import_accounts
from tests.bot.stand import Person, Stand, open_stand
from tests.core.autopay_scenes import CARD_KEY


@pytest.fixture
async def stand(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings) as opened:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        yield opened


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
