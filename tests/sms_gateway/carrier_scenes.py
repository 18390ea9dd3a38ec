"""A delivery with several binds: questions that come in by them, and what is owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.incoming import Arrival
from core.messages.notices import Cancelled, Help
from core.money import Money
from core.states import Channel
from core.storage.message_tables import notice
from core.wiring import Core
from tests.fakes import FakeClock
from tests.sms_gateway.fake_binds import Desk

MTS, BEELINE = "79147000001", "79020000001"  # by the profile's prefixes
MONEY = Cancelled(number="100080", amount=Money(10_000))


def desk_of(core: Core, *binds: Any) -> Desk:
    return Desk(core, *binds, render=lambda due: "text")


async def asks(core: Core, smsc: str, bind: str = "", *, phone: str = MTS) -> None:
    """A question comes in by a bind, and is answered into the outbox."""
    arrival = Arrival(
        Channel.SMS, smsc, f"{smsc}{bind}{phone}", phone, {"text": "help", "bind": bind or smsc}
    )
    (accepted,) = await core.receiving.accept([arrival])
    await core.receiving.finish(accepted.id, reply=Help(), to=Payer.sms(phone))


async def owe(core: Core, clock: FakeClock, phone: str) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(phone), MONEY, key=f"k{phone}", locale="ru", now=clock.now())


async def states(core: Core) -> list[str]:
    async with core.database.read() as tx:
        return [row.state for row in await tx.all(select(notice.c.state).order_by(notice.c.id))]
