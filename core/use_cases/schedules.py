"""Schedules: the dates on which a mandate charges. Pure: each counts from the scheduled one before it."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
RETRY_DAYS = (1, 3, 5)  # after the scheduled date, where the bank said "not now"
LEAST_NOTICE = timedelta(hours=20)  # a warning is a day ahead; one that was late moves the charge


@dataclass(frozen=True, slots=True)
class EveryDays:
    days: int


@dataclass(frozen=True, slots=True)
class Monthly:
    """On this day of each month, or on the last one of a shorter month."""

    day: int

    def within(self, year: int, month: int) -> date:
        return date(year, month, min(self.day, calendar.monthrange(year, month)[1]))


Period = EveryDays | Monthly


def following(period: Period, scheduled: date, *, earliest: date) -> date:
    """The first date of the chain after `scheduled` that is not before `earliest`."""
    earliest = max(earliest, scheduled + DAY)
    if isinstance(period, EveryDays):
        steps = -((scheduled - earliest).days // period.days)
        return scheduled + timedelta(days=period.days * steps)
    found = period.within(earliest.year, earliest.month)
    if found >= earliest:
        return found
    year, month = divmod(earliest.year * 12 + earliest.month, 12)
    return period.within(year, month + 1)


def earliest_date(now: datetime, zone: ZoneInfo, *, hour: int) -> date:
    """The first date whose warning, a day ahead, is not in the past."""
    local = now.astimezone(zone)
    today = local.date()
    return today + DAY if local.time() <= time(hour) else today + 2 * DAY


def moment(day: date, zone: ZoneInfo, *, hour: int) -> datetime:
    """When what is due on a local date begins."""
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def charge_at(day: date, warned_at: datetime, zone: ZoneInfo, *, hour: int) -> datetime:
    """When a scheduled date is charged: on that day, or later where the warning was late."""
    at = moment(day, zone, hour=hour)
    late = warned_at + LEAST_NOTICE
    if at >= late:
        return at
    day = late.astimezone(zone).date()
    at = moment(day, zone, hour=hour)
    return at if at >= late else moment(day + DAY, zone, hour=hour)


def retry_on(scheduled: date, attempt: int, *, today: date, before: date | None) -> date | None:
    """When a declined attempt (1 the first) is made again; None where the cycle is over."""
    if attempt > len(RETRY_DAYS):
        return None
    on = max(scheduled + RETRY_DAYS[attempt - 1] * DAY, today + DAY)
    return None if before is not None and on >= before else on
