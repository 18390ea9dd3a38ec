"""The resident memory of a bind that takes a million texts and answers each: flat over the second half.

In the first half the texts of a minute fill what repeats are known by, and the allocator finds its size.
"""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Sequence

import uvloop

from benchmarks.figures import Figure
from benchmarks.memory_esme import SHORT_CODE

TEXTS = 1_000_000  # and as many replies
WINDOW = 200
GROWTH = 1.05
DELIVER_SM, SUBMIT_SM, BIND_TRANSCEIVER, RESPONSE = 0x05, 0x04, 0x09, 0x80000000
_HEADER = struct.Struct(">IIII")


class _Smsc:
    """Frames packed by hand, so that the peer costs as little as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent = self._answered = 0

    async def run(self) -> None:
        bind = await self._next()
        self._answer(bind, b"bench\0")
        self._fill(WINDOW)
        while self._answered < TEXTS:
            frame = await self._next()
            command = _HEADER.unpack_from(frame)[1]
            if command == SUBMIT_SM:
                self._answered += 1
                self._answer(frame, b"%x\0" % self._answered)
            elif command == DELIVER_SM | RESPONSE:
                assert _HEADER.unpack_from(frame)[2] == 0, "a text was refused"
                self._fill(1)
        self._writer.close()

    def _fill(self, count: int) -> None:
        for _ in range(min(count, TEXTS - self._sent)):
            self._sent += 1
            phone = b"7900%07d" % (self._sent % 10_000_000)
            text = f"aliance {self._sent} 100".encode("utf-16-be")
            body = b"\0\1\1" + phone + b"\0\3\0" + SHORT_CODE.encode() + bytes(8) + b"\x08\0"
            body += bytes((len(text),)) + text
            self._writer.write(_HEADER.pack(16 + len(body), DELIVER_SM, 0, self._sent) + body)

    def _answer(self, frame: bytes, body: bytes) -> None:
        _, command, _, sequence = _HEADER.unpack_from(frame)
        self._writer.write(_HEADER.pack(16 + len(body), command | RESPONSE, 0, sequence) + body)

    async def _next(self) -> bytes:
        length = await self._reader.readexactly(4)
        return length + await self._reader.readexactly(int.from_bytes(length, "big") - 4)


async def _measured() -> dict[str, float]:
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Smsc(reader, writer).run()
        served.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        esme = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.memory_esme", str(port), str(TEXTS), stdout=subprocess.PIPE
        )
        said, _ = await esme.communicate()
        await served.wait()
    measured: dict[str, float] = json.loads(said.splitlines()[-1])  # its log comes before
    return measured


def run() -> Sequence[Figure]:
    said = uvloop.run(_measured())
    growth = said["last"] / said["half"]
    return [
        Figure(f"texts taken, each answered: {2 * TEXTS:,} messages", TEXTS / said["seconds"], "/s"),
        Figure("resident after 200,000 messages", said["tenth"], "MB"),
        Figure("resident after 1,000,000", said["half"], "MB"),
        Figure("resident after 2,000,000", said["last"], "MB"),
        Figure("growth over the last million", growth, "×", f"≤ {GROWTH}×", growth <= GROWTH),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.row())
