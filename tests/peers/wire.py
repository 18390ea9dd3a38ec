"""What went over the loopback, as tshark captured it and as its SMPP dissector reads it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.deadlines import until

MALFORMED = "_ws.malformed or _ws.expert.severity >= 8388608"  # PI_ERROR of the dissectors
UNBIND_RESP = bytes.fromhex("80000006")
END_SECONDS = 15.0
_PRIVILEGED = [] if os.geteuid() == 0 else ["sudo", "-n"]


class Wire:
    """A capture of one TCP port, and what it shows once it has ended."""

    def __init__(self, port: int, file: Path) -> None:
        self._port = port
        self._file = file

    async def commands(self) -> Counter[str]:
        """How often each SMPP command was seen, by its number."""
        lines = await self._read("-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")
        return Counter(command for line in lines for command in line.split(","))

    async def malformed(self) -> list[str]:
        """One line a packet that the dissector finds fault with."""
        return await self._read("-Y", MALFORMED)

    def holds(self, octets: bytes) -> bool:
        return self._file.exists() and octets in self._file.read_bytes()

    async def _read(self, *asked: str) -> list[str]:
        reading = await asyncio.create_subprocess_exec(
            _tshark(), "-r", str(self._file), "-d", f"tcp.port=={self._port},smpp", *asked,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complained = await reading.communicate()
        assert reading.returncode == 0, complained.decode()
        return said.decode().splitlines()


@asynccontextmanager
async def captured(port: int, folder: Path) -> AsyncIterator[Wire]:
    """Capture what is said on a port while the block runs."""
    file = folder / f"{port}.pcapng"
    file.touch()  # as ours: who is root here writes into it and leaves it so
    capturing = await asyncio.create_subprocess_exec(
        *_PRIVILEGED, _tshark(), "-i", "lo", "-f", f"tcp port {port}", "-w", str(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said: list[str] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(_hear(capturing, said))
            await until(lambda: file.stat().st_size, what=f"tshark captures: {said}")
            yield Wire(port, file)
            await _end(capturing)
            hearing.cancel()
    finally:
        if capturing.returncode is None:
            await _end(capturing)


async def _end(capturing: asyncio.subprocess.Process) -> None:
    if _PRIVILEGED:  # it is root's, and hears root alone
        ending = await asyncio.create_subprocess_exec(*_PRIVILEGED, "kill", "-INT", str(capturing.pid))
        await ending.wait()
    else:
        capturing.send_signal(signal.SIGINT)
    await asyncio.wait_for(capturing.wait(), END_SECONDS)


async def _hear(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode())


def _tshark() -> str:
    found: str | None = shutil.which("tshark", path=os.pathsep.join((os.defpath, "/usr/sbin", "/usr/bin")))
    assert found, "tshark is not installed: `make peers` installs it"
    return found
