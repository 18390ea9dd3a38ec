"""Wiring: what the settings name is what is opened, and all of it is closed."""

import pytest
from sqlalchemy.exc import DBAPIError

from core.messages.wakeups import LocalWakeups, RedisWakeups
from core.settings import Settings
from core.states import Method
from core.storage.tables import ledger_account
from core.wiring import open_core
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

SANDBOX = {"payment_provider": "sandbox", "sandbox_url": "http://127.0.0.1:1/provider", "sandbox_key": "k"}


@ON_SQLITE
async def test_the_settings_name_the_provider_and_the_wakeups(settings: Settings, redis_url: str) -> None:
    named = Settings.model_validate(settings.model_dump() | SANDBOX | {"redis_url": redis_url})
    async with open_core(named) as core:
        assert core.payments.takes(Method.CARD)
        assert core.payments.takes(Method.MOBILE)
        assert isinstance(core.wakeups, RedisWakeups)
        names = {row.name for row in await rows(core, ledger_account)}
        assert names == {"revenue", "commission", "suspense", "opening", "clearing:sandbox"}
    async with open_core(settings) as core:
        assert not core.payments.takes(Method.CARD)
        assert isinstance(core.wakeups, LocalWakeups)


@ON_SQLITE
async def test_business_time_and_wall_time_are_two_clocks(settings: Settings, clock: FakeClock) -> None:
    async with open_core(settings, clock=clock) as core:
        assert core.clock is clock
        assert core.wall is not clock


async def test_a_database_without_a_schema_is_not_opened(tmp_path: object) -> None:
    empty = Settings(_env_file=None, env="test", database_url=f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    with pytest.raises(DBAPIError, match="no such table"):
        async with open_core(empty):
            pass
