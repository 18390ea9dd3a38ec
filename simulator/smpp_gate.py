"""The SMSC's street door: checks who binds, then passes frames to smpp34's server and back."""

import asyncio
import struct

from simulator.background import Background
from simulator.connections import reset
from simulator.faults import Faults

# command_id and command_status, SMPP 3.4 sections 5.1.2.1 and 5.1.3.
BINDS = {0x1, 0x2, 0x9}
SUBMIT_SM_RESP = 0x80000004
RESPONSE = 0x80000000
OK, WRONG_STATE, WRONG_PASSWORD, WRONG_SYSTEM_ID = 0x0, 0x4, 0xE, 0xF

HEADER = struct.Struct(">IIII")
LONGEST_PDU = 128 * 1024
BIND_SECONDS = 10


class Gate:
    """Passwords and lost answers: smpp34's server lets everybody bind and answers every submit_sm."""

    def __init__(self, background: Background, faults: Faults, *, system_id: str, password: str) -> None:
        self._background = background
        self._faults = faults
        self._system_id = system_id.encode()
        self._password = password.encode()
        self._writers: set[asyncio.StreamWriter] = set()
        self._inner_port = 0

    async def open(self, host: str, port: int, *, inner_port: int) -> asyncio.Server:
        self._inner_port = inner_port
        return await asyncio.start_server(self._admit, host, port)

    def cut(self) -> None:
        """Reset every connection, as a failing network does: nothing is unbound, no answer is flushed."""
        for writer in self._writers:
            reset(writer.transport)

    def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._background.start(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.timeout(BIND_SECONDS):
                bind = await read_frame(reader)
            status = self._verdict(bind)
            if status == OK:
                await self._relay(bind, reader, writer)
            else:
                _, command, _, sequence = HEADER.unpack_from(bind)
                writer.write(HEADER.pack(16, command | RESPONSE, status, sequence))
                await writer.drain()
        except (OSError, EOFError, TimeoutError, ValueError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.close()

    def _verdict(self, bind: bytes) -> int:
        if HEADER.unpack_from(bind)[1] not in BINDS:
            return WRONG_STATE
        system_id, password, *_ = [*bind[16:].split(b"\0"), b""]
        if system_id != self._system_id:
            return WRONG_SYSTEM_ID
        return OK if password == self._password else WRONG_PASSWORD

    async def _relay(self, bind: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner_port)
        inner_writer.write(bind)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inwards(reader, inner_writer))
            group.create_task(self._outwards(inner_reader, writer))

    async def _inwards(self, reader: asyncio.StreamReader, inner: asyncio.StreamWriter) -> None:
        """Bytes as they come: bad framing is smpp34's to judge."""
        try:
            while data := await reader.read(64 * 1024):
                inner.write(data)
                await inner.drain()
        except OSError:
            inner.transport.abort()
        finally:
            inner.close()

    async def _outwards(self, inner: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                frame = await read_frame(inner)
                is_answer = HEADER.unpack_from(frame)[1] == SUBMIT_SM_RESP
                if not (is_answer and self._faults.take("lose_responses")):
                    writer.write(frame)
                    await writer.drain()
        except (OSError, EOFError):
            pass  # the session has ended: what is left to do is to close
        finally:
            writer.close()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """One PDU; raises EOFError at the end of the connection, ValueError on an impossible length."""
    start = await reader.readexactly(4)
    length = int.from_bytes(start)
    if not HEADER.size <= length <= LONGEST_PDU:
        raise ValueError(f"a PDU of {length} octets")
    return start + await reader.readexactly(length - 4)
