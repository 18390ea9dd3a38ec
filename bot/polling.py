"""The door without a webhook: updates are fetched and stored before Telegram may forget them."""

import asyncio
from typing import Any, ClassVar

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import TelegramMethod

from bot.inbox import Inbox
from core.messages.incoming import Accepted

POLL_SECONDS = 25
POLL_GRACE_SECONDS = 10  # the answer's way, after Telegram's own waiting
AT_ONCE = 100
ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]
TRY_AGAIN_SECONDS = (1, 2, 5, 10, 30)

log = structlog.get_logger()


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without building models of updates: they are stored as they came."""

    __returning__: ClassVar[Any] = list[dict[str, Any]]
    __api_method__: ClassVar[str] = "getUpdates"

    offset: int | None
    timeout: int
    limit: int = AT_ONCE
    allowed_updates: list[str] = ALLOWED_UPDATES


class Polling:
    def __init__(self, bot: Bot, inbox: Inbox, *, poll_seconds: int = POLL_SECONDS) -> None:
        self._bot = bot
        self._inbox = inbox
        self._poll_seconds = poll_seconds
        self._offset: int | None = None

    async def run(self) -> None:
        await self._bot.delete_webhook()
        failures = 0
        async with asyncio.TaskGroup() as handlers:
            while True:
                try:
                    accepted = await self.fetch_once()
                except TelegramAPIError as error:
                    pause = TRY_AGAIN_SECONDS[min(failures, len(TRY_AGAIN_SECONDS) - 1)]
                    failures += 1
                    log.warning("updates not fetched", error=str(error), again_in=pause)
                    await asyncio.sleep(pause)
                    continue
                failures = 0
                for one in accepted:
                    handlers.create_task(self._inbox.handle_or_leave(one))

    async def fetch_once(self) -> list[Accepted]:
        """Fetch and store one batch; the offset moves on only after the commit."""
        updates = await self._bot(
            GetRawUpdates(offset=self._offset, timeout=self._poll_seconds),
            request_timeout=self._poll_seconds + POLL_GRACE_SECONDS,
        )
        stored = await self._inbox.store(updates)
        if updates:
            self._offset = max(update["update_id"] for update in updates) + 1
        return [accepted for accepted in stored if accepted.fresh]
