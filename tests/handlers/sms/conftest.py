"""A core on SQLite with two accounts, and a phone that writes to its SMS handlers."""

import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import argon2
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.ids import IncomingId
from core.messages.incoming import VOUCHED, Arrival
from core.settings import Settings
from core.states import Channel, IncomingOutcome, Lane
from core.storage.message_tables import incoming
from core.use_cases.import_file import COLUMNS
from core.wiring import Core, open_core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from handlers.sms.texts import Texts
from tests.core.autopay_scenes import CARD_KEY
from tests.fakes import FakeClock, FakeProvider

PHONE = "79140000001"  # registered with 100080
STRANGER = "79020000009"

ACCOUNTS: list[dict[str, str]] = [
    {"number": "100080", "login": "one", "phones": PHONE, "tariff": "moskva", "opening_balance": "198.19"},
    {"number": "166301", "login": "two", "opening_balance": "19.26"},
]


@dataclass
class Phones:
    """Phones around the short code: what they send is handled at once, what they get is worded."""

    core: Core
    dispatch: Dispatch
    texts: Texts
    provider: FakeProvider
    clock: FakeClock
    outcomes: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    async def send(self, text: str, *, sender: str = PHONE, **payload: Any) -> str | None:
        """Send one text; the reply's words, or None where there was silence."""
        received = await self.sends(text, sender=sender, **payload)
        assert len(received) <= 1
        return received[0] if received else None

    async def sends(self, text: str, *, sender: str = PHONE, **payload: Any) -> list[str]:
        """Send one text; all that comes then."""
        arrival = Arrival(
            channel=Channel.SMS,
            source="test",
            external_id=str(next(self._numbers)),
            sender=sender,
            payload={"text": text, "to": "3116", "smsc": "test", VOUCHED: True, **payload},
        )
        [accepted] = await self.core.receiving.accept([arrival])
        await self.dispatch.handle(accepted)
        return await self.received()

    async def outcome(self) -> IncomingOutcome:
        """What became of the newest message."""
        async with self.core.database.read() as tx:
            row = await tx.one(select(incoming.c.outcome).order_by(incoming.c.id.desc()).limit(1))
        return IncomingOutcome(row.outcome)

    async def newest(self) -> IncomingId:
        """The message that came last."""
        async with self.core.database.read() as tx:
            return IncomingId(await tx.scalar(select(incoming.c.id).order_by(incoming.c.id.desc()).limit(1)))

    async def received(self) -> list[str]:
        """What the outbox holds for phones, delivered now."""
        due = [each for lane in Lane for each in await self.core.sending.claim(Channel.SMS, 100, lane=lane)]
        await self.core.sending.sent([(notice, None) for notice in due])
        return [self.texts.render(notice) for notice in due]


@pytest.fixture
async def phones(sqlite_url: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Phones]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url, card_key=SecretStr(CARD_KEY))
    provider = FakeProvider(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        report = await core.imports.run(_accounts_file(tmp_path), dry_run=False)
        assert report.problems == []
        catalogues = Catalogues(core.profile.zone)
        yield Phones(core, Dispatch(core, catalogues), Texts(core.profile, catalogues), provider, clock)
        # Days pass in some tests, and nobody posts the fees meanwhile.
        assert [each for each in await core.invariants.check() if each.code != "I13"] == []


def _accounts_file(folder: Path) -> Path:
    path = folder / "accounts.csv"
    password_hash = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash("secret")
    same = {
        "password_hash": password_hash,
        "holder": "Абонент",
        "city": "Владивосток",
        "street": "Луговая",
        "house": "1",
        "state": "active",
    }
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(same | account for account in ACCOUNTS)
    return path
