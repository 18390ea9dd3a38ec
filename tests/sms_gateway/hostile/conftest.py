"""An SMSC that does wrong, the settings that lead to it, and no long waits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from core.settings import Settings
from tests.sms_gateway.hostile_smsc import Hostile, hostile_smsc


@pytest.fixture
async def smsc() -> AsyncIterator[Hostile]:
    async with hostile_smsc() as opened:
        yield opened


@pytest.fixture
def settings(database_url: str, smsc: Hostile) -> Settings:
    url = f"smpp://demo:secret@127.0.0.1:{smsc.smsc.port}?name=hostile&per_second=10000"
    return Settings(_env_file=None, env="test", database_url=database_url, smsc_url=SecretStr(url))


@pytest.fixture(autouse=True)
def quick_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)
    monkeypatch.setattr("sms_gateway.settling.ASK_SECONDS", 0.02)
    monkeypatch.setattr("sms_gateway.delivery.IDLE_SECONDS", 0.05)
