"""After a notice was sent or not: what Telegram's answer makes of it."""

from datetime import timedelta

import structlog
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from bot.pace import BulkPace, Pace
from bot.session import NotSent, Unanswered
from core.ids import Payer
from core.messages.outbox import DueNotice
from core.states import Channel
from core.use_cases.sending import Sending
from core.use_cases.subscribers import Subscribers

RETRY_SECONDS = (1, 5, 30, 120, 600)
# It is no notice's doing, and the next one would meet the same: the lane waits, and no attempt is counted.
NOTHING_DONE = (TelegramRetryAfter, NotSent, TelegramUnauthorizedError)

log = structlog.get_logger()


class Outcomes:
    def __init__(self, sending: Sending, subscribers: Subscribers) -> None:
        self._sending = sending
        self._subscribers = subscribers

    async def settle(self, notice: DueNotice, error: TelegramAPIError) -> None:
        log.info("notice not sent", notice=str(notice.id), error=type(error).__name__, attempt=notice.attempt)
        match error:
            case TelegramForbiddenError():
                payer = Payer(Channel.TELEGRAM, notice.address)
                await self._subscribers.set_reachable(payer, reachable=False)
                await self._sending.blocked(notice)
            case TelegramServerError():
                await self._sending.retry(notice, after=_backoff(notice), reason=type(error).__name__)
            case Unanswered():
                await self._sending.uncertain(notice, "no answer")
            case TelegramBadRequest():
                await self._sending.failed(notice, error.message)
            case _:
                await self._sending.retry(notice, after=_backoff(notice), reason=type(error).__name__)


async def hold(lane: Pace | BulkPace, error: TelegramAPIError) -> None:
    """Pause the lane: of all processes where it was the rate, else until Telegram may be itself again."""
    if isinstance(error, TelegramRetryAfter):
        log.warning("throttled", lane=type(lane).__name__, seconds=error.retry_after)
        await lane.throttled(error.retry_after)
    else:
        lane.in_trouble()


def _backoff(notice: DueNotice) -> timedelta:
    return timedelta(seconds=RETRY_SECONDS[min(notice.attempt, len(RETRY_SECONDS)) - 1])
