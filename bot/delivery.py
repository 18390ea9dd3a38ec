"""From the outbox to people: a notice is claimed, rendered, sent or put over a screen, and settled."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from bot.loops import forever
from bot.outcomes import NOTHING_DONE, Outcomes, hold
from bot.pace import Pace
from bot.session import NotSent, Unanswered
from core.messages.outbox import LEASE, DueNotice, topic
from core.messages.wakeups import Wakeups
from core.states import Channel, Lane
from core.use_cases.sending import Sending
from core.use_cases.subscribers import Subscribers
from handlers.locale import Catalogues
from handlers.telegram import texts_notices
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, edit, send

AT_ONCE = 20
SAFE_SECONDS = 6.0  # of the lease must be left when a message goes out: by the next somebody else may hold it
POLL_SECONDS = 1.0
TOPIC = topic(Channel.TELEGRAM, Lane.PEOPLE)

log = structlog.get_logger()


class Delivery:
    """The people's lane; what goes to many has a delivery of its own, bot/bulk.py."""

    def __init__(
        self,
        sending: Sending,
        subscribers: Subscribers,
        wakeups: Wakeups,
        bot: Bot,
        catalogues: Catalogues,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sending = sending
        self._outcomes = Outcomes(sending, subscribers)
        self._wakeups = wakeups
        self._bot = bot
        self._catalogues = catalogues
        self._pace = pace or Pace()
        self._clock = clock

    async def run(self) -> None:
        await forever("delivery", self._run_or_wait)

    async def run_once(self) -> int:
        """Send what is due, one chat's notices in order; returns how many were claimed."""
        if (pause := self._pace.paused_for()) > 0:
            await asyncio.sleep(min(pause, POLL_SECONDS))
            return 0
        until = self._clock() + LEASE.total_seconds() - SAFE_SECONDS
        claimed = await self._sending.claim(Channel.TELEGRAM, AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for notices in by_chat(claimed):
                group.create_task(self._deliver(notices, until))
        return len(claimed)

    async def _run_or_wait(self) -> None:
        if not await self.run_once():
            await self._wakeups.wait(TOPIC, POLL_SECONDS)

    async def _deliver(self, notices: Sequence[DueNotice], until: float) -> None:
        sent: list[tuple[DueNotice, str | None]] = []
        for place, notice in enumerate(notices):
            if place and self._clock() > until:
                await self._put_back(notices[place:], reason="held too long")
                break
            if (message := await self._try(notice)) is not None:
                sent.append((notice, str(message)))
        if sent:
            await self._sending.sent(sent)

    async def _try(self, notice: DueNotice) -> int | None:
        """The message's id, or None where the outcome is settled otherwise."""
        screen = rendered(self._catalogues, notice)
        if screen is None:
            await self._sending.failed(notice, "not rendered")
            return None
        if self._pace.paused_for() > 0:
            await self._put_back([notice], reason="lane paused")
            return None
        await self._pace.turn(notice.address)
        try:
            message = await self._send(notice, screen)
        except NOTHING_DONE as error:
            await hold(self._pace, error)
            await self._put_back([notice], reason=type(error).__name__)
            return None
        except TelegramAPIError as error:
            await self._outcomes.settle(notice, error)
            return None
        self._pace.is_well()
        return message

    async def _put_back(self, notices: Sequence[DueNotice], *, reason: str) -> None:
        after = timedelta(seconds=self._pace.paused_for())
        await self._sending.put_back(notices, after=after, reason=reason)

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


def rendered(catalogues: Catalogues, notice: DueNotice) -> Screen | None:
    try:
        words = Html(catalogues.words("telegram", notice.locale))
        return texts_notices.notice(words, notice.template, notice.params, repeat=notice.repeat)
    except Exception:  # whatever is wrong with one notice, the others of the batch go out
        log.exception("notice not rendered", notice=str(notice.id), template=notice.template)
        return None


def by_chat(claimed: Sequence[DueNotice]) -> list[list[DueNotice]]:
    chats: dict[str, list[DueNotice]] = defaultdict(list)
    for notice in claimed:
        chats[notice.address].append(notice)
    return list(chats.values())
