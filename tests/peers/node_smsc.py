"""The SMSC on node-smpp: a process that tells what it hears and delivers what it is told, in JSON."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.deadlines import until
from tests.servers.processes import free_port

SCRIPT = Path(__file__).parent / "node" / "smsc.js"
MODULES = Path(__file__).parents[2] / ".peers" / "node_modules"
END_SECONDS = 10.0

Json = dict[str, Any]


class NodeSmsc:
    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.port = port
        self.told: list[Json] = []
        self._process = process

    def events(self, kind: str) -> list[Json]:
        return [each for each in self.told if each["event"] == kind]

    @property
    def texts(self) -> list[str]:
        """What came to phones, whole."""
        return [each["text"] for each in self.events("text")]

    async def deliver(self, sender: str, text: str) -> list[int]:
        """A subscriber's text; how each of its parts was acknowledged."""
        assert self._process.stdin is not None
        number = len(self.told)
        said = {"id": number, "from": sender, "to": "3116", "text": text}
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        parts = 1 if len(text) <= 70 else -(-len(text) // 67)

        def answers() -> list[int]:
            return [each["status"] for each in self.events("answered") if each["id"] == number]

        await until(lambda: len(answers()) == parts, what="acknowledgements")
        return answers()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.told.append(json.loads(line))


@asynccontextmanager
async def node_smsc() -> AsyncIterator[NodeSmsc]:
    node = shutil.which("node")
    assert node is not None, "node is not installed: `make peers` installs it"
    assert MODULES.is_dir(), "node-smpp is not installed: `make peers` installs it"
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        node,
        str(SCRIPT),
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    smsc = NodeSmsc(port, process)
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(smsc.listen())
            await until(lambda: smsc.events("listening"), what="node-smpp listens")
            yield smsc
            listening.cancel()
    finally:
        assert process.stdin is not None
        process.stdin.close()  # it ends with it
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
