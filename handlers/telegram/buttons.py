"""What a button carries, 64 bytes at most. Anybody can forge one: the core asks whose the thing is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from pydantic import BeforeValidator, Field, PlainSerializer


def _short(value: UUID) -> str:
    return urlsafe_b64encode(value.bytes).decode().rstrip("=")


def _long(value: object) -> object:
    return UUID(bytes=urlsafe_b64decode(value + "==")) if isinstance(value, str) else value


# 22 characters where hex takes 32: two of them fit into one button.
ShortId = Annotated[UUID, BeforeValidator(_long), PlainSerializer(_short)]
Number = Annotated[str, Field(pattern=r"^\d{1,10}$")]


class ToMenu(CallbackData, prefix="menu"):
    pass


class ToBalance(CallbackData, prefix="balance"):
    account: UUID | None = None  # None: the chosen one


class ToBalances(CallbackData, prefix="balances"):
    """The picker of accounts."""


class ToTopUp(CallbackData, prefix="pay"):
    account: UUID | None = None


class WhoseTopUp(CallbackData, prefix="whose"):
    """The picker of accounts to top up."""


class OtherNumber(CallbackData, prefix="number"):
    """Another person's account, typed."""


class OtherAmount(CallbackData, prefix="amount"):
    number: Number


class Chip(CallbackData, prefix="chip"):
    number: Number
    kopecks: Annotated[int, Field(gt=0, lt=10**12)]


class Confirm(CallbackData, prefix="confirm"):
    top_up: UUID


class Drop(CallbackData, prefix="drop"):
    top_up: UUID


class ToHistory(CallbackData, prefix="history"):
    account: ShortId
    before: ShortId | None = None


class ToAccounts(CallbackData, prefix="accounts"):
    pass


class ToAccount(CallbackData, prefix="account"):
    account: UUID


class AskUnlink(CallbackData, prefix="unlink"):
    account: UUID


class Unlink(CallbackData, prefix="unlinked"):
    account: UUID


class ToLinking(CallbackData, prefix="link"):
    pass


class ToContact(CallbackData, prefix="contact"):
    pass


class ToSettings(CallbackData, prefix="settings"):
    pass


class SetLanguage(CallbackData, prefix="language"):
    code: Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class ToHelp(CallbackData, prefix="help"):
    pass


class ToPrivacy(CallbackData, prefix="privacy"):
    pass
