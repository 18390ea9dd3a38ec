"""The words of the SMS that tell of a low balance, and of what was chosen to be told."""

from collections.abc import Callable

from core.money import Money
from handlers.sms.told import Told


def _alert(told: Told) -> str:
    words = told.words
    how = words(
        "Top up: {keyword} {number} {amount} to {short_code}",
        keyword=told.profile.sms.keyword,
        number=told.number,
        amount=words.plain_amount(Money(told.params["recommended"])),
        short_code=told.profile.sms.short_code,
    )
    return f"{_happened(told)} {how}"


def _happened(told: Told) -> str:
    words, until = told.words, told.day("until")
    facts = {"number": told.number, "balance": told.money("balance")}
    match told.params["kind"]:
        case "negative":
            return words("Account {number}: {balance}. Service goes on until {day}.", **facts, day=until)
        case "grace":
            return words("Account {number}: {balance}. It will be blocked on {day}.", **facts, day=until)
        case "threshold" if until is None:
            return words("Account {number}: only {balance} left.", **facts)
        case "threshold":
            return words("Account {number}: only {balance} left, until {day}.", **facts, day=until)
    days = told.params["days"] or 0
    if not days:
        return words("Account {number}: {balance}, it runs out today.", **facts)
    return words.plural(
        "Account {number}: {balance}, enough for {n} day.",
        "Account {number}: {balance}, enough for {n} days.",
        days,
        **facts,
    )


def _state(told: Told) -> str:
    text = _settings(told)
    if told.params["stopped"]:
        return told.words("You have sent STOP: to get alerts, send START.") + f" {text}"
    return text


def _settings(told: Told) -> str:
    words, params = told.words, told.params
    said = []
    if params["days"]:
        days = ", ".join(str(n) for n in sorted(params["days"], reverse=True))
        said.append(words("days left: {days}", days=days))
    if params["threshold"] is not None:
        said.append(words("below {sum}", sum=told.money("threshold")))
    if params["negative"]:
        said.append(words("below zero"))
    if not said:
        return words("Account {number}: alerts are off. To turn them on: ALERTS ON", number=told.number)
    begin = words("Account {number}. Alerts: {what}.", number=told.number, what=", ".join(said))
    return f"{begin} {_by_sms(told)} " + words("To end them: ALERTS OFF")


def _by_sms(told: Told) -> str:
    words = told.words
    match told.params["sms"]:
        case "always":
            return words("SMS: always.")
        case "never":
            return words("SMS: never.")
    return words("SMS: if not in Telegram.")


ALERT_TEXTS: dict[str, Callable[[Told], str]] = {
    "alert": _alert,
    "alerts_changed": _settings,
    "alerts_state": _state,
}
