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
