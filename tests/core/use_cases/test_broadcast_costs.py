"""The most that a broadcast may cost: its SMS, those in the place of blocked bots, Telegram's Stars."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.money import Money
from core.notice_states import BroadcastKind, Reach
from core.profile import Notices
from core.use_cases.broadcast_costs import Cost, cost_of, stars_of

NOTICES = Notices(sms_price=Money.roubles(5), sms_fallback=100)
HOURS = 3600


def cost(telegram: int = 0, sms: int = 0, *, per_second: int = 30, **row: Any) -> Cost:
    of: dict[str, Any] = {
        "reach": Reach.TELEGRAM_ELSE_SMS, "kind": BroadcastKind.SERVICE, "lives_seconds": 24 * HOURS,
        "texts": {"ru": {"telegram": "x", "sms": "я" * 71}}, "sms_most": None,
    }  # fmt: skip
    return cost_of(
        SimpleNamespace(**of | row), telegram=telegram, sms=sms, notices=NOTICES, per_second=per_second
    )


@pytest.mark.parametrize(
    "asked, segments, sms, instead",
    [
        ({"sms": 3, "reach": Reach.SMS}, 2, 30, 0),
        ({"telegram": 7, "sms": 3}, 2, 30, 70),
        ({"telegram": 7, "reach": Reach.TELEGRAM}, 0, 0, 0),
        # A day of life may touch two local days, each with its hundred segments.
        ({"telegram": 1000, "sms": 3}, 2, 30, 1000),
        ({"telegram": 1000, "lives_seconds": 25 * HOURS}, 2, 0, 1500),
        ({"telegram": 7, "sms": 3, "sms_most": 10}, 2, 30, 20),
        ({"telegram": 7, "sms": 3, "sms_most": 4}, 2, 20, 0),
    ],
)
def test_sms_cost_at_most(asked: dict[str, Any], segments: int, sms: int, instead: int) -> None:
    assert cost(**asked) == Cost(segments, Money.roubles(sms), Money.roubles(instead))


@pytest.mark.parametrize(
    "messages, per_second, stars",
    [(100_000, 30, 0), (100_000, 1000, 9700), (100_000, 60, 5000), (1, 1000, 1), (0, 1000, 0), (5, 25, 0)],
)
def test_stars_are_those_of_what_is_above_the_free_rate(messages: int, per_second: int, stars: int) -> None:
    assert stars_of(messages, per_second) == stars
    assert cost(telegram=messages, per_second=per_second).stars == stars
