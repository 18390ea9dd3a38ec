"""The facts of a notice on their way into the words of an SMS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.money import Money
from core.profile import Profile
from handlers.locale import Words

# No operator has this account: who sends the example as it stands is told that it is unknown.
EXAMPLE_ACCOUNT = "123456"
EXAMPLE_AMOUNT = Money.roubles(500)


@dataclass(frozen=True, slots=True)
class Told:
    params: Mapping[str, Any]
    words: Words
    profile: Profile

    @property
    def number(self) -> str:
        return str(self.params["number"])

    def money(self, name: str) -> str:
        return self.words.plain_money(Money(self.params[name]))

    def day(self, name: str) -> str | None:
        said = self.params[name]
        return None if said is None else self.words.date(date.fromisoformat(said))

    @property
    def card(self) -> str | None:
        """The last digits of a card, as an SMS has room for."""
        mask = self.params["mask"]
        return None if mask is None else f"*{mask[-4:]}"


@dataclass(frozen=True, slots=True)
class Said:
    facts: Mapping[str, Any]
    words: Words
    keyword: str

    def money(self, name: str) -> str:
        return self.words.plain_money(Money(self.facts[name]))

    @property
    def account(self) -> str:
        """The one that we know already, or an example."""
        return str(self.facts.get("account", EXAMPLE_ACCOUNT))

    @property
    def amount(self) -> str:
        return self.words.plain_amount(Money(self.facts.get("amount", EXAMPLE_AMOUNT.kopecks)))

    @property
    def example(self) -> str:
        """The form to send, with what we know of it already."""
        return f"{self.keyword} {self.account} {self.amount}"
