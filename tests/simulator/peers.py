"""What stands on the other side of the simulator in its tests: waiting, and an ESME that answers as told."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import smpp34

T = TypeVar("T")
DEADLINE_SECONDS = 10
HEADER = struct.Struct(">IIII")
DELIVER_SM, DELIVER_SM_RESP, ENQUIRE_LINK, BIND_TRANSCEIVER = 0x5, 0x80000005, 0x15, 0x9


def wall_clock() -> datetime:
    return datetime.fromtimestamp(time.time(), tz=UTC)


async def eventually(look: Callable[[], T], *, seconds: float = DEADLINE_SECONDS) -> T:
    """What `look` returns once it is true; looked at every 10 ms."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r} after {seconds} s"
        await asyncio.sleep(0.01)
    return seen


class RawEsme:
    """Binds with hand-packed frames; answers each deliver_sm with the next of `statuses`, then with OK."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, statuses: list[int]
    ) -> None:
        self.received: list[smpp34.DeliverSm] = []
        self._reader = reader
        self._writer = writer
        self._statuses = statuses

    def send(self, command: int, body: bytes = b"", *, status: int = 0, sequence: int = 1) -> None:
        self._writer.write(HEADER.pack(16 + len(body), command, status, sequence) + body)

    async def frame(self) -> bytes:
        start = await self._reader.readexactly(4)
        return start + await self._reader.readexactly(int.from_bytes(start) - 4)

    async def serve(self) -> None:
        while True:
            frame = await self.frame()
            _, command, _, sequence = HEADER.unpack_from(frame)
            if command == DELIVER_SM:
                message = smpp34.decode(frame)
                assert isinstance(message, smpp34.DeliverSm)
                self.received.append(message)
                status = self._statuses.pop(0) if self._statuses else 0
                self.send(DELIVER_SM_RESP, b"\0", status=status, sequence=sequence)


@asynccontextmanager
async def raw_esme(
    port: int, *, system_id: str = "demo", password: str = "demo", statuses: list[int] | None = None
) -> AsyncIterator[RawEsme]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    esme = RawEsme(reader, writer, statuses or [])
    esme.send(BIND_TRANSCEIVER, f"{system_id}\0{password}\0\0\x34\0\0\0".encode())
    try:
        yield esme
    finally:
        writer.close()
