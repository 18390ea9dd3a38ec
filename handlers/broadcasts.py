"""Between a draft and a reader: the fields of a broadcast filled with what is known of the account."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from core.money import Money
from handlers.locale import Words

FIELD = re.compile(r"\{(\w+)\}")
UNKNOWN = "—"  # an account without a tariff has no days left and no recommended sum

Facts = Mapping[str, Any]


def fill(text: str, facts: Facts, words: Words, *, html: bool) -> str:
    """The text with its fields filled; in HTML no fact is markup. What is no field of ours stays as it is."""
    money = words.money if html else words.plain_money

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in FIELDS:
            return found[0]
        said = FIELDS[name](facts.get(name), words, money)
        return escape(said) if html else said

    return FIELD.sub(value, text)


def _text(fact: Any, _words: Words, _money: Callable[[Money], str]) -> str:
    return str(fact) if fact else UNKNOWN


def _sum(fact: Any, _words: Words, money: Callable[[Money], str]) -> str:
    return UNKNOWN if fact is None else money(Money(fact))


def _days(fact: Any, words: Words, _money: Callable[[Money], str]) -> str:
    # Both catalogues have it: their own texts say it too.
    return UNKNOWN if fact is None else words.plural("{n} day", "{n} days", fact)


FIELDS: Mapping[str, Callable[[Any, Words, Callable[[Money], str]], str]] = {
    "name": _text,
    "account": _text,
    "balance": _sum,
    "days": _days,
    "sum": _sum,
    "tariff": _text,
    "city": _text,
    "street": _text,
}
