"""An audience by buttons: what each condition offers, what is chosen, the audience after a press."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from core.money import Money
from core.profile import Profile
from core.use_cases.account_screen import AccountState
from core.use_cases.audiences import Audience, Has
from handlers.telegram.buttons_desk import Condition, mark_of

DAYS = (0, 1, 3, 7, 14, 30)
BALANCES = tuple(Money.roubles(roubles) for roubles in (0, 100, 300, 500, 1000))
SEVERAL = {  # conditions of which several values may hold, by the audience's field
    Condition.CITIES: "cities",
    Condition.TARIFFS: "tariffs",
    Condition.STATES: "states",
    Condition.LOCALES: "locales",
}
ONE = {Condition.DAYS: "days_to", Condition.BALANCE: "balance_to", Condition.HAS: "has"}


def offered(of: Condition, profile: Profile, cities: Sequence[str]) -> Sequence[Hashable]:
    """The values to press; the cities are those of the accounts."""
    match of:
        case Condition.CITIES:
            return cities
        case Condition.TARIFFS:
            return [tariff.code for tariff in profile.tariffs]
        case Condition.STATES:
            return list(AccountState)
        case Condition.DAYS:
            return DAYS
        case Condition.BALANCE:
            return BALANCES
        case Condition.HAS:
            return list(Has)
        case Condition.LOCALES:
            return profile.locales
    return ()


def chosen(audience: Audience, of: Condition) -> tuple[Any, ...]:
    if of in SEVERAL:
        return tuple(getattr(audience, SEVERAL[of]))
    value = getattr(audience, ONE[of]) if of in ONE else None
    return () if value is None else (value,)


def narrowed(audience: Audience, of: Condition, value: Any, *, on: bool) -> Audience:
    """The same press twice leaves what the first one made."""
    if of in ONE:
        changes: dict[str, Any] = {ONE[of]: value if on else None}
    else:
        others = tuple(each for each in chosen(audience, of) if each != value)
        changes = {SEVERAL[of]: (*others, value) if on else others}
    return replace(audience, **changes)


def by_mark(values: Sequence[Hashable], mark: str) -> Hashable | None:
    return next((value for value in values if mark_of(value) == mark), None)
