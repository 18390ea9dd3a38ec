"""Which of a person's accounts a message is about."""

from collections.abc import Sequence
from uuid import UUID

from core.errors import NotLinked
from core.ids import AccountId
from core.use_cases.accounts import LinkedAccount


def chosen(
    linked: Sequence[LinkedAccount], account: UUID | None, current: AccountId | None = None
) -> LinkedAccount:
    """The named one, else the one chosen last, else the first; NotLinked where it is not among the linked."""
    wanted = account or current
    for one in linked:
        if one.id == wanted:
            return one
    if account is not None or not linked:
        raise NotLinked
    return linked[0]


def of_number(
    linked: Sequence[LinkedAccount], number: str | None, current: AccountId | None = None
) -> LinkedAccount:
    """The one of this number, else the one chosen last, else the first; NotLinked as above."""
    for one in linked:
        if one.number == number or (number is None and one.id == current):
            return one
    if number is not None or not linked:
        raise NotLinked
    return linked[0]
