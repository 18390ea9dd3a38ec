"""Accrual: whole months cost exactly their fee, in every zone; the day it runs out is the one walked to."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import ZERO, Money
from core.profile import Profile, Tariff
from core.states import ServiceState
from core.use_cases.accrual import (
    GRACE_DAYS,
    accrued,
    day_start,
    fee_rate,
    month_start,
    next_day,
    next_month,
    runs_out_at,
)

VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")
MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).parents[3]

# Daylight saving, half hours, changes at midnight, a day left out, offsets that changed for good.
ZONES = [
    "Asia/Vladivostok",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Moscow",
    "Pacific/Apia",
    "UTC",
]
fees = st.integers(1, 20_000_00).map(Money)
zones = st.sampled_from(ZONES).map(ZoneInfo)
months = st.dates(date(1975, 1, 1), date(2035, 12, 1)).map(lambda day: day.replace(day=1))


def _minutes(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(0, (last - first) // MINUTE).map(lambda minutes: first + minutes * MINUTE)


def _local(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@given(fees, zones, months)
def test_a_whole_month_costs_exactly_its_fee_day_by_day(monthly: Money, zone: ZoneInfo, month: date) -> None:
    start = _local(month, zone)
    end, total, days = next_month(start, zone), ZERO, 0
    while start < end:
        following = next_day(start, zone)
        assert start < following <= end
        total += accrued(monthly, start, following, zone)
        start, days = following, days + 1
    assert (start, total) == (end, monthly)
    assert 28 <= days <= 31


@given(fees, zones, months, st.lists(st.integers(0, 44_000), max_size=12))
def test_shares_add_up_however_the_time_is_cut(
    monthly: Money, zone: ZoneInfo, month: date, cuts: list[int]
) -> None:
    start = _local(month, zone)
    moments = [start, *(start + cut * MINUTE for cut in sorted(cuts)), start + 44_001 * MINUTE]
    parts = [accrued(monthly, one, two, zone) for one, two in pairwise(moments)]
    assert all(part >= ZERO for part in parts)
    assert Money(sum(part.kopecks for part in parts)) == accrued(monthly, start, moments[-1], zone)


@pytest.mark.parametrize("year", range(2023, 2034))
def test_each_year_costs_twelve_fees(year: int) -> None:
    start, end = _local(date(year, 1, 1), VLADIVOSTOK), _local(date(year + 1, 1, 1), VLADIVOSTOK)
    assert accrued(Money(890_00), start, end, VLADIVOSTOK) == Money(890_00 * 12)


@pytest.mark.parametrize(
    "day, begins",
    [
        (date(1981, 3, 31), "1981-03-30T14:00+00:00"),
        (date(1981, 4, 1), "1981-03-31T14:00+00:00"),  # summer time began at this midnight
        (date(1981, 4, 2), "1981-04-01T13:00+00:00"),
        (date(1991, 3, 31), "1991-03-30T14:00+00:00"),
        (date(1991, 4, 1), "1991-03-31T14:00+00:00"),  # decree time was left
        (date(2010, 10, 31), "2010-10-30T13:00+00:00"),
        (date(2010, 11, 1), "2010-10-31T14:00+00:00"),  # the last hour put back
        (date(2011, 6, 1), "2011-05-31T13:00+00:00"),  # summer for good
        (date(2014, 10, 26), "2014-10-25T13:00+00:00"),
        (date(2014, 10, 27), "2014-10-26T14:00+00:00"),  # winter for good
        (date(2026, 4, 27), "2026-04-26T14:00+00:00"),
    ],
)
def test_a_day_in_vladivostok_begins_when_it_did(day: date, begins: str) -> None:
    midnight = datetime.fromisoformat(begins)
    assert _local(day, VLADIVOSTOK) == midnight
    assert day_start(midnight + timedelta(hours=12), VLADIVOSTOK) == midnight
    assert next_day(midnight - timedelta(hours=12), VLADIVOSTOK) == midnight


@given(zones, _minutes(datetime(1975, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)))
def test_a_moment_lies_in_its_day_and_in_its_month(zone: ZoneInfo, moment: datetime) -> None:
    assert day_start(moment, zone) <= moment < next_day(moment, zone)
    assert month_start(moment, zone) <= moment < next_month(moment, zone)
    assert next_month(moment, zone) == month_start(next_month(moment, zone), zone)


@given(
    st.integers(0, 1_500_00).map(Money),
    st.integers(1, 5_000_00).map(Money),
    zones,
    _minutes(datetime(2009, 1, 1, tzinfo=UTC), datetime(2012, 12, 31, tzinfo=UTC)),
)
def test_a_balance_runs_out_at_the_minute_it_is_first_below_zero(
    balance: Money, monthly: Money, zone: ZoneInfo, since: datetime
) -> None:
    at = runs_out_at(balance, monthly, since, zone)
    if at is None:
        assert accrued(monthly, since, since + timedelta(days=720), zone) <= balance
        return
    assert accrued(monthly, since, at, zone) > balance
    assert accrued(monthly, since, at - MINUTE, zone) <= balance


@pytest.mark.parametrize("kopecks", [0, 1, 29_66, 29_67, 198_19])
def test_a_walk_minute_by_minute_finds_the_same_end(kopecks: int) -> None:
    since = datetime(2010, 10, 30, 3, 7, tzinfo=UTC)  # over the end of summer time and of a month
    balance, walked, steps = Money(kopecks), since, 0
    while accrued(Money(890_00), since, walked, VLADIVOSTOK) <= balance:
        walked, steps = walked + MINUTE, steps + 1
        assert steps < 20_000
    assert runs_out_at(balance, Money(890_00), since, VLADIVOSTOK) == walked


def test_what_does_not_fall_does_not_run_out() -> None:
    since = datetime(2026, 4, 27, tzinfo=UTC)
    assert runs_out_at(Money(1), ZERO, since, VLADIVOSTOK) is None
    assert runs_out_at(Money(-1), ZERO, since, VLADIVOSTOK) == since
    assert runs_out_at(Money.roubles(100_000), Money(890_00), since, VLADIVOSTOK) is None


@pytest.mark.parametrize(
    "code, state, negative_days, monthly",
    [
        ("moskva", ServiceState.ACTIVE, -1, 890_00),
        ("moskva", ServiceState.ACTIVE, 0, 890_00),
        ("moskva", ServiceState.ACTIVE, GRACE_DAYS - 1, 890_00),
        ("moskva", ServiceState.ACTIVE, GRACE_DAYS, 0),
        ("svoya-moskva", ServiceState.ACTIVE, GRACE_DAYS - 1, 890_00),
        ("svoya-moskva", ServiceState.ACTIVE, GRACE_DAYS, 200_00),
        ("svoya-moskva", ServiceState.BLOCKED, -1, 200_00),
        ("svoya-moskva", ServiceState.VOLUNTARILY_BLOCKED, -1, 200_00),
        ("moskva", ServiceState.VOLUNTARILY_BLOCKED, -1, 0),
        (None, ServiceState.ACTIVE, -1, 0),
    ],
)
def test_the_fee_of_a_day_follows_tariff_state_and_grace(
    profile: Profile, code: str | None, state: ServiceState, negative_days: int, monthly: int
) -> None:
    tariff: Tariff | None = profile.tariff(code)
    assert fee_rate(tariff, state, negative_days=negative_days) == Money(monthly)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Vladivostok", "America/New_York"])
def test_the_machines_own_zone_changes_nothing(zone: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _SUMS], env={**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["436100", "2026-05-03T23:59:00+00:00", "2026-04-26T14:00:00+00:00"]


_SUMS = """
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
from core.money import Money
from core.use_cases.accrual import accrued, day_start, runs_out_at
zone, start = ZoneInfo("Asia/Vladivostok"), datetime(2026, 4, 27, 5, tzinfo=UTC)
print(accrued(Money(890_00), start, start + timedelta(days=150), zone).kopecks)
print(runs_out_at(Money(198_19), Money(890_00), start, zone).isoformat())
print(day_start(start, zone).isoformat())
"""
