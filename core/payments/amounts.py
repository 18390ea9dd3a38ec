"""Amounts as providers write them: roubles with a dot; no float on the way."""

from core.money import ZERO, Money


def read(text: object) -> Money:
    """`520`, `52.4` and `52.40`; ValueError for anything else, and for nothing."""
    if not isinstance(text, str):
        raise ValueError("amount")
    amount = Money.parse(text)
    if amount <= ZERO:
        raise ValueError("amount")
    return amount
