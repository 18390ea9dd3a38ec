"""The door without a webhook: updates are fetched and stored before Telegram may forget them."""

import asyncio
from typing import Any, ClassVar

from aiogram import Bot
from aiogram.methods import TelegramMethod

from bot.inbox import Inbox
from bot.loops import forever, until_done
from core.messages.incoming import Accepted

POLL_SECONDS = 25
POLL_GRACE_SECONDS = 10  # the answer's way, after Telegram's own waiting
AT_ONCE = 100
ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]


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
        await until_done("delete webhook", self._bot.delete_webhook)
        async with asyncio.TaskGroup() as handlers:

            async def fetch_and_begin() -> None:
                for accepted in await self.fetch_once():
                    handlers.create_task(self._inbox.handle_or_leave(accepted))

            await forever("polling", fetch_and_begin)

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
