"""What tests of the SMS door are given: an SMSC of bare sockets, a receiving end, late answers at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.wiring import Core
from tests.sms_gateway.raw_smsc import RawSmsc
from tests.sms_gateway.receive_scenes import Door, open_door


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc().listening() as listening:
        yield listening


@pytest.fixture
async def door(core: Core) -> AsyncIterator[Door]:
    async with open_door(core) as opened:
        yield opened


@pytest.fixture
def late_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)
