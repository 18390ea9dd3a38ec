"""Every SMS text there is, with the longest arguments it can get, and the segments it may take."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.messages import autopay_notices as autopay
from core.messages.alert_notices import Alert, AlertsChanged, AlertsState
from core.messages.autopay_notices import Refunded
from core.messages.notices import (
    Advertising,
    Balance,
    BalanceLine,
    Cancelled,
    CheckoutReady,
    Declined,
    Held,
    Help,
    History,
    HistoryLine,
    LanguageChosen,
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
from core.notice_states import AlertBySms
from core.use_cases.history_by_sms import LINES_IN_SMS
from handlers.sms.amounts import Problem

MONEY_SEGMENTS = 2  # quotes and receipts
PLAIN_SEGMENTS = 2
LONG_SEGMENTS = 3  # balances, help, and the terms of autopay
CODE_SEGMENTS = 1  # a code is read on a locked screen: nothing of it may come later

NUMBER = "1234567890"
AMOUNT = Money(14_499_99)
COMMISSION = Money(499_01)
TOTAL = Money(14_999_00 - 1)
BALANCE = Money(-123_456_78)
AUTOPAY = Money(9_999_99)
DAY = date(2026, 9, 27)
MASK = "220012******0004"
URL = "https://yoomoney.ru/checkout/payments/v2/contract?orderId=22e12f66-000f-5000-8000-18db351245c7"


@dataclass(frozen=True)
class Opened(autopay.SmsCode):
    """A code as a delivery sees it."""

    code: str = "123456"


@dataclass(frozen=True)
class Broadcast(Notice):
    """Words of staff as a delivery sees them; the longest that staff wrote themselves is theirs to choose."""

    template = "broadcast"
    repeats = False
    sms: str
    facts: dict[str, Any]
    opt_out: bool


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
    yield from _codes()
    yield from _terms()
    yield from _charges()
    yield from _ends()
    yield from _alerts()
    yield Longest("help", Help(), LONG_SEGMENTS)
    lines = [HistoryLine(DAY, amount) for amount in (AMOUNT, Money(-AMOUNT.kopecks)) * 3][:LINES_IN_SMS]
    yield Longest("history", History(NUMBER, lines), LONG_SEGMENTS)
    yield Longest("history, none", History(NUMBER), PLAIN_SEGMENTS)
    yield Longest("language_chosen", LanguageChosen(), PLAIN_SEGMENTS)
    for wanted, stopped in ((True, False), (False, False), (False, True)):
        name = "advertising, wanted" if wanted else "advertising, stopped" if stopped else "advertising, none"
        yield Longest(name, Advertising(wanted, stopped), PLAIN_SEGMENTS)
    yield Longest("stopped", Stopped(), PLAIN_SEGMENTS)
    yield Longest("started", Started(), PLAIN_SEGMENTS)
    yield Longest("no_cards", NoCards(), PLAIN_SEGMENTS)
    yield from _broadcasts()
    yield from _refusals()


def _broadcasts() -> Iterator[Longest]:
    facts = {"account": NUMBER, "balance": BALANCE.kopecks, "days": 22, "sum": AMOUNT.kopecks}
    every = "{account} {balance} {days} {sum} {tariff}"
    yield Longest("broadcast, every figure", Broadcast(every, facts, opt_out=False), 1)
    yield Longest("broadcast, 44 letters and a way out", Broadcast("x" * 44, {}, opt_out=True), 1)


def _money() -> Iterator[Longest]:
    for name, by_provider, code, needs_sum, replaces in (
        ("quoted", False, None, False, False),
        ("quoted, from", True, None, False, False),
        ("quoted, code", False, "123", False, False),
        ("quoted, code, from", True, "123", False, False),
        ("quoted, sum", False, None, True, False),
        ("quoted, sum, from", True, None, True, False),
        ("quoted, again", False, None, True, True),
        ("quoted, again, from", True, None, True, True),
    ):
        said = Quoted(NUMBER, AMOUNT, COMMISSION, TOTAL, by_provider, code, needs_sum, replaces)
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


def _alerts() -> Iterator[Longest]:
    for kind, days in (("days", 3), ("days", 0), ("threshold", 22), ("negative", 0), ("grace", 0)):
        said = Alert("", kind, NUMBER, BALANCE, days, Money.roubles(14_500), DAY, Money(9_999_99))
        yield Longest(f"alert, {kind}, {days}", said, PLAIN_SEGMENTS)
    open_end = Alert("", "threshold", NUMBER, BALANCE, None, Money.roubles(14_500), None, Money(9_999_99))
    yield Longest("alert, threshold, no end", open_end, PLAIN_SEGMENTS)
    for name, every in (("on", [14, 7, 5, 3, 2, 1]), ("off", list[int]())):
        on = bool(every)
        level = Money(9_999_99) if on else None
        facts = (NUMBER, BALANCE, every, level, on, on, AlertBySms.WITHOUT_TELEGRAM)
        yield Longest(f"alerts_changed, {name}", AlertsChanged(*facts, by_other=True), LONG_SEGMENTS)
        yield Longest(f"alerts_state, {name}", AlertsState(*facts, stopped=True), LONG_SEGMENTS + 1)
    for sms in (AlertBySms.ALWAYS, AlertBySms.NEVER):
        said_sms = AlertsState(NUMBER, BALANCE, [3, 1], None, negative=True, telegram=True, sms=sms)
        yield Longest(f"alerts_state, {sms}", said_sms, LONG_SEGMENTS)


def _codes() -> Iterator[Longest]:
    for purpose, amount in (
        ("link", None),
        ("unlink", None),
        ("autopay_connect", AUTOPAY),
        ("autopay_raise", AUTOPAY),
    ):
        said = Opened(sealed="", purpose=purpose, number=NUMBER, amount=amount)
        yield Longest(f"sms_code, {purpose}", said, CODE_SEGMENTS)


def _terms() -> Iterator[Longest]:
    kinds = [
        autopay.AutopayConnected,
        autopay.AutopayRequested,
        autopay.AutopayChanged,
        autopay.AutopayResumed,
    ]
    for kind in kinds:
        for name, period in (("days", {"days": 88}), ("monthly", {"day": 31})):
            said = kind(NUMBER, AUTOPAY, period, DAY, MASK, DAY, by_other=True)
            yield Longest(f"{kind.template}, {name}", said, LONG_SEGMENTS)
    yield Longest(
        "autopay_requested, bare",
        autopay.AutopayRequested(NUMBER, AUTOPAY, {"days": 30}, DAY),
        LONG_SEGMENTS,
    )
    states = [
        ("active", None, None),
        ("active", None, DAY),
        ("requested", None, None),
        ("paused", "by_subscriber", None),
        ("paused", "card_needed", None),
        ("paused", "failed", None),
    ]
    for state, reason, retry_on in states:
        stands = autopay.AutopayState(
            NUMBER, AUTOPAY, {"days": 88}, DAY, MASK, DAY, state=state, reason=reason, retry_on=retry_on
        )
        again = "again" if retry_on else None
        name = ", ".join(each for each in ("autopay_state", state, reason, again) if each)
        yield Longest(name, stands, LONG_SEGMENTS)
    yield Longest("autopay_none", autopay.AutopayNone(NUMBER), PLAIN_SEGMENTS)
    yield Longest("autopay_offer", autopay.AutopayOffer(NUMBER, AUTOPAY, 88, DAY), PLAIN_SEGMENTS)
    yield Longest("checkout_ready", CheckoutReady(NUMBER, AUTOPAY, URL), LONG_SEGMENTS)


def _charges() -> Iterator[Longest]:
    warning = autopay.AutopayWarning("", NUMBER, AUTOPAY, DAY, DAY, MASK)
    yield Longest("autopay_warning", warning, PLAIN_SEGMENTS)
    for next_on in (DAY, None):
        name = "autopay_skipped" if next_on else "autopay_skipped, the last"
        yield Longest(name, autopay.AutopaySkipped(NUMBER, DAY, next_on, by_other=True), PLAIN_SEGMENTS)
    for reason in ("insufficient_funds", "other"):
        for then, retry_on, next_on in (("again", DAY, None), ("next", None, DAY), ("given up", None, None)):
            declined = autopay.AutopayDeclined(NUMBER, AUTOPAY, MASK, reason, retry_on, next_on)
            yield Longest(f"autopay_declined, {reason}, {then}", declined, PLAIN_SEGMENTS)
    needed = autopay.AutopayCardNeeded(NUMBER, AUTOPAY, MASK, "unlinked")
    yield Longest("autopay_card_needed", needed, PLAIN_SEGMENTS)


def _ends() -> Iterator[Longest]:
    for reason in ("by_subscriber", "failed"):
        paused = autopay.AutopayPaused(NUMBER, reason, by_other=True)
        yield Longest(f"autopay_paused, {reason}", paused, PLAIN_SEGMENTS)
    for in_flight in (False, True):
        name = ", in flight" if in_flight else ""
        deleted = autopay.AutopayDeleted(NUMBER, in_flight, by_other=True)
        yield Longest(f"autopay_deleted{name}", deleted, PLAIN_SEGMENTS)
        unlinked = autopay.CardUnlinked(MASK, [NUMBER] * 9, in_flight)
        yield Longest(f"card_unlinked{name}", unlinked, LONG_SEGMENTS)
    yield Longest(
        "card_unlinked, no autopay", autopay.CardUnlinked(MASK, [], in_flight=False), PLAIN_SEGMENTS
    )
    for reason in ("until", "no_card"):
        yield Longest(f"autopay_ended, {reason}", autopay.AutopayEnded(NUMBER, reason), PLAIN_SEGMENTS)
    yield Longest("card_saved", autopay.CardSaved(MASK), PLAIN_SEGMENTS)
    yield Longest("card_expiring", autopay.CardExpiring(MASK, DAY, [NUMBER] * 9), LONG_SEGMENTS)
    yield Longest("card_expiring, no autopay", autopay.CardExpiring(MASK, DAY), PLAIN_SEGMENTS)


def _refusals() -> Iterator[Longest]:
    form = {"account": NUMBER, "amount": AMOUNT, "least": AMOUNT, "most": AMOUNT}
    for problem in Problem:
        if problem not in (Problem.NOT_OURS, Problem.NOT_UNDERSTOOD):
            yield Longest(f"refused, {problem}", Refused(problem, form), PLAIN_SEGMENTS)
    for name in ("ambiguous_numbers", "amount_malformed", "amount_missing", "amount_too_large"):
        yield Longest(f"refused, autopay_{name}", Refused(f"autopay_{name}", form), PLAIN_SEGMENTS)
    yield Longest(
        "refused, autopay_amount_too_small", Refused("autopay_amount_too_small", form), PLAIN_SEGMENTS
    )
    for kind in ("autopay_state", "autopay_stop", "autopay_amount", "alerts_days", "history"):
        facts = {"numbers": [NUMBER] * 9, "form": kind, "amount": AUTOPAY}
        yield Longest(f"refused, account_needed, {kind}", Refused("account_needed", facts), PLAIN_SEGMENTS)
    for left in (4, 0):
        wrong = Refused("code_wrong", {"tries_left": left})
        yield Longest(f"refused, code_wrong, {left}", wrong, PLAIN_SEGMENTS)
    for minutes in (15, 1_440):
        many = Refused("too_many_tries", {"retry_after": minutes})
        yield Longest(f"refused, too_many_tries, {minutes}", many, PLAIN_SEGMENTS)
    for whose, period in itertools.product(("phone", "account"), ("day", "month")):
        reached = {"whose": whose, "period": period, "limit": AMOUNT, "left": AMOUNT, "number": NUMBER}
        yield Longest(f"refused, {whose}, {period}", Refused("limit_reached", reached), PLAIN_SEGMENTS)
        if whose == "account":
            said = Refused("limit_reached", reached | {"left": None})
            yield Longest(f"refused, {whose}, {period}, of a stranger", said, PLAIN_SEGMENTS)
    refusals: dict[str, dict[str, Any]] = {
        "advertising_not_understood": {},
        "alerts_amount_too_large": {"most": AMOUNT},
        "alerts_not_understood": {},
        "already_confirmed": {},
        "autopay_method_unavailable": {},
        "autopay_stop_unclear": {},
        "code_expired": {},
        "code_needed": {},
        "too_many_codes": {},
        "days_out_of_range": {"most": 14},
        "history_ambiguous_numbers": {},
        "language_not_understood": {},
        "operator_unknown": {},
        "mandate_exists": {"number": NUMBER},
        "method_unavailable": {},
        "no_mandate": {},
        "no_open_quote": {},
        "no_registered_phone": {},
        "not_linked": {},
        "not_yours": {},
        "quote_expired": {},
        "sum_needed": {"amount": AMOUNT},
        "unknown_account": {"number": NUMBER},
        "wrong_sum": {"amount": AMOUNT},
    }
    for problem_name, facts in refusals.items():
        yield Longest(f"refused, {problem_name}", Refused(problem_name, facts), PLAIN_SEGMENTS)
