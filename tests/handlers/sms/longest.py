"""Every SMS text there is, with the longest arguments it can get, and the segments it may take."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.messages.autopay_notices import Refunded
from core.messages.notices import (
    Balance,
    BalanceLine,
    Cancelled,
    Declined,
    Held,
    Help,
    NoCards,
    Notice,
    Paid,
    Pending,
    Quoted,
    Refused,
    Started,
    Stopped,
)
from core.money import Money
from handlers.sms.amounts import Problem

MONEY_SEGMENTS = 2  # quotes and receipts
PLAIN_SEGMENTS = 2
LONG_SEGMENTS = 3  # balances and help

NUMBER = "1234567890"
AMOUNT = Money(14_499_99)
COMMISSION = Money(499_01)
TOTAL = Money(14_999_00 - 1)
BALANCE = Money(-123_456_78)


@dataclass(frozen=True)
class Longest:
    name: str
    said: Notice
    segments: int


def longest() -> list[Longest]:
    return list(_all())


def _all() -> Iterator[Longest]:
    yield from _money()
    yield from _balances()
    yield Longest("help", Help(), LONG_SEGMENTS)
    yield Longest("stopped", Stopped(), PLAIN_SEGMENTS)
    yield Longest("started", Started(), PLAIN_SEGMENTS)
    yield Longest("no_cards", NoCards(), PLAIN_SEGMENTS)
    yield from _refusals()


def _money() -> Iterator[Longest]:
    for name, by_provider, code, needs_sum in (
        ("quoted", False, None, False),
        ("quoted, from", True, None, False),
        ("quoted, code", False, "123", False),
        ("quoted, again", False, None, True),
        ("quoted, again, from", True, None, True),
    ):
        said = Quoted(
            NUMBER, AMOUNT, COMMISSION, TOTAL, commission_from=by_provider, code=code, needs_sum=needs_sum
        )
        yield Longest(name, said, MONEY_SEGMENTS)
    for late in (False, True):
        said_paid = Paid(NUMBER, AMOUNT, COMMISSION, TOTAL, method="mobile", late=late)
        yield Longest("paid, late" if late else "paid", said_paid, MONEY_SEGMENTS)
    for reason in ("insufficient_funds", "unavailable", "other"):
        yield Longest(f"declined, {reason}", Declined(NUMBER, AMOUNT, reason), MONEY_SEGMENTS)
    yield Longest("pending", Pending(NUMBER, AMOUNT), MONEY_SEGMENTS)
    yield Longest("held", Held(NUMBER, AMOUNT), MONEY_SEGMENTS)
    yield Longest("refunded", Refunded(NUMBER, AMOUNT, "by provider"), MONEY_SEGMENTS)
    yield Longest("cancelled", Cancelled(NUMBER, AMOUNT), MONEY_SEGMENTS)


def _balances() -> Iterator[Longest]:
    for name, days in (("days", 22), ("today", 0), ("no tariff", None)):
        line = BalanceLine(NUMBER, BALANCE, days, AMOUNT)
        yield Longest(f"balance, {name}", Balance([line]), LONG_SEGMENTS)
        yield Longest(f"balances, {name}", Balance([line] * 3, more=99), LONG_SEGMENTS)


def _refusals() -> Iterator[Longest]:
    form = {"account": NUMBER, "amount": AMOUNT, "least": AMOUNT, "most": AMOUNT}
    for problem in Problem:
        if problem not in (Problem.NOT_OURS, Problem.NOT_UNDERSTOOD):
            yield Longest(f"refused, {problem}", Refused(problem, form), PLAIN_SEGMENTS)
    refusals: dict[str, dict[str, Any]] = {
        "already_confirmed": {},
        "code_needed": {},
        "method_unavailable": {},
        "no_open_quote": {},
        "no_registered_phone": {},
        "not_linked": {},
        "quote_expired": {},
        "sum_needed": {"amount": AMOUNT},
        "unknown_account": {"number": NUMBER},
        "wrong_sum": {"amount": AMOUNT},
    }
    for problem_name, facts in refusals.items():
        yield Longest(f"refused, {problem_name}", Refused(problem_name, facts), PLAIN_SEGMENTS)
