"""The stand, over a webhook and over long polling."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.bot.accounts import import_accounts
from tests.bot.stand import Person, Stand, open_stand


@pytest.fixture
async def stand(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings) as opened:
        await import_accounts(opened.core.imports, tmp_path, opened.core.profile.tariffs[0].code)
        yield opened


@pytest.fixture
def person(stand: Stand) -> Person:
    return stand.person
