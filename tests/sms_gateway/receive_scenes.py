"""A receiving end on the core's inbox, and the messages and parts that an SMSC hands over to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from core.messages.incoming import Accepted, Arrival
from core.storage.message_tables import incoming, sms_part
from core.use_cases.receiving import Receiving
from core.wiring import Core
from sms_gateway.receipts import Receipt
from sms_gateway.receive import Receive
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import DataSm, DeliverSm, Tlv

OK, LATER = 0x00, 0x64
PHONE = "79141234567"
SMSC = Smsc("smsc.example", 2775, "us", "secret", called="smsc")


class Watched(Receiving):
    """The inbox, with the sizes of its commits, and a disk that is full for as long as a test says."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.database, core.clock)
        self.commits: list[int] = []
        self.full = False

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        if self.full:
            raise OSError("disk full")
        self.commits.append(len(messages))
        return await super().accept(messages)


class Door:
    """A `Receive` on the core's inbox, with what it handed on."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.smsc = SMSC
        self.seconds = 59_990.0
        self.inbox = Watched(core)
        self.taken: list[Accepted] = []
        self.receipts: list[Receipt] = []
        self.receive = Receive(
            self.inbox,
            take_up=self.taken.extend,
            on_receipt=self._keep,
            now=lambda: self.seconds,
        )

    async def _keep(self, smsc: str, receipt: Receipt) -> None:
        assert smsc == SMSC.name
        self.receipts.append(receipt)

    async def take(self, *pdus: DeliverSm | DataSm) -> list[int]:
        return list(await asyncio.gather(*(self.receive.on_message(self.smsc, pdu) for pdu in pdus)))

    async def rows(self) -> list[Any]:
        async with self.core.database.read() as tx:
            return await tx.all(select(incoming).order_by(incoming.c.id))

    async def parts(self) -> int:
        async with self.core.database.read() as tx:
            return len(await tx.all(select(sms_part.c.key)))


@asynccontextmanager
async def open_door(core: Core) -> AsyncIterator[Door]:
    door = Door(core)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.receive.run())
        yield door
        running.cancel()


def text(said: str, *, source: str = PHONE, tlvs: tuple[Tlv, ...] = ()) -> DeliverSm:
    return DeliverSm(
        source_addr_ton=1,
        source_addr=source,
        destination_addr="3116",
        data_coding=8,
        short_message=said.encode("utf-16-be"),
        tlvs=tlvs,
    )


def parts_of(said: bytes, *cuts: int, reference: int = 7) -> list[DeliverSm]:
    edges = [0, *cuts, len(said)]
    return [
        DeliverSm(
            source_addr=PHONE,
            destination_addr="3116",
            esm_class=0x40,
            data_coding=8,
            short_message=bytes((5, 0, 3, reference, len(edges) - 1, number))
            + said[edges[number - 1] : edges[number]],
        )
        for number in range(1, len(edges))
    ]
