"""From the outbox to many: claimed, sent within the rate of all processes, each marked at once."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramServerError
from aiogram.methods import DeleteMessage, EditMessageText, SendMessage, TelegramMethod

from bot.delivery import SAFE_SECONDS, by_chat, rendered
from bot.loops import forever
from bot.outcomes import NOTHING_DONE, Outcomes, hold
from bot.pace import BulkPace
from bot.session import Unanswered
from core.messages.outbox import LEASE, DueNotice, topic
from core.messages.wakeups import Wakeups
from core.states import Channel, Lane
from core.storage.batch import Batch
from core.use_cases.sending import Sending
from core.use_cases.subscribers import Subscribers
from handlers.locale import Catalogues
from handlers.telegram.screen import Screen

ROUNDS = 3  # claims at work at once: one that waits for an answer holds up no other
HELD_SECONDS = 2.0  # of sending at the rate of the moment, a round: a pause takes effect so soon
LEAST_HELD, MOST_HELD = 10, 200
AT_ONCE = 60  # requests under way; as many connections are left to people
POLL_SECONDS = 1.0
TOPIC = topic(Channel.TELEGRAM, Lane.BULK)

Sent = tuple[DueNotice, str | None]


class BulkDelivery:
    def __init__(
        self,
        sending: Sending,
        subscribers: Subscribers,
        wakeups: Wakeups,
        bot: Bot,
        catalogues: Catalogues,
        pace: BulkPace,
        *,
        paid: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sending = sending
        self._outcomes = Outcomes(sending, subscribers)
        self._wakeups = wakeups
        self._bot = bot
        self._catalogues = catalogues
        self._pace = pace
        self._paid = paid or None
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looking = asyncio.Lock()
        self._marks: Batch[Sent, None] = Batch(self._mark)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(ROUNDS):
                group.create_task(forever("bulk delivery", self._run_or_wait))

    async def run_once(self) -> int:
        """Claim, send and settle; how many were claimed."""
        until = self._safe_until()
        claimed = await self._claim()
        await self._deliver_all(claimed, until)
        return len(claimed)

    async def _run_or_wait(self) -> None:
        async with self._looking:  # where nothing is due, one round looks out for all
            until = self._safe_until()
            claimed = await self._claim()
            if not claimed:
                await self._wakeups.wait(TOPIC, POLL_SECONDS)
        await self._deliver_all(claimed, until)

    def _safe_until(self) -> float:
        return self._clock() + LEASE.total_seconds() - SAFE_SECONDS

    async def _claim(self) -> list[DueNotice]:
        if (pause := self._pace.paused_for()) > 0:
            await asyncio.sleep(min(pause, POLL_SECONDS))
            return []
        return await self._sending.claim(Channel.TELEGRAM, self._worth_holding(), lane=Lane.BULK)

    async def _deliver_all(self, claimed: Sequence[DueNotice], until: float) -> None:
        back: list[DueNotice] = []
        async with asyncio.TaskGroup() as group:
            for notices in by_chat(claimed):
                group.create_task(self._deliver(notices, until, back))
        if back:
            after = timedelta(seconds=self._pace.paused_for())
            await self._sending.put_back(back, after=after, reason="lane paused")

    def _worth_holding(self) -> int:
        return max(LEAST_HELD, min(MOST_HELD, int(self._pace.per_second * HELD_SECONDS)))

    async def _deliver(self, notices: Sequence[DueNotice], until: float, back: list[DueNotice]) -> None:
        for notice in notices:
            async with self._places:
                if not await self._pace.turn(notice.address) or self._clock() > until:
                    back.append(notice)
                else:
                    await self._try(notice, back)

    async def _try(self, notice: DueNotice, back: list[DueNotice]) -> None:
        try:
            message = await self._send(notice)
        except NOTHING_DONE as error:
            back.append(notice)
            await hold(self._pace, error)
        except TelegramAPIError as error:
            if isinstance(error, TelegramServerError | Unanswered):
                await hold(self._pace, error)
            await self._outcomes.settle(notice, error)
        else:
            self._pace.is_well()
            if message is not None:
                await self._marks.put((notice, str(message)))

    async def _send(self, notice: DueNotice) -> int | None:
        """The message's id; None where the outcome is settled already."""
        if notice.template == "broadcast_recall":
            return await self._recall(notice)
        screen = rendered(self._catalogues, notice)
        if screen is None:
            await self._sending.failed(notice, "not rendered")
            return None
        if notice.template == "broadcast_edit":
            return await self._edit(notice, screen)
        call = SendMessage(
            chat_id=int(notice.address),
            text=screen.text,
            reply_markup=screen.keyboard,
            allow_paid_broadcast=self._paid,
        )
        return (await self._bot(call)).message_id

    async def _edit(self, notice: DueNotice, screen: Screen) -> int:
        assert notice.edit is not None
        call = EditMessageText(
            chat_id=int(notice.address),
            message_id=int(notice.edit),
            text=screen.text,
            reply_markup=screen.keyboard,
        )
        return await self._change(notice, call, done="message is not modified")

    async def _recall(self, notice: DueNotice) -> int:
        assert notice.edit is not None
        call = DeleteMessage(chat_id=int(notice.address), message_id=int(notice.edit))
        return await self._change(notice, call, done="message to delete not found")

    async def _change(self, notice: DueNotice, call: TelegramMethod[Any], *, done: str) -> int:
        """Of a message that is there: twice the same leaves what once does."""
        assert notice.edit is not None
        try:
            await self._bot(call)
        except TelegramBadRequest as error:
            if done not in error.message:
                raise
        except Unanswered as error:
            raise TelegramServerError(method=error.method, message=error.message) from error
        return int(notice.edit)

    async def _mark(self, sent: Sequence[Sent]) -> Sequence[None]:
        await self._sending.sent(sent)
        return [None] * len(sent)
