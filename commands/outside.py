"""The demo's outside world: the simulator as a child process that ends with us."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from commands.run import CannotRun

ROOT = Path(__file__).parents[1]
START_SECONDS = 60  # a cold start on a slow machine; it takes about one
STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Outside:
    """Where the simulator listens; no SMPP port where another SMSC is used."""

    http_port: int
    smpp_port: int | None
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"


@asynccontextmanager
async def outside(options: Sequence[str]) -> AsyncIterator[Outside]:
    """Start the simulator and wait until it listens; raises CannotRun where it does not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        "--die-with-stdin",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": _path()},
        start_new_session=True,  # Ctrl-C is ours to handle: the product stops first
    )
    try:
        yield await _ready(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await _end(process)


async def _ready(process: asyncio.subprocess.Process) -> Outside:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise CannotRun(f"the simulator was not ready within {START_SECONDS} s") from None
    if not line:
        raise CannotRun("the simulator did not start; is its port taken? choose another with --port")
    told = json.loads(line)
    return Outside(told["http"], told["smpp"], process)


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _path() -> str:
    """The child finds the simulator wherever it is started from."""
    return os.pathsep.join(path for path in (str(ROOT), os.environ.get("PYTHONPATH", "")) if path)
