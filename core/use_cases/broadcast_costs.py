"""What a broadcast may cost at most: SMS, those in the place of blocked bots, Telegram's paid rate. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.messages.broadcast_text import most_segments
from core.money import ZERO, Money
from core.notice_states import Reach
from core.profile import Notices
from core.settings import FREE_PER_SECOND

MESSAGES_A_STAR = 10  # Bot API, sendMessage, allow_paid_broadcast: 0.1 Star each beyond the free rate
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cost:
    segments: int = 0  # of one SMS, in the longest language
    sms: Money = ZERO  # to the phones that are recipients
    instead: Money = ZERO  # to the phones behind chats, were the bot blocked in all of them
    stars: int = 0  # of Telegram's


NONE = Cost()


def cost_of(row: Any, *, telegram: int, sms: int, notices: Notices, per_second: int) -> Cost:
    """Of a stored broadcast with so many messages by each channel; `per_second` of Telegram's at most."""
    stars = stars_of(telegram, per_second)
    if row.reach == Reach.TELEGRAM:
        return Cost(stars=stars)
    segments = most_segments(row.texts, row.kind)
    own, instead = segments * sms, 0
    if row.reach == Reach.TELEGRAM_ELSE_SMS:
        # The day's budget of such SMS counts local days: one more than those that it lives may be touched.
        days = -(-timedelta(seconds=row.lives_seconds) // DAY) + 1
        instead = min(segments * telegram, notices.sms_fallback * days)
    if row.sms_most is not None:
        own = min(own, row.sms_most)
        instead = min(instead, row.sms_most - own)
    price = notices.sms_price.kopecks
    return Cost(segments, Money(own * price), Money(instead * price), stars)


def stars_of(messages: int, per_second: int) -> int:
    """What is above the free rate while all goes out as fast as it may, in whole Stars."""
    beyond = max(0, per_second - FREE_PER_SECOND)
    return -(-messages * beyond // (per_second * MESSAGES_A_STAR))
