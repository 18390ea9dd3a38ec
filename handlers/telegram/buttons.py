"""What a button carries, 64 bytes at most. Anybody can forge one: the core asks whose the thing is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from pydantic import BeforeValidator, Field

from core.states import Method
from core.use_cases.schedules import EveryDays, Monthly

DATA_LARGEST = 64  # bytes, Bot API


def _long(value: object) -> object:
    return UUID(bytes=urlsafe_b64decode(value + "==")) if isinstance(value, str) else value


# 22 characters where hex takes 32: two of them fit into one button.
Id = Annotated[UUID, BeforeValidator(_long)]
Number = Annotated[str, Field(pattern=r"^\d{1,10}$")]


class Button(CallbackData, prefix="none"):
    def pack(self) -> str:
        """Without the model's dump: a screen has a dozen buttons."""
        packed = ":".join((self.__prefix__, *map(_plain, vars(self).values())))
        assert len(packed) <= DATA_LARGEST, packed
        return packed


def _plain(value: Any) -> str:
    match value:
        case UUID():
            return urlsafe_b64encode(value.bytes).decode().rstrip("=")
        case bool():
            return str(int(value))
        case date():
            return f"{value:%Y%m%d}"
        case EveryDays():
            return f"d{value.days}"
        case Monthly():
            return f"m{value.day}"
    return "" if value is None else str(value)


class ToMenu(Button, prefix="menu"):
    pass


class ToBalance(Button, prefix="balance"):
    account: Id | None = None  # None: the chosen one


class ToBalances(Button, prefix="balances"):
    """The picker of accounts."""


class ToTopUp(Button, prefix="pay"):
    account: Id | None = None


class WhoseTopUp(Button, prefix="whose"):
    """The picker of accounts to top up."""


class OtherNumber(Button, prefix="number"):
    """Another person's account, typed."""


class OtherAmount(Button, prefix="amount"):
    number: Number


class Chip(Button, prefix="chip"):
    number: Number
    kopecks: Annotated[int, Field(gt=0, lt=10**12)]


class Confirm(Button, prefix="confirm"):
    """With a saved card, or on the provider's page, which may be told to remember the card."""

    top_up: Id
    card: Id | None = None
    remember: bool = False


class Remember(Button, prefix="remember"):
    """The tick on the confirm screen, as it is to be."""

    top_up: Id
    on: bool


class OtherMethod(Button, prefix="method"):
    top_up: Id
    method: Method


class SaveCard(Button, prefix="save"):
    """A top-up on the card page with the tick set: what an agreement without a card waits for."""

    number: Number
    kopecks: Annotated[int, Field(gt=0, lt=10**12)]


class Drop(Button, prefix="drop"):
    top_up: Id


class ToHistory(Button, prefix="history"):
    account: Id
    before: Id | None = None


class ToAccounts(Button, prefix="accounts"):
    pass


class ToAccount(Button, prefix="account"):
    account: Id


class AskUnlink(Button, prefix="unlink"):
    account: Id


class Unlink(Button, prefix="unlinked"):
    account: Id


class ToLinking(Button, prefix="link"):
    pass


class ToSmsLink(Button, prefix="link_sms"):
    pass


class ToContact(Button, prefix="contact"):
    pass


class ToSettings(Button, prefix="settings"):
    pass


class SetLanguage(Button, prefix="language"):
    code: Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class ToHelp(Button, prefix="help"):
    pass


class ToPrivacy(Button, prefix="privacy"):
    pass


class NoAdvertising(Button, prefix="no_ads"):
    """Under every advertisement: ends the consent to more."""


class Advertising(Button, prefix="ads"):
    """As the consent is to be."""

    on: bool
