"""The conditions of alerts as one table of balances and moments; nothing is stored here."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.money import ZERO, Money
from core.profile import Profile
from core.use_cases.accrual import accrued
from core.use_cases.alert_conditions import Course, Watch, holding, is_over, next_look

ZONE = ZoneInfo("Asia/Vladivostok")
FEE = Money(890_00)
WATCH = Watch((3, 1), Money(200_00), negative=True)


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)


def _course(
    kopecks: int,
    at: str = "2026-06-01T00:00",
    *,
    then: Money = FEE,
    watched: bool = True,
    below: date | None = None,
) -> Course:
    return Course(Money(kopecks), _at(at), FEE, then, watched, below, ZONE)


@pytest.mark.parametrize(
    "kopecks, kinds",
    [
        (200_00, []),
        (199_99, ["threshold"]),
        (118_68, ["threshold"]),  # four days of 29.67
        (118_67, ["days:3", "threshold"]),
        (59_34, ["days:3", "threshold"]),
        (59_33, ["days:1", "days:3", "threshold"]),
        (0, ["days:1", "days:3", "threshold"]),
        (-1, ["negative", "days:1", "days:3", "threshold"]),
    ],
)
def test_what_holds_of_a_balance_the_most_urgent_first(kopecks: int, kinds: list[str]) -> None:
    assert holding(_course(kopecks), WATCH) == kinds
    assert holding(_course(kopecks, watched=False), WATCH) == []


@pytest.mark.parametrize(
    "kind, over, still",
    [
        ("days:3", 118_68, 118_67),
        ("days:1", 59_34, 59_33),
        ("threshold", 200_01, 200_00),
        ("negative", 0, -1),
        ("grace", 0, -1),
    ],
)
def test_a_kind_is_armed_again_above_its_balance(kind: str, over: int, still: int) -> None:
    assert is_over(kind, _course(over), WATCH)
    assert not is_over(kind, _course(still), WATCH)


def test_what_is_not_wanted_any_more_is_over() -> None:
    assert is_over("days:3", _course(0), Watch((1,), None, negative=True))
    assert is_over("negative", _course(-1), Watch((1,), None, negative=False))


@pytest.mark.parametrize("kopecks", [198_19, 700_00, 3_000_00])
@pytest.mark.parametrize(
    "told", [(), ("threshold",), ("threshold", "days:3"), ("threshold", "days:3", "days:1")]
)
def test_the_next_look_is_the_first_minute_at_which_a_kind_begins(
    kopecks: int, told: tuple[str, ...]
) -> None:
    course = _course(kopecks)
    at = next_look(course, WATCH, told)
    assert at is not None
    before, then = (_later(course, moment) for moment in (at - timedelta(minutes=1), at))
    if kopecks != 198_19 or told:
        assert [kind for kind in holding(before, WATCH) if kind not in told] == []
    assert [kind for kind in holding(then, WATCH) if kind not in told] != []


def _later(course: Course, at: datetime) -> Course:
    balance = course.balance - accrued(course.monthly, course.since, at, ZONE)
    return Course(balance, at, course.monthly, course.then, course.watched, course.negative_since, ZONE)


def test_the_next_look_at_a_told_debt_is_the_last_day_before_the_block() -> None:
    told = ["negative", "days:1", "days:3", "threshold"]
    below = _course(-5_00, "2026-06-08T12:00", below=date(2026, 6, 7))
    assert next_look(below, WATCH, told) == _at("2026-06-13T00:00")
    last = _course(-5_00, "2026-06-13T00:00", below=date(2026, 6, 7))
    assert holding(last, WATCH)[0] == "grace"
    assert next_look(last, WATCH, [*told, "grace"]) is None


def test_the_first_day_below_zero_is_the_one_whose_fee_brought_it_there() -> None:
    day = _course(29_65)  # below zero with the last minute of the day, which ends at midnight
    assert day.block_on() == date(2026, 6, 8)


def test_the_next_tariff_counts_from_the_first_of_its_month() -> None:
    by_both = _course(100_00, "2026-06-30T12:00", then=Money(200_00)).runs_out_at()
    by_one = _course(100_00, "2026-06-30T12:00").runs_out_at()
    assert by_one is not None
    assert by_both is not None
    assert (by_one.astimezone(ZONE).date(), by_both.astimezone(ZONE).date()) == (
        date(2026, 7, 3),
        date(2026, 7, 14),
    )
    free = _course(100_00, "2026-06-30T12:00", then=ZERO)
    assert free.runs_out_at() is None


def test_what_lasts_for_years_is_looked_at_again_some_day() -> None:
    course = _course(1_000_000_00)
    at = next_look(course, WATCH, ())
    assert at is not None
    assert at > course.since + timedelta(days=365)


def test_settings_survive_their_storing(profile: Profile) -> None:
    assert Watch.of(WATCH.stored(), profile) == WATCH
    assert Watch.of(None, profile) == Watch((3, 1), None, negative=True)
