"""An SMSC of bare sockets that says exactly what a test has it say, sound or not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sms_gateway.smpp.connection import OnMessage
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.pdu import DataSm, DeliverSm
from sms_gateway.smpp.session import Session
from tests.sms_gateway.octets import frame, header

READ_SECONDS = 10.0

BIND_RECEIVER = 0x01
BIND_TRANSMITTER = 0x02
BIND_TRANSCEIVER = 0x09
QUERY_SM = 0x03
SUBMIT_SM = 0x04
UNBIND = 0x06
ENQUIRE_LINK = 0x15
RESP = 0x80000000

# Short enough for a test, long enough for a loaded machine; who needs less says so.
QUICK = Patience(
    connect_seconds=5,
    response_seconds=5,
    answer_seconds=5,
    drain_seconds=5,
    reconnect_first_seconds=0.01,
    reconnect_most_seconds=0.05,
    refused_first_seconds=0.01,
    refused_most_seconds=0.05,
    throttled_first_seconds=0.01,
)


class Peer:
    """The SMSC's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.gone = asyncio.Event()

    async def next(self, *, within: float | None = READ_SECONDS) -> bytes:
        """The next frame, cut by its command_length alone."""
        async with asyncio.timeout(within):
            length = await self._reader.readexactly(4)
            return length + await self._reader.readexactly(int.from_bytes(length, "big") - 4)

    async def expect(self, command: int) -> bytes:
        got = await self.next()
        assert header(got)[1] == command, f"{header(got)[1]:#x} instead of {command:#x}"
        return got

    def send(self, octets: bytes) -> None:
        self._writer.write(octets)

    def answer(self, request: bytes, body: bytes = b"", *, status: int = 0) -> None:
        _, command, _, sequence = header(request)
        self.send(frame(command | RESP, body, status=status, sequence=sequence))

    async def bind(self, command: int = BIND_TRANSCEIVER) -> bytes:
        request = await self.expect(command)
        self.answer(request, b"raw\0")
        return request

    async def closed(self) -> bool:
        """Whether the other side closes, and says nothing before."""
        async with asyncio.timeout(READ_SECONDS):
            with suppress(ConnectionResetError):
                return await self._reader.read() == b""
            return True

    def reset(self) -> None:
        self._writer.transport.abort()
        self.gone.set()

    async def to_the_end(self) -> bytes:
        async with asyncio.timeout(READ_SECONDS):
            return await self._reader.read()

    def cut(self) -> None:
        self._writer.close()
        self.gone.set()


class RawSmsc:
    def __init__(self) -> None:
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._all: list[Peer] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawSmsc]:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for peer in self._all:
                peer.cut()
            self._server.close()
            await self._server.wait_closed()

    async def peer(self) -> Peer:
        """The next connection that was made."""
        async with asyncio.timeout(READ_SECONDS):
            return await self._peers.get()

    async def bound(self) -> Peer:
        peer = await self.peer()
        await peer.bind()
        return peer

    async def bound_sometime(self) -> Peer:
        """The next connection that binds, whenever that is."""
        peer = await self._peers.get()
        await peer.bind()
        return peer

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self._all.append(peer)
        self._peers.put_nowait(peer)
        await peer.gone.wait()


@asynccontextmanager
async def session_with(
    smsc: RawSmsc,
    on_message: OnMessage,
    *,
    patience: Patience = QUICK,
    window: int = 10,
    per_second: int = 10_000,
) -> AsyncIterator[Session]:
    session = Session(
        Smsc("127.0.0.1", smsc.port, "demo", "secret", "test", window=window, per_second=per_second),
        on_message=on_message,
        patience=patience,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        yield session
        running.cancel()


async def take_all(_: DeliverSm | DataSm) -> int:
    return 0
