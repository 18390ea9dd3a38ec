"""The account screen: the handbook's figures from a balance and a tariff. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.money import ZERO, Money
from core.profile import Tariff
from core.states import ServiceState
from core.use_cases.accrual import next_month


class AccountState(StrEnum):
    ACTIVE = "active"
    NEGATIVE = "negative"
    BLOCKED = "blocked"
    VOLUNTARILY_BLOCKED = "voluntarily_blocked"


@dataclass(frozen=True, slots=True)
class AccountScreen:
    """What a balance answer can show; None is the dash of the operator's own screens."""

    number: str
    balance: Money
    charged: Money  # since the 1st of the local month
    days_until_block: int | None  # 0: today
    recommended: Money | None
    tariff: str | None
    tariff_next: str | None
    monthly: Money | None
    next_period_at: datetime | None
    time_left: timedelta | None
    state: AccountState


def account_screen(
    balance: Money,
    charged: Money,
    tariff: Tariff | None,
    now: datetime,
    state: ServiceState,
    *,
    zone: ZoneInfo,
    number: str = "",
    tariff_next: Tariff | None = None,
) -> AccountScreen:
    """The handbook's formulas (domain.md, "Account screen"); the daily fee is rounded half-up."""
    shown = _state(balance, state)
    next_at = next_month(now, zone)
    days_until_block, recommended = None, None
    if tariff is None or not tariff.monthly:
        # The operator's second screen: no tariff to divide by, and the block begins today.
        days_until_block = 0 if shown in (AccountState.NEGATIVE, AccountState.BLOCKED) else None
    else:
        local = now.astimezone(zone)
        days = monthrange(local.year, local.month)[1]
        daily = daily_fee(tariff.monthly, days)
        recommended = max(ZERO, Money(daily.kopecks * days) - balance)
        days_until_block = max(0, balance.kopecks // daily.kopecks)
    return AccountScreen(
        number=number,
        balance=balance,
        charged=charged,
        days_until_block=days_until_block,
        recommended=recommended,
        tariff=None if tariff is None else tariff.name,
        tariff_next=None if tariff_next is None else tariff_next.name,
        monthly=None if tariff is None else tariff.monthly,
        next_period_at=None if tariff is None else next_at,
        time_left=None if tariff is None else next_at - now,
        state=shown,
    )


def daily_fee(monthly: Money, days_in_month: int) -> Money:
    exact = Decimal(monthly.kopecks) / days_in_month
    return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def _state(balance: Money, state: ServiceState) -> AccountState:
    if state == ServiceState.ACTIVE and balance < ZERO:
        return AccountState.NEGATIVE
    return AccountState(state.value)
