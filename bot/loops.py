"""Around the door's endless work: trouble with database or Telegram is waited out."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiogram.exceptions import TelegramAPIError

from core.ids import new_id

TRY_AGAIN_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)

log = structlog.get_logger()


async def forever(name: str, once: Callable[[], Awaitable[object]]) -> None:
    while True:
        await until_done(name, once)


async def until_done(name: str, once: Callable[[], Awaitable[object]]) -> None:
    """Try until a round ends without trouble."""
    failures = 0
    while True:
        if await _succeeds(name, once):
            return
        await asyncio.sleep(TRY_AGAIN_SECONDS[min(failures, len(TRY_AGAIN_SECONDS) - 1)])
        failures += 1


async def _succeeds(name: str, once: Callable[[], Awaitable[object]]) -> bool:
    try:
        await once()
    except TelegramAPIError as error:
        log.warning("Telegram is out of reach", loop=name, error=type(error).__name__, reason=error.message)
        return False
    except Exception:
        # The one catch-all of the door's loops: the next round tries again.
        log.exception("round failed", loop=name, incident=new_id().hex[-8:])
        return False
    return True
