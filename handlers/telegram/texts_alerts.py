"""Screens and notices of low balances: the alert itself, and what a person chose to be told of."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from core.money import Money
from core.notice_states import AlertBySms
from core.use_cases.accounts import LinkedAccount
from core.use_cases.alert_settings import SettingsScreen
from handlers.telegram import buttons, keyboards, keyboards_alerts
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

Params = dict[str, Any]


def settings(words: Html, of: SettingsScreen) -> Screen:
    wished = of.settings
    return _settings(
        words,
        of.number,
        of.balance,
        days=wished.days,
        threshold=wished.threshold,
        negative=wished.negative,
        telegram=wished.telegram,
        sms=wished.sms,
    )


def which(words: Html, linked: Sequence[LinkedAccount]) -> Screen:
    return Screen(words("Alerts of which account?"), keyboards_alerts.which(words, linked))


def done(words: Html) -> Screen:
    """The notice replaces the screen."""
    return Screen(toast=words("Saved."))


def ask_threshold(words: Html, of: SettingsScreen, most: Money) -> Screen:
    text = words(
        "Account <b>{number}</b>: below which sum shall we write? Choose it or type it, up to {most}.",
        number=of.number,
        most=words.money(most),
    )
    offered = [each for each in keyboards_alerts.THRESHOLDS if each <= most]
    chosen = of.settings.threshold is not None
    return Screen(text, keyboards_alerts.threshold(words, of.number, offered=offered, chosen=chosen))


def days_out_of_range(words: Html, most: int) -> str:
    return words("Please choose from 1 to {most} days.", most=most)


def alert(words: Html, params: Params) -> Screen:
    number, amount = params["number"], Money(params["recommended"])
    lines = [
        _happened(words, params),
        "",
        words("Recommended: {amount}", amount=words.money(amount)),
    ]
    return Screen("\n".join(lines), keyboards_alerts.alert(words, number, amount))


def _happened(words: Html, params: Params) -> str:
    facts = {"number": params["number"], "balance": words.money(Money(params["balance"]))}
    until = None if params["until"] is None else words.date(date.fromisoformat(params["until"]))
    match params["kind"]:
        case "negative":
            text = words("<b>The balance of account {number} is below zero: {balance}</b>", **facts)
            then = words("Service goes on until {date}. Please top up.", date=until)
        case "grace":
            text = words("<b>Account {number} will be blocked on {date}</b>", **facts, date=until)
            then = words("Balance: {balance}. A top-up keeps the service on.", **facts)
        case "threshold":
            level = words.money(Money(params["threshold"] or 0))
            text = words("<b>Less than {threshold} is left on account {number}</b>", threshold=level, **facts)
            then = _lasts(words, facts["balance"], until)
        case _:
            text = _days(words, params["days"] or 0, params["number"])
            then = _lasts(words, facts["balance"], until)
    return f"{text}\n{then}"


def _days(words: Html, days: int, number: str) -> str:
    if not days:
        return words("<b>The money on account {number} lasts until today</b>", number=number)
    return words.plural(
        "<b>The money on account {number} lasts for {n} day</b>",
        "<b>The money on account {number} lasts for {n} days</b>",
        days,
        number=number,
    )


def _lasts(words: Html, balance: str, until: str | None) -> str:
    if until is None:
        return words("Balance: {balance}", balance=balance)
    return words("Balance: {balance}, it runs out on {date}.", balance=balance, date=until)


def changed(words: Html, params: Params) -> Screen:
    threshold = params["threshold"]
    shown = _settings(
        words,
        params["number"],
        Money(params["balance"]),
        days=params["days"],
        threshold=None if threshold is None else Money(threshold),
        negative=params["negative"],
        telegram=params["telegram"],
        sms=AlertBySms(params["sms"]),
    )
    if not params["by_other"]:
        return shown
    head = words("Somebody else changed the alerts of account {number}.", number=params["number"])
    return Screen(f"{head}\n\n{shown.text}", keyboards_alerts.to_settings(words, params["number"]))


def _settings(
    words: Html,
    number: str,
    balance: Money,
    *,
    days: Sequence[int],
    threshold: Money | None,
    negative: bool,
    telegram: bool,
    sms: AlertBySms,
) -> Screen:
    """The same whether it is shown or confirmed: the next change is one tap away."""
    told = [
        words("with so many days left: {days}", days=", ".join(map(str, sorted(days, reverse=True))))
        if days
        else "",
        words("below {threshold}", threshold=words.money(threshold)) if threshold is not None else "",
        words("below zero, and on the last day before a block") if negative else "",
    ]
    lines = [
        words("<b>Alerts of account {number}</b>", number=number),
        words("Balance: {balance}", balance=words.money(balance)),
        "",
    ]
    said = [f"• {each}" for each in told if each]
    if said:
        lines += [words("We write, once each time the balance comes to it, and never at night:"), *said]
        lines += ["", _ways(words, telegram=telegram, sms=sms)]
    else:
        lines.append(words("All alerts are off."))
    keyboard = keyboards_alerts.settings(
        words, number, days=days, threshold=threshold, negative=negative, telegram=telegram, sms=sms
    )
    return Screen("\n".join(lines), keyboard)


def _ways(words: Html, *, telegram: bool, sms: AlertBySms) -> str:
    if not telegram and sms == AlertBySms.NEVER:
        return words("But neither Telegram nor SMS is chosen: nothing will come.")
    if sms == AlertBySms.NEVER:
        return words("To the linked chats.")
    if not telegram:
        return words("By SMS to the registered phones.")
    if sms == AlertBySms.ALWAYS:
        return words("To the linked chats, and by SMS to the registered phones.")
    return words("To the linked chats; by SMS to the registered phones where no chat can be reached.")


def none_linked(words: Html) -> Screen:
    text = words("To choose alerts, link your account first.")
    link = keyboards.button(words("Link an account"), buttons.ToLinking())
    return Screen(text, keyboards.rows([link], keyboards.back(words)))


TEMPLATES: dict[str, Callable[[Html, Params], Screen]] = {"alert": alert, "alerts_changed": changed}
