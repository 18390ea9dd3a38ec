"""Schedules: every anchor, every month, every chain from 2023 to 2033, whatever zone the machine is in."""

import calendar
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.use_cases.schedules import (
    DAY,
    LEAST_NOTICE,
    EveryDays,
    Monthly,
    Period,
    charge_at,
    earliest_date,
    following,
    moment,
    retry_on,
)

VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")
ZONES = [VLADIVOSTOK, ZoneInfo("UTC"), ZoneInfo("America/New_York")]
START, END = date(2023, 1, 1), date(2033, 12, 31)
HOUR = 10


@pytest.fixture(params=["UTC", "Asia/Vladivostok", "America/New_York"], autouse=True)
def machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The dates are the operator's, wherever the machine stands."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def _chain(period: Period, start: date, end: date = END) -> list[date]:
    dates, day = [], following(period, start, earliest=start)
    while day <= end:
        dates.append(day)
        day = following(period, day, earliest=day)
    return dates


@pytest.mark.parametrize("anchor", range(1, 32))
def test_a_monthly_anchor_is_kept_through_every_month(anchor: int) -> None:
    dates = _chain(Monthly(anchor), START - DAY)
    months = [(year, month) for year in range(2023, 2034) for month in range(1, 13)]
    assert dates == [date(y, m, min(anchor, calendar.monthrange(y, m)[1])) for y, m in months]


@pytest.mark.parametrize("anchor", [29, 30, 31])
def test_a_february_does_not_wear_the_anchor_down(anchor: int) -> None:
    for year in range(2023, 2034):
        leap = calendar.isleap(year)
        february = following(Monthly(anchor), date(year, 1, anchor), earliest=date(year, 1, anchor))
        assert february == date(year, 2, 29 if leap else 28)
        assert following(Monthly(anchor), february, earliest=february) == date(year, 3, anchor)


def test_the_29th_of_february_is_a_date_of_its_own() -> None:
    leap = date(2024, 2, 29)
    assert following(Monthly(29), leap, earliest=leap) == date(2024, 3, 29)
    assert following(EveryDays(30), leap, earliest=leap) == date(2024, 3, 30)
    assert following(Monthly(29), date(2027, 1, 29), earliest=date(2027, 2, 1)) == date(2027, 2, 28)


@pytest.mark.parametrize("days", [7, 28, 30, 31, 90])
def test_a_chain_of_days_never_drifts(days: int) -> None:
    dates = _chain(EveryDays(days), START)
    assert {two - one for one, two in pairwise(dates)} == {timedelta(days=days)}
    assert dates[0] == START + timedelta(days=days)
    assert len(dates) == (END - START).days // days


periods = st.one_of(st.builds(EveryDays, st.integers(7, 90)), st.builds(Monthly, st.integers(1, 31)))
days = st.dates(START, END)


@given(periods, days, st.integers(0, 400))
def test_a_later_start_lands_on_the_same_chain(period: Period, scheduled: date, away: int) -> None:
    earliest = scheduled + timedelta(days=away)
    found = following(period, scheduled, earliest=earliest)
    assert found > scheduled
    assert found >= earliest
    whole = _chain(period, scheduled, earliest + timedelta(days=100))
    assert found == next(day for day in whole if day >= earliest)


@given(st.integers(0, 11 * 366 * 24 * 60), st.sampled_from(ZONES))
def test_the_earliest_date_can_still_be_warned_of(minutes: int, zone: ZoneInfo) -> None:
    now = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    day = earliest_date(now, zone, hour=HOUR)
    assert moment(day - DAY, zone, hour=HOUR) >= now
    assert moment(day - 2 * DAY, zone, hour=HOUR) < now


@given(days, st.integers(-30, 90), st.sampled_from(ZONES))
def test_a_charge_keeps_its_day_unless_its_warning_was_late(day: date, late: int, zone: ZoneInfo) -> None:
    warned = moment(day - DAY, zone, hour=HOUR) + timedelta(hours=late)
    at = charge_at(day, warned, zone, hour=HOUR)
    local = at.astimezone(zone)
    assert (local.hour, local.minute) == (HOUR, 0)
    assert at >= warned + LEAST_NOTICE
    if late <= 3:
        assert local.date() == day
    assert at < max(moment(day, zone, hour=HOUR), warned + LEAST_NOTICE) + timedelta(hours=26)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_ten_o_clock_is_local_on_every_day(zone: ZoneInfo) -> None:
    day = START
    while day <= END:
        local = moment(day, zone, hour=HOUR).astimezone(zone)
        assert (local.date(), local.hour, local.minute) == (day, HOUR, 0)
        day += DAY


SCHEDULED = date(2026, 5, 27)


@pytest.mark.parametrize(
    "attempt, late, before, on",
    [
        (1, 0, None, 1),
        (2, 1, None, 3),
        (3, 3, None, 5),
        (4, 5, None, None),  # the cycle is over
        (1, 2, None, 3),  # the first attempt was itself late
        (3, 6, None, 7),
        (3, 3, 7, 5),  # the shortest period still has room
        (3, 6, 7, None),  # the next date has come
        (2, 1, 3, None),
    ],
)
def test_retries_count_from_the_scheduled_date(
    attempt: int, late: int, before: int | None, on: int | None
) -> None:
    def day(offset: int | None) -> date | None:
        return None if offset is None else SCHEDULED + timedelta(days=offset)

    today = SCHEDULED + timedelta(days=late)
    assert retry_on(SCHEDULED, attempt, today=today, before=day(before)) == day(on)
