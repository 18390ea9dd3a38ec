"""Between a draft and a reader: the fields of a broadcast filled with what is known of the account."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from core.money import Money
from handlers.locale import Words

FIELD = re.compile(r"\{(\w+)\}")

Facts = Mapping[str, Any]
Spell = Callable[[Money], str]


def fill(text: str, facts: Facts, words: Words, *, html: bool) -> str:
    """The text with its fields filled; in HTML no fact is markup. What is no field of ours stays as it is."""
    spell = words.money if html else words.plain_money
    # An account without a tariff has no days left and no recommended sum. SMS has no long dash.
    unknown = "—" if html else "-"

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in FIELDS:
            return found[0]
        fact = facts.get(name)
        said = unknown if fact in (None, "") else FIELDS[name](fact, words, spell)
        return escape(said) if html else said

    return FIELD.sub(value, text)


def _text(fact: Any, _words: Words, _spell: Spell) -> str:
    return str(fact)


def _sum(fact: Any, _words: Words, spell: Spell) -> str:
    return spell(Money(fact))


def _days(fact: Any, words: Words, _spell: Spell) -> str:
    # Both catalogues have it: their own texts say it too.
    return words.plural("{n} day", "{n} days", fact)


FIELDS: Mapping[str, Callable[[Any, Words, Spell], str]] = {
    "name": _text,
    "account": _text,
    "balance": _sum,
    "days": _days,
    "sum": _sum,
    "tariff": _text,
    "city": _text,
    "street": _text,
}
