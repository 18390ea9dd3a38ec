"""The SMS door of one process, until its standard input ends: `aliance run --only sms` without the rest."""

import asyncio
import sys

import uvloop

from core.settings import Settings
from core.wiring import open_core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor

WINDOW, PER_SECOND = 200, 10_000


async def serve(url: str, smsc_url: str) -> None:
    settings = Settings(
        _env_file=None,
        env="test",
        log_level="warning",
        database_url=url,
        smsc_url=smsc_url,
        smsc_window=WINDOW,
        smsc_messages_per_second=PER_SECOND,
    )
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with open_core(settings) as core, asyncio.TaskGroup() as tasks:
        door = tasks.create_task(SmsDoor(core, Catalogues(core.profile.zone)).run())
        await reader.read()
        door.cancel()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2]))
