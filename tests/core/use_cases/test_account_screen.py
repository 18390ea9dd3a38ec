"""The account screen: the handbook's two screens are its goldens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from core.money import Money
from core.profile import Profile
from core.states import ServiceState
from core.use_cases.account_screen import AccountState, account_screen, daily_fee

NOW = datetime(2026, 4, 27, 5, tzinfo=UTC)  # 15:00 in Vladivostok, in a month of thirty days


@dataclass(frozen=True)
class Golden:
    name: str
    balance: int
    charged: int
    tariff: str | None
    state: ServiceState
    days: int | None
    recommended: int | None
    shown: AccountState


GOLDENS = [
    Golden("handbook 1", 198_19, 791_14, "moskva", ServiceState.ACTIVE, 6, 691_91, AccountState.ACTIVE),
    Golden("handbook 2", 19_26, 0, None, ServiceState.BLOCKED, 0, None, AccountState.BLOCKED),
    Golden("a day is left", 29_67, 0, "moskva", ServiceState.ACTIVE, 1, 860_43, AccountState.ACTIVE),
    Golden("a kopeck short", 29_66, 0, "moskva", ServiceState.ACTIVE, 0, 860_44, AccountState.ACTIVE),
    Golden("below zero", -1, 0, "moskva", ServiceState.ACTIVE, 0, 890_11, AccountState.NEGATIVE),
    Golden("a month ahead", 890_10, 0, "moskva", ServiceState.ACTIVE, 30, 0, AccountState.ACTIVE),
    Golden("rich", 9000_00, 0, "moskva", ServiceState.ACTIVE, 303, 0, AccountState.ACTIVE),
    Golden("no tariff", 5_00, 0, None, ServiceState.ACTIVE, None, None, AccountState.ACTIVE),
    Golden("no tariff, below zero", -5_00, 0, None, ServiceState.ACTIVE, 0, None, AccountState.NEGATIVE),
    Golden(
        "asked to rest", 5_00, 0, None, ServiceState.VOLUNTARILY_BLOCKED, None, None,
        AccountState.VOLUNTARILY_BLOCKED,
    ),
]  # fmt: skip


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_a_screen_shows_the_handbooks_figures(profile: Profile, golden: Golden) -> None:
    screen = account_screen(
        Money(golden.balance),
        Money(golden.charged),
        profile.tariff(golden.tariff),
        NOW,
        golden.state,
        zone=profile.zone,
    )
    assert screen.days_until_block == golden.days
    assert screen.recommended == (None if golden.recommended is None else Money(golden.recommended))
    assert screen.state == golden.shown
    assert (screen.balance, screen.charged) == (Money(golden.balance), Money(golden.charged))


@pytest.mark.parametrize(
    "monthly, days, daily",
    [(890_00, 30, 29_67), (890_00, 31, 28_71), (890_00, 28, 31_79), (200_00, 30, 6_67), (5, 2, 3)],
)
def test_the_daily_fee_is_rounded_half_up(monthly: int, days: int, daily: int) -> None:
    assert daily_fee(Money(monthly), days) == Money(daily)


def test_the_next_period_begins_with_the_next_local_month(profile: Profile) -> None:
    screen = account_screen(
        Money(0), Money(0), profile.tariff("moskva"), NOW, ServiceState.ACTIVE,
        zone=profile.zone, tariff_next=profile.tariff("cifra"),
    )  # fmt: skip
    assert (screen.tariff, screen.tariff_next, screen.monthly) == ("Москва", "Альянс Цифра", Money(890_00))
    assert screen.next_period_at == datetime.fromisoformat("2026-05-01T00:00+10:00")
    assert screen.time_left == timedelta(days=3, hours=9)
