"""The whole door at an SMSC that does wrong: what is owed through it, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Cancelled, Notice
from core.money import Money
from core.settings import Settings
from core.storage.message_tables import notice
from core.wiring import Core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor
from sms_gateway.smpp.link import Patience
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.raw_smsc import QUICK

PHONE, OTHER = "79141234567", "79141234568"
MONEY = Cancelled(number="100080", amount=Money(10_000))
IMPATIENT = replace(QUICK, response_seconds=0.6, enquire_link_seconds=30)
OK, LATER = 0x00, 0x64


@asynccontextmanager
async def door_of(core: Core, patience: Patience = IMPATIENT) -> AsyncIterator[SmsDoor]:
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=patience)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        await until(lambda: all(bind.up for bind in door.binds))
        yield door
        running.cancel()


async def owe(core: Core, clock: FakeClock, *phones: str, said: Notice = MONEY) -> None:
    async with core.database.transaction() as tx:
        for phone in phones:
            await outbox.add(tx, Payer.sms(phone), said, key=phone, locale="ru", now=clock.now())


async def rows(core: Core, table: Any) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(table).order_by(table.c[0]))


async def becomes(core: Core, *states: str) -> list[Any]:
    async def look() -> list[Any]:
        found = await rows(core, notice)
        return found if sorted(row.state for row in found) == sorted(states) else []

    return await until(look, what=f"notices {states}")


def with_option(core: Core, option: str) -> Settings:
    url = f"{core.settings.smsc_url.get_secret_value()}&{option}"
    return core.settings.model_copy(update={"smsc_url": SecretStr(url)})
