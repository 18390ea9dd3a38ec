"""Alert conditions: which hold of a balance at a moment, and when the next may begin. Pure.

days:N holds with N days left or fewer, as the account screen counts them; threshold below the subscriber's
own level; negative below zero; grace on the last day before the block. A kind that was told of is armed again
once the balance is above it: time alone, which may change the daily fee with the month, arms nothing.
"""

from calendar import monthrange
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.money import ZERO, Money
from core.profile import Profile
from core.use_cases.account_screen import daily_fee
from core.use_cases.accrual import GRACE_DAYS, MINUTE, first_below, midnight, runs_out_at

THRESHOLD = "threshold"
NEGATIVE = "negative"
GRACE = "grace"
LOOK_AGAIN = timedelta(days=700)  # at what lasts longer than is reckoned ahead


@dataclass(frozen=True, slots=True)
class Watch:
    """What an account's people want to be told of."""

    days: tuple[int, ...]
    threshold: Money | None
    negative: bool

    @classmethod
    def of(cls, stored: Any, profile: Profile) -> "Watch":
        """As the account has it; the profile's where nothing was chosen."""
        if stored is None:
            return cls(tuple(profile.alerts.days), None, profile.alerts.negative)
        threshold = stored["threshold"]
        return cls(tuple(stored["days"]), None if threshold is None else Money(threshold), stored["negative"])

    def stored(self) -> dict[str, Any]:
        threshold = None if self.threshold is None else self.threshold.kopecks
        return {"days": list(self.days), "threshold": threshold, "negative": self.negative}

    def kinds(self) -> list[str]:
        """The most urgent first: of several that begin together only that one is said."""
        last = [GRACE, NEGATIVE] if self.negative else []
        days = [days_kind(n) for n in sorted(set(self.days))]
        return [*last, *days, *([] if self.threshold is None else [THRESHOLD])]


def days_kind(n: int) -> str:
    return f"days:{n}"


def word_of(kind: str) -> str:
    """What a notice calls it: its days are told apart."""
    return kind.partition(":")[0]


def days_of(kind: str) -> int | None:
    name, _, count = kind.partition(":")
    return int(count) if name == "days" else None


@dataclass(frozen=True, slots=True)
class Course:
    """A balance as shown at a moment, and what it falls by from then on.

    `watched`: service that a fee is charged for, and that is neither blocked nor resting.
    """

    balance: Money
    since: datetime
    monthly: Money
    then: Money  # the monthly fee from the next month on
    watched: bool
    negative_since: date | None
    zone: ZoneInfo

    def below(self, level: Callable[[datetime, Money], Money]) -> datetime | None:
        return first_below(self.balance, self.monthly, self.since, self.zone, level, then=self.then)

    def runs_out_at(self) -> datetime | None:
        return runs_out_at(self.balance, self.monthly, self.since, self.zone, then=self.then)

    def after(self, payment: Money) -> "Course":
        return replace(self, balance=self.balance + payment)

    def days_left(self) -> int | None:
        """As the account screen tells it; none where nothing is charged."""
        if not self.monthly:
            return None
        return max(0, self.balance.kopecks // self._daily(self.since, self.monthly).kopecks)

    def month(self) -> Money:
        """What the account screen reckons a month at: the daily fee, so many times."""
        local = self.since.astimezone(self.zone)
        days = monthrange(local.year, local.month)[1]
        return Money(daily_fee(self.monthly, days).kopecks * days)

    def block_on(self) -> date | None:
        """The first day without service, if nobody pays."""
        below = self._below_zero_on()
        return None if below is None else below + timedelta(days=GRACE_DAYS)

    def last_day_at(self) -> datetime | None:
        """When the last day before the block begins."""
        block = self.block_on()
        return None if block is None else midnight(block - timedelta(days=1), self.zone)

    def level(self, kind: str, watch: Watch) -> Callable[[datetime, Money], Money]:
        """Below which balance a kind holds, in a month and by its fee."""
        if kind == THRESHOLD:
            assert watch.threshold is not None
            threshold = watch.threshold
            return lambda _since, _fee: threshold
        n = days_of(kind)
        if n is None:
            return lambda _since, _fee: ZERO
        return lambda since, fee: Money(self._daily(since, fee).kopecks * (n + 1))

    def _below_zero_on(self) -> date | None:
        if self.negative_since is not None:
            return self.negative_since
        at = self.runs_out_at()
        if at is None:
            return None
        # The minute that brought it below zero is the day's whose fee it was.
        return (at if at == self.since else at - MINUTE).astimezone(self.zone).date()

    def _daily(self, moment: datetime, monthly: Money) -> Money:
        local = moment.astimezone(self.zone)
        return daily_fee(monthly, monthrange(local.year, local.month)[1])


def holding(course: Course, watch: Watch) -> list[str]:
    """The kinds whose condition holds at this moment, the most urgent first."""
    if not course.watched:
        return []
    return [kind for kind in watch.kinds() if _holds(kind, course, watch)]


def _holds(kind: str, course: Course, watch: Watch) -> bool:
    if kind == GRACE:
        last = course.last_day_at()
        return course.balance < ZERO and last is not None and last <= course.since
    return course.balance < course.level(kind, watch)(course.since, course.monthly)


def is_over(kind: str, course: Course, watch: Watch) -> bool:
    """Whether a kind that was told of is armed again."""
    if kind not in watch.kinds():
        return True
    if kind == THRESHOLD:
        return watch.threshold is not None and course.balance > watch.threshold
    n, left = days_of(kind), course.days_left()
    if n is None:
        return course.balance >= ZERO
    return left is None or left > n


def next_look(course: Course, watch: Watch, told: Collection[str]) -> datetime | None:
    """When a kind that was not told of may begin to hold; none where there is nothing to wait for."""
    armed = [kind for kind in watch.kinds() if kind not in told]
    if not course.watched or not armed:
        return None
    levels = [course.level(kind, watch) for kind in armed if kind != GRACE]
    if not levels:
        return course.last_day_at()
    # The balance only falls: the highest level is the first that it comes to.
    at = course.below(lambda since, fee: max(level(since, fee) for level in levels))
    return course.since + LOOK_AGAIN if at is None else at
