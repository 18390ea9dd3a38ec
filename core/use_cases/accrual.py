"""Accrual: a monthly fee in equal shares by the minute, exact over the month. Pure."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.money import ZERO, Money
from core.profile import Tariff
from core.states import ServiceState

MINUTE = timedelta(minutes=1)
GRACE_DAYS = 7  # the full fee goes on for seven days from the first local day below zero
MONTHS_AHEAD = 24  # what lasts longer is looked at again by then


def month_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the local month that `moment` is in."""
    return _month(moment, zone)[0]


def next_month(moment: datetime, zone: ZoneInfo) -> datetime:
    return _month(moment, zone)[1]


def day_start(moment: datetime, zone: ZoneInfo) -> datetime:
    return midnight(moment.astimezone(zone).date(), zone)


def next_day(moment: datetime, zone: ZoneInfo) -> datetime:
    return midnight(moment.astimezone(zone).date() + timedelta(days=1), zone)


@lru_cache
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def fee_rate(tariff: Tariff | None, state: ServiceState, *, negative_days: int) -> Money:
    """The monthly fee that runs on a day; `negative_days` counts from 0, the first day below zero."""
    if tariff is None:
        return ZERO
    if state != ServiceState.ACTIVE or negative_days >= GRACE_DAYS:
        return tariff.tv_monthly
    return tariff.monthly


def accrued(monthly: Money, start: datetime, end: datetime, zone: ZoneInfo) -> Money:
    """What [start, end) costs: differences of one running total a month, so shares add up exactly."""
    total = ZERO
    while start < end:
        month = _month(start, zone)
        border = min(end, month[1])
        total += _run_up(monthly, border, month) - _run_up(monthly, start, month)
        start = border
    return total


def _run_up(monthly: Money, moment: datetime, month: tuple[datetime, datetime]) -> Money:
    """The fee from the start of a month to a moment of it, whole kopecks, rounded down."""
    first, end = month
    return Money(monthly.kopecks * ((moment - first) // MINUTE) // ((end - first) // MINUTE))


def runs_out_at(
    balance: Money,
    monthly: Money,
    since: datetime,
    zone: ZoneInfo,
    *,
    then: Money | None = None,
    months: int = MONTHS_AHEAD,
) -> datetime | None:
    """The minute at which a balance, falling from `since`, is first below zero; `then`: see first_below."""
    return first_below(balance, monthly, since, zone, lambda _since, _fee: ZERO, then=then, months=months)


def first_below(
    balance: Money,
    monthly: Money,
    since: datetime,
    zone: ZoneInfo,
    level: Callable[[datetime, Money], Money],
    *,
    then: Money | None = None,
    months: int = MONTHS_AHEAD,
) -> datetime | None:
    """The minute at which a balance, falling from `since`, is first below a level.

    `then` is the fee from the next month on, where it is another. The level is asked for once a month, by a
    moment of it and its fee. None where the balance does not come to it within `months`.
    """
    for _ in range(months):
        least = level(since, monthly)
        if balance < least:
            return since
        if not monthly and not then:
            return None
        end = next_month(since, zone)
        cost = accrued(monthly, since, end, zone)
        if cost > balance - least:
            return _crossing(balance - least, monthly, since, end, zone)
        balance -= cost
        since, monthly = end, monthly if then is None else then
    return None


def _crossing(balance: Money, monthly: Money, since: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    low, high = 0, (end - since) // timedelta(minutes=1)
    while low < high:
        middle = (low + high) // 2
        if accrued(monthly, since, since + timedelta(minutes=middle), zone) > balance:
            high = middle
        else:
            low = middle + 1
    return since + timedelta(minutes=low)


def _month(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instants of the local month that `moment` is in, and of the next."""
    local = moment.astimezone(zone)
    return _borders(local.year, local.month, zone)


@lru_cache
def _borders(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = date(year, month, 1)
    return midnight(first, zone), midnight((first + timedelta(days=32)).replace(day=1), zone)
