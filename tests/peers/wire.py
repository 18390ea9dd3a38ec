"""What went over the loopback, as it was captured and as tshark's dissectors read it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.deadlines import until

MALFORMED = "_ws.malformed or _ws.expert.severity >= 8388608"  # PI_ERROR of the dissectors
SUBMIT_SM = "0x00000004"  # as tshark writes it
UNBIND_RESP = bytes.fromhex("80000006")
START_SECONDS = 60.0
END_SECONDS = 15.0
_PRIVILEGED = [] if os.geteuid() == 0 else ["sudo", "-n"]


class Wire:
    """A capture of some TCP ports, and what it shows once it has ended."""

    def __init__(self, spoken: Mapping[int, str], file: Path) -> None:
        self._spoken = spoken
        self._file = file

    async def commands(self) -> Counter[str]:
        """How often each SMPP command was seen, by its number."""
        lines = await self._read("-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")
        return Counter(command for line in lines for command in line.split(","))

    async def calls(self) -> Counter[str]:
        """How often each path was asked for by HTTP."""
        asked = await self._read("-Y", "http.request", "-T", "fields", "-e", "http.request.uri")
        return Counter(each.split("?")[0] for each in asked)

    async def malformed(self) -> list[str]:
        """One line a packet that the dissector finds fault with."""
        return await self._read("-Y", MALFORMED)

    def holds(self, octets: bytes) -> bool:
        return self._file.exists() and octets in self._file.read_bytes()

    async def _read(self, *asked: str) -> list[str]:
        read_as = [said for port, name in self._spoken.items() for said in ("-d", f"tcp.port=={port},{name}")]
        reading = await asyncio.create_subprocess_exec(
            _program("tshark"), "-r", str(self._file), *read_as, *asked,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complained = await reading.communicate()
        assert reading.returncode == 0, complained.decode()
        return said.decode().splitlines()


@asynccontextmanager
async def captured(spoken: Mapping[int, str], folder: Path) -> AsyncIterator[Wire]:
    """Capture while the block runs what is said on ports, each with its protocol: smpp or http."""
    file = folder / "wire.pcapng"
    only = " or ".join(f"tcp port {port}" for port in spoken)
    file.touch()  # as ours: who is root here writes into it and leaves it so
    capturing = await asyncio.create_subprocess_exec(
        *_PRIVILEGED, _program("dumpcap"), "-q", "-i", "lo", "-f", only, "-w", str(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said: list[str] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(_hear(capturing, said))
            await until(lambda: file.stat().st_size, within=START_SECONDS, what=f"a capture: {said}")
            yield Wire(spoken, file)
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
    async with asyncio.timeout(END_SECONDS):
        await capturing.wait()


async def _hear(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode())


def _program(name: str) -> str:
    """tshark reads, and its dumpcap captures: that one starts without a thousand dissectors."""
    found: str | None = shutil.which(name, path=os.pathsep.join((os.defpath, "/usr/sbin", "/usr/bin")))
    assert found, f"{name} is not installed: `make peers` installs it"
    return found
