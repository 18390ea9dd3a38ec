"""The buttons under alerts and their settings."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from core.money import Money
from core.notice_states import AlertBySms
from core.use_cases.accounts import LinkedAccount
from handlers.telegram import buttons
from handlers.telegram import buttons_alerts as to
from handlers.telegram.html import Html
from handlers.telegram.keyboards import Row, back, button, rows

DAYS = (1, 2, 3, 5, 7)
THRESHOLDS = (Money.roubles(100), Money.roubles(200), Money.roubles(300), Money.roubles(500))


def settings(
    words: Html,
    number: str,
    *,
    days: Sequence[int],
    threshold: Money | None,
    negative: bool,
    telegram: bool,
    sms: AlertBySms,
) -> InlineKeyboardMarkup:
    def tick(text: str, to: buttons.Button, *, on: bool) -> Row:
        return [button(("☑ " if on else "☐ ") + text, to)]

    counts = [
        button(
            ("☑ " if n in days else "☐ ") + str(n),
            to.AlertDay(number=number, days=n, on=n not in days),
        )
        for n in sorted({*DAYS, *days})
    ]
    level = words("Below a sum") if threshold is None else words.money(threshold)
    any_on = bool(days) or threshold is not None or negative
    return rows(
        *(counts[at : at + 5] for at in range(0, len(counts), 5)),
        tick(level, to.AskThreshold(number=number), on=threshold is not None),
        tick(
            words("Below zero, and before a block"),
            to.AlertNegative(number=number, on=not negative),
            on=negative,
        ),
        tick(words("In Telegram"), to.AlertTelegram(number=number, on=not telegram), on=telegram),
        [button(by_sms(words, sms), to.AlertSms(number=number, sms=_NEXT[sms]))],
        [
            button(words("Turn all off"), to.AlertsOff(number=number))
            if any_on
            else button(words("Turn on"), to.AlertsUsual(number=number))
        ],
        [button(words("Another account"), to.ToAlertAccounts()), *back(words)],
    )


_NEXT = {
    AlertBySms.NEVER: AlertBySms.WITHOUT_TELEGRAM,
    AlertBySms.WITHOUT_TELEGRAM: AlertBySms.ALWAYS,
    AlertBySms.ALWAYS: AlertBySms.NEVER,
}


def by_sms(words: Html, sms: AlertBySms) -> str:
    match sms:
        case AlertBySms.NEVER:
            return words("SMS: never")
        case AlertBySms.ALWAYS:
            return words("SMS: always")
    return words("SMS: where Telegram does not reach")


def threshold(words: Html, number: str, *, offered: Sequence[Money], chosen: bool) -> InlineKeyboardMarkup:
    levels = [
        button(words.money(each), to.AlertThreshold(number=number, kopecks=each.kopecks)) for each in offered
    ]
    none = button(words("Do not tell of a sum"), to.AlertThreshold(number=number, kopecks=0))
    return rows(levels[:2], levels[2:], [none] if chosen else [], back(words, to.ToAlerts(number=number)))


def which(words: Html, linked: Sequence[LinkedAccount]) -> InlineKeyboardMarkup:
    return rows(*([button(one.number, to.ToAlerts(number=one.number))] for one in linked), back(words))


def alert(words: Html, number: str, amount: Money) -> InlineKeyboardMarkup:
    pay = buttons.Chip(number=number, kopecks=amount.kopecks)
    return rows(
        [button(words("Top up by {amount}", amount=words.money(amount)), pay)],
        [button(words("Another amount"), buttons.OtherAmount(number=number))],
        [button(words("Alert settings"), to.ToAlerts(number=number))],
    )


def to_settings(words: Html, number: str) -> InlineKeyboardMarkup:
    menu = button(words("Menu"), buttons.ToMenu())
    return rows([button(words("Alert settings"), to.ToAlerts(number=number))], [menu])
