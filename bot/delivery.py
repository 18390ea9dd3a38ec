"""From the outbox to Telegram: a notice is claimed, rendered, sent or put over a screen, and settled."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from bot.loops import forever
from bot.pace import Pace
from bot.session import NotSent, Unanswered
from core.ids import Payer
from core.messages.outbox import DueNotice
from core.messages.wakeups import Wakeups
from core.states import Channel
from core.use_cases.sending import Sending
from core.use_cases.subscribers import Subscribers
from handlers.locale import Catalogues
from handlers.telegram import texts_notices
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, edit, send

AT_ONCE = 20  # below the lease's 30 seconds even into one chat
POLL_SECONDS = 1.0
RETRY_SECONDS = (1, 5, 30, 120, 600)
TOPIC = "outbox.telegram"

log = structlog.get_logger()


class Delivery:
    def __init__(
        self,
        sending: Sending,
        subscribers: Subscribers,
        wakeups: Wakeups,
        bot: Bot,
        catalogues: Catalogues,
        pace: Pace | None = None,
    ) -> None:
        self._sending = sending
        self._subscribers = subscribers
        self._wakeups = wakeups
        self._bot = bot
        self._catalogues = catalogues
        self._pace = pace or Pace()

    async def run(self) -> None:
        await forever("delivery", self._run_or_wait)

    async def run_once(self) -> int:
        """Send what is due, one chat's notices in order; returns how many were claimed."""
        if (pause := self._pace.paused_for()) > 0:
            await asyncio.sleep(min(pause, POLL_SECONDS))
            return 0
        claimed = await self._sending.claim(Channel.TELEGRAM, AT_ONCE)
        chats: dict[str, list[DueNotice]] = defaultdict(list)
        for notice in claimed:
            chats[notice.address].append(notice)
        async with asyncio.TaskGroup() as group:
            for notices in chats.values():
                group.create_task(self._deliver(notices))
        return len(claimed)

    async def _run_or_wait(self) -> None:
        if not await self.run_once():
            await self._wakeups.wait(TOPIC, POLL_SECONDS)

    async def _deliver(self, notices: Sequence[DueNotice]) -> None:
        sent: list[tuple[DueNotice, str | None]] = []
        for notice in notices:
            if (message := await self._try(notice)) is not None:
                sent.append((notice, str(message)))
        if sent:
            await self._sending.sent(sent)

    async def _try(self, notice: DueNotice) -> int | None:
        """The message's id, or None where the outcome is settled otherwise."""
        try:
            words = Html(self._catalogues.words("telegram", notice.locale))
            screen = texts_notices.notice(words, notice.template, notice.params, repeat=notice.repeat)
        except Exception:  # whatever is wrong with one notice, the others of the batch go out
            log.exception("notice not rendered", notice=str(notice.id), template=notice.template)
            await self._sending.failed(notice, "not rendered")
            return None
        if (pause := self._pace.paused_for()) > 0:
            await self._sending.retry(notice, after=timedelta(seconds=pause), reason="lane paused")
            return None
        await self._pace.turn(notice.address)
        try:
            return await self._send(notice, screen)
        except TelegramAPIError as error:
            await self._settle(notice, error)
            return None

    async def _send(self, notice: DueNotice, screen: Screen) -> int:
        chat = int(notice.address)
        if notice.edit is not None and await self._edit(notice, screen, chat):
            return int(notice.edit)
        return await send(screen, self._bot, chat)

    async def _edit(self, notice: DueNotice, screen: Screen, chat: int) -> bool:
        assert notice.edit is not None
        try:
            return await edit(screen, self._bot, chat, int(notice.edit))
        except Unanswered as error:
            # The same edit twice leaves one message: unlike a sending it can be tried again.
            raise NotSent(method=error.method, message=error.message) from error

    async def _settle(self, notice: DueNotice, error: TelegramAPIError) -> None:
        log.info("notice not sent", notice=str(notice.id), error=type(error).__name__, attempt=notice.attempt)
        match error:
            case TelegramRetryAfter():
                self._pace.pause(error.retry_after)
                await self._sending.retry(
                    notice, after=timedelta(seconds=error.retry_after), reason="throttled"
                )
            case TelegramForbiddenError():
                payer = Payer(Channel.TELEGRAM, notice.address)
                await self._subscribers.set_reachable(payer, reachable=False)
                await self._sending.failed(notice, "blocked")
            case NotSent() | TelegramServerError() | TelegramUnauthorizedError():
                await self._sending.retry(notice, after=_backoff(notice), reason=type(error).__name__)
            case Unanswered():
                await self._sending.uncertain(notice, "no answer")
            case TelegramBadRequest():
                await self._sending.failed(notice, error.message)
            case _:
                await self._sending.retry(notice, after=_backoff(notice), reason=type(error).__name__)


def _backoff(notice: DueNotice) -> timedelta:
    return timedelta(seconds=RETRY_SECONDS[min(notice.attempt, len(RETRY_SECONDS)) - 1])
