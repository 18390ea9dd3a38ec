"""Live progress: a message of staff that shows a broadcast under way is edited until the broadcast ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter

from core.errors import StaffRefusal
from core.notice_states import BroadcastState
from handlers.telegram.screen import Screen, edit

EVERY_SECONDS = 3.0
SHARE = 5  # looks take a fifth of the time at most: a million rows are counted seldom
PAUSE_MOST_SECONDS = 30.0
WATCHED_MOST = 50  # messages; the oldest is left first, its button looks again
LONGEST_SECONDS = 24 * 3600.0
RESTS = (BroadcastState.DRAFT, BroadcastState.CANCELLED, BroadcastState.DONE)

log = structlog.get_logger()

Look = Callable[[], Awaitable[tuple[Screen, BroadcastState]]]
Key = tuple[int, int]  # chat and message


@dataclass
class _Watch:
    look: Look
    since: float
    shown: Screen = field(default_factory=Screen)


class Watches:
    """In memory: after a restart the card's own button looks again. The role is asked at every look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watched: dict[Key, _Watch] = {}
        self._begun = asyncio.Event()

    def follow(self, key: Key, look: Look) -> None:
        self._watched.pop(key, None)
        while len(self._watched) >= WATCHED_MOST:
            self._watched.pop(next(iter(self._watched)))
        self._watched[key] = _Watch(look, self._clock())
        self._begun.set()

    def leave(self, key: Key) -> None:
        """The message shows something else now."""
        self._watched.pop(key, None)

    async def run(self, bot: Bot) -> None:
        while True:
            if not self._watched:
                self._begun.clear()
                await self._begun.wait()
            await asyncio.sleep(EVERY_SECONDS)
            began = self._clock()
            await self.look_once(bot)
            took = self._clock() - began
            await asyncio.sleep(min(took * SHARE, PAUSE_MOST_SECONDS))

    async def look_once(self, bot: Bot) -> None:
        for key, watch in list(self._watched.items()):
            try:
                await self._look(bot, key, watch)
            except TelegramRetryAfter as error:
                await asyncio.sleep(error.retry_after)
            except (StaffRefusal, TelegramAPIError) as error:
                log.info("progress left", chat=key[0], error=type(error).__name__)
                self._drop(key, watch)
            except Exception:  # whatever is wrong with one look, the others go on
                log.exception("progress not shown")
                self._drop(key, watch)

    async def _look(self, bot: Bot, key: Key, watch: _Watch) -> None:
        screen, state = await watch.look()
        if self._watched.get(key) is not watch:  # a press came meanwhile
            return
        if screen != watch.shown:
            if not await edit(screen, bot, *key):
                self._drop(key, watch)
            watch.shown = screen
        if state in RESTS or self._clock() - watch.since > LONGEST_SECONDS:
            self._drop(key, watch)

    def _drop(self, key: Key, watch: _Watch) -> None:
        if self._watched.get(key) is watch:
            del self._watched[key]
