"""The words of broadcasts' kinds, states and audiences, as staff read them."""

from collections.abc import Iterator
from typing import Any

from core.money import Money
from core.notice_states import BroadcastKind, BroadcastState, Reach
from core.use_cases.account_screen import AccountState
from core.use_cases.audiences import Audience, Has, Reached
from handlers.telegram.buttons_desk import Condition
from handlers.telegram.html import Html
from handlers.telegram.keyboards import LANGUAGE_NAMES


def kind(words: Html, of: BroadcastKind) -> str:
    return words("service notice") if of == BroadcastKind.SERVICE else words("advertising")


def reach(words: Html, of: Reach) -> str:
    match of:
        case Reach.TELEGRAM:
            return words("Telegram")
        case Reach.SMS:
            return words("SMS")
    return words("Telegram, SMS to who has none")


def state(words: Html, of: BroadcastState) -> str:
    match of:
        case BroadcastState.DRAFT:
            return words("draft")
        case BroadcastState.WAITING:
            return words("waits for a second person")
        case BroadcastState.SCHEDULED:
            return words("waits for its time")
        case BroadcastState.FREEZING:
            return words("recipients are being listed")
        case BroadcastState.RUNNING:
            return words("being sent")
        case BroadcastState.PAUSED:
            return words("paused")
        case BroadcastState.CANCELLING:
            return words("being cancelled")
        case BroadcastState.CANCELLED:
            return words("cancelled")
    return words("ended")


def language(code: str) -> str:
    return LANGUAGE_NAMES.get(code, code)


def hours(words: Html, n: int) -> str:
    return words.plural("{n} hour", "{n} hours", n)


def condition(words: Html, of: Condition) -> str:
    match of:
        case Condition.CITIES:
            return words("City")
        case Condition.TARIFFS:
            return words("Tariff")
        case Condition.STATES:
            return words("State of the account")
        case Condition.DAYS:
            return words("Days left")
        case Condition.BALANCE:
            return words("Balance")
        case Condition.HAS:
            return words("Channel")
        case Condition.LOCALES:
            return words("Language")
    return words("Everybody")


def value(words: Html, of: Condition, one: Any, tariffs: dict[str, str]) -> str:
    match of:
        case Condition.TARIFFS:
            return tariffs.get(one, str(one))
        case Condition.STATES:
            return _account_state(words, one)
        case Condition.DAYS:
            return words("{n} or less", n=one)
        case Condition.BALANCE:
            return words("{amount} or less", amount=words.money(one))
        case Condition.HAS:
            return _has(words, one)
        case Condition.LOCALES:
            return language(one)
    return str(one)


def audience(words: Html, of: Audience, tariffs: dict[str, str]) -> list[str]:
    """A line a condition; all of them must hold."""
    return list(_conditions(words, of, tariffs)) or [words("Everybody")]


def _conditions(words: Html, of: Audience, tariffs: dict[str, str]) -> Iterator[str]:
    for name, several in (
        (Condition.CITIES, of.cities),
        (Condition.TARIFFS, of.tariffs),
        (Condition.STATES, of.states),
        (Condition.LOCALES, of.locales),
    ):
        if several:
            said = ", ".join(value(words, name, one, tariffs) for one in several)
            yield _fact(words, condition(words, name), said)
    if of.streets:
        yield words("Street: {streets}", streets=", ".join(of.streets))
    if of.houses:
        yield words("House: {houses}", houses=", ".join(of.houses))
    for name, least, most in (
        (Condition.DAYS, of.days_from, of.days_to),
        (Condition.BALANCE, of.balance_from, of.balance_to),
    ):
        if most is not None:
            yield _fact(words, condition(words, name), value(words, name, most, tariffs))
        if least is not None:
            least_said = words.money(least) if isinstance(least, Money) else str(least)
            yield _fact(words, condition(words, name), words("{least} or more", least=least_said))
    if of.has is not None:
        yield _fact(words, condition(words, Condition.HAS), _has(words, of.has))
    if of.listed:
        yield words("Only accounts of the list")


def _fact(words: Html, name: str, said: str) -> str:
    return words("{name}: {said}", name=name, said=said)


def reached(words: Html, of: Reached) -> list[str]:
    lines = [
        words.plural("{n} account", "{n} accounts", of.accounts),
        words.plural("Telegram: {n} message", "Telegram: {n} messages", of.telegram),
    ]
    cost = of.cost
    if of.sms:
        texts = words.plural("SMS: {n} message", "SMS: {n} messages", of.sms)
        each = words.plural("{n} segment each", "{n} segments each", cost.segments)
        most = words("at most {cost}", cost=words.money(cost.sms))
        lines.append(f"{texts}, {each}, {most}")
    if cost.instead.kopecks:
        most = words.money(cost.instead)
        lines.append(words("SMS to who blocked the bot: at most {cost} more", cost=most))
    if cost.stars:
        paid = words.plural(
            "Paid rate of Telegram: at most {n} Star", "Paid rate of Telegram: at most {n} Stars", cost.stars
        )
        lines.append(paid)
    return lines


def _account_state(words: Html, of: AccountState) -> str:
    match of:
        case AccountState.ACTIVE:
            return words("active")
        case AccountState.NEGATIVE:
            return words("below zero")
        case AccountState.BLOCKED:
            return words("blocked")
    return words("blocked at their request")


def _has(words: Html, of: Has) -> str:
    match of:
        case Has.TELEGRAM:
            return words("has Telegram")
        case Has.SMS:
            return words("has a phone")
    return words("has no Telegram")
