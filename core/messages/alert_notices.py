"""Notices of low balances, and of what people chose to be told of them."""

from dataclasses import dataclass
from datetime import date, timedelta

from core.messages.notices import Notice
from core.money import Money
from core.notice_states import AlertBySms
from core.states import Lane


@dataclass(frozen=True)
class Alert(Notice):
    """The balance comes to its end. `kind`: days, threshold, negative, or grace (the last day of it).

    `until`: the day on which it runs out; below zero, the first day without service. `recommended` is what a
    top-up may be offered for, and never nothing.
    """

    template = "alert"
    lane = Lane.BULK
    lives = timedelta(days=1)  # tomorrow its days are other ones
    repeats = False
    quiet = True
    falls_back = True
    episode: str
    kind: str
    number: str
    balance: Money
    days: int | None
    recommended: Money
    until: date | None
    threshold: Money | None = None


@dataclass(frozen=True)
class _Settings(Notice):
    """What an account's people are told of; `days` are days left, [] for none."""

    number: str
    balance: Money
    days: list[int]
    threshold: Money | None
    negative: bool
    telegram: bool
    sms: AlertBySms


@dataclass(frozen=True)
class AlertsChanged(_Settings):
    """`by_other`: not the reader did it."""

    template = "alerts_changed"
    by_other: bool = False


@dataclass(frozen=True)
class AlertsState(_Settings):
    """SMS: how it stands; `stopped`: nothing comes to this phone, whatever is chosen."""

    template = "alerts_state"
    lives = timedelta(hours=1)
    repeats = False
    stopped: bool = False
