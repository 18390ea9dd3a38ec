"""A mandate's dates over ten years, wherever the machine stands: anchor, hour, warning and end."""

import calendar
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.use_cases.mandates import Calendar, next_date
from core.use_cases.schedules import DAY, EveryDays, Monthly, Period

ZONES = ["UTC", "Asia/Vladivostok", "America/New_York"]
START, END = date(2023, 1, 1), date(2033, 12, 31)
HOUR = 10


@pytest.fixture(params=ZONES, autouse=True)
def machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The process's own TZ, which nothing may follow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


def _charged(period: Period, of: Calendar, until: date | None) -> list[date]:
    """The chain as the jobs walk it: each date is found at its predecessor's 10:00, in UTC."""
    scheduled, dates = START - DAY, list[date]()
    now = of.at(scheduled)
    while True:
        day = next_date(period, scheduled, until, earliest=of.earliest(now))
        if day is None or day > END:
            return dates
        warned = of.at(day - DAY)
        assert warned >= now
        now = of.charge_at(day, warned)
        local = now.astimezone(of.zone)
        assert (of.today(now), local.hour, local.minute) == (day, HOUR, 0)
        assert of.works(now)
        assert not of.works(now - timedelta(minutes=1))
        dates.append(day)
        scheduled = day


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("anchor", range(1, 32))
def test_every_month_is_charged_once_on_its_anchor(zone: str, anchor: int) -> None:
    dates = _charged(Monthly(anchor), Calendar(ZoneInfo(zone), HOUR), None)
    months = [(year, month) for year in range(2023, 2034) for month in range(1, 13)]
    assert dates == [date(y, m, min(anchor, calendar.monthrange(y, m)[1])) for y, m in months]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("days", [7, 28, 30, 90])
def test_a_chain_of_days_keeps_its_step_across_every_change_of_the_clocks(zone: str, days: int) -> None:
    dates = _charged(EveryDays(days), Calendar(ZoneInfo(zone), HOUR), None)
    assert dates == [START - DAY + timedelta(days=days * n) for n in range(1, len(dates) + 1)]
    assert END - dates[-1] < timedelta(days=days)


@pytest.mark.parametrize("period", [EveryDays(30), Monthly(29), Monthly(31)], ids=str)
def test_the_end_date_is_the_last_that_may_be_charged(period: Period) -> None:
    """On the date itself, a day before and a day after it, at each end of ten years of Februaries."""
    of = Calendar(ZoneInfo("Asia/Vladivostok"), HOUR)
    whole = _charged(period, of, None)
    for number, day in enumerate(whole):
        assert _charged(period, of, day) == whole[: number + 1]
        assert _charged(period, of, day - DAY) == whole[:number]
    assert _charged(period, of, whole[0] - DAY) == []


@pytest.mark.parametrize("year", range(2023, 2034))
def test_february_has_the_29th_where_the_year_has_it(year: int) -> None:
    of = Calendar(ZoneInfo("Asia/Vladivostok"), HOUR)
    last = date(year, 2, 29) if calendar.isleap(year) else date(year, 2, 28)
    for anchor in (29, 30, 31):
        assert last in _charged(Monthly(anchor), of, None)
    assert of.today(datetime(year, 2, 28, 14, 30, tzinfo=UTC)) == date(year, 2, 28) + DAY
