"""An SMSC on an independent implementation: smpp34's server, with its decisions in the test's hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import smpp34

from tests.servers.processes import free_port

WAIT_SECONDS = 15.0


class Smpp34Smsc:
    """`hold`: submits wait for the test to take them from `held`; else they are accepted at once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.hold = False
        self.held: asyncio.Queue[smpp34.SubmitSmEvent] = asyncio.Queue()
        self.texts: list[tuple[str, str]] = []  # (to, text)
        self.ids: list[str] = []
        self._parts = ""
        self.unbound = 0
        self._esmes: asyncio.Queue[smpp34.Esme] = asyncio.Queue()
        self._server = smpp34.Server("127.0.0.1", port, system_id="PEER")

    async def esme(self) -> smpp34.Esme:
        """The next client that binds."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._esmes.get()

    async def submit(self) -> smpp34.SubmitSmEvent:
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.held.get()

    def accept(self, event: smpp34.SubmitSmEvent) -> str:
        message_id = f"{len(self.ids) + 0xA0:x}"
        self.ids.append(message_id)
        self._read(event)
        event.accept(message_id)
        return message_id

    def _read(self, event: smpp34.SubmitSmEvent) -> None:
        """Parts come in order; a text counts once its last one is here."""
        octets, is_last = event.short_message, True
        if event.esm_class & 0x40:
            is_last, octets = octets[4] == octets[5], octets[6:]
        self._parts += octets.decode("utf-16-be" if event.data_coding == 8 else "ascii")
        if is_last:
            self.texts.append((event.destination_addr, self._parts))
            self._parts = ""

    async def run(self) -> None:
        while True:
            match await self._server.next():
                case smpp34.Esme() as esme:
                    self._esmes.put_nowait(esme)
                case smpp34.SubmitSmEvent() as event if self.hold:
                    self.held.put_nowait(event)
                case smpp34.SubmitSmEvent() as event:
                    self.accept(event)
                case _:
                    self.unbound += 1

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()


@asynccontextmanager
async def smpp34_smsc(port: int = 0) -> AsyncIterator[Smpp34Smsc]:
    smsc = Smpp34Smsc(port or free_port())
    await smsc.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(smsc.run())
            yield smsc
            running.cancel()
    finally:
        await smsc.stop()
