"""The profile's mobile operators: what each takes for a charge, by what names it is known, and the limits."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from core.money import Money
from core.profile_parts import Part, Roubles, only_once

REFUSE = "refuse"  # instead of an operator's code: a phone whose operator is unknown is not charged

_QUOTES = re.compile("[\"'«»“”„]")


class MobileOperator(Part):
    """A mobile operator's commission on a charge from the phone's own account."""

    code: str
    name: str
    # By binds, Kannel's smsc-id, the TLV or an aggregator; its code is known anyway.
    told_as: list[str] = Field(default_factory=list)
    registered_as: list[str] = Field(default_factory=list)  # its companies in the register of numbers
    prefixes: list[Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]] = Field(default_factory=list)
    percent: Decimal = Field(ge=0, le=100)
    fixed: Roubles = Money(0)
    taken_by: Literal["ours", "provider"] = "ours"

    def commission(self, amount: Money) -> Money:
        return amount.share(self.percent) + self.fixed

    def largest(self, total: Money) -> Money:
        """The most that leaves room for its commission within a total."""
        amount = Money(int(Decimal((total - self.fixed).kopecks) * 100 / (100 + self.percent)) + 1)
        while amount + self.commission(amount) > total:
            amount -= Money(1)
        return amount


class MobileLimits(Part):
    """The most that phones put on accounts in a local day and a local month; none: no limit."""

    phone_day: Roubles | None = None
    phone_month: Roubles | None = None
    account_day: Roubles | None = None
    account_month: Roubles | None = None


def check(operators: Sequence[MobileOperator], unknown: str) -> None:
    """Raises ValueError where a name could mean two operators, or `unknown` none."""
    only_once("mobile operator", [operator.code for operator in operators])
    only_once("prefix", [prefix for each in operators for prefix in each.prefixes])
    only_once("the name", [name for each in operators for name in _told_names(each)])
    only_once("the company", [name for each in operators for name in _company_names(each)])
    codes = {operator.code for operator in operators}
    if REFUSE in codes:
        raise ValueError(f"{REFUSE!r} is no code of a mobile operator: it stands for none")
    if unknown not in codes | {REFUSE}:
        raise ValueError(f"unknown_operator {unknown!r} is none of mobile_operators, and not {REFUSE!r}")


def by_told(operators: Iterable[MobileOperator]) -> Mapping[str, MobileOperator]:
    return {name: each for each in operators for name in _told_names(each)}


def by_company(operators: Iterable[MobileOperator]) -> Mapping[str, MobileOperator]:
    return {name: each for each in operators for name in _company_names(each)}


def by_prefix(operators: Iterable[MobileOperator], msisdn: str) -> MobileOperator | None:
    """The operator with the longest prefix of a phone (E.164 digits)."""
    fits = [
        (len(prefix), operator)
        for operator in operators
        for prefix in operator.prefixes
        if msisdn.startswith(prefix)
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def folded(name: str) -> str:
    """A name without what differs from one writing to another: case, quotes, ё, spaces."""
    return " ".join(_QUOTES.sub(" ", name).casefold().replace("ё", "е").split())


def _told_names(operator: MobileOperator) -> set[str]:
    return {folded(name) for name in (operator.code, *operator.told_as)}


def _company_names(operator: MobileOperator) -> set[str]:
    return {folded(name) for name in operator.registered_as}
