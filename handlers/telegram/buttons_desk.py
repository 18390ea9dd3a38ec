"""What staff's buttons carry: with the broadcast's version, so that what was looked at is what counts."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from handlers.telegram.buttons import Button

MARK_LETTERS = 8
MINUTES_MOST = 10**9  # of the epoch


class Written(StrEnum):
    """What is typed."""

    TITLE = "title"
    TELEGRAM = "telegram"
    SMS = "sms"
    STREETS = "streets"
    HOUSES = "houses"
    BALANCE = "balance"
    DAYS = "days"
    ACCOUNTS = "accounts"
    AT = "at"
    EDIT = "edit"  # of what was sent
    WHO = "who"  # an account: did its people get it?


class Option(StrEnum):
    """What is chosen by one press."""

    KIND = "kind"
    REACH = "reach"
    URGENT = "urgent"
    LIVES = "lives"  # hours
    PLAIN = "plain"  # the SMS of a language as its text without formatting
    WITHOUT = "without"  # a language


class Condition(StrEnum):
    """What an audience can be narrowed by with buttons."""

    CITIES = "cities"
    TARIFFS = "tariffs"
    STATES = "states"
    DAYS = "days"
    BALANCE = "balance"
    HAS = "has"
    LOCALES = "locales"
    ALL = "all"  # no condition any more


class Action(StrEnum):
    PREVIEW = "preview"
    COUNT = "count"
    APPROVE = "approve"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RECALL = "recall"
    FAILED = "failed"  # all of them again
    LEFT = "left"  # by a cancel: again
    UNCERTAIN = "uncertain"  # again, though they may have it


Ordinal = Annotated[int, Field(gt=0, lt=2**31)]
Code = Annotated[str, Field(pattern=r"^([a-z]{2})?$")]
Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class ToDesk(Button, prefix="desk"):
    pass


class NewBroadcast(Button, prefix="bc_new"):
    pass


class ToBroadcast(Button, prefix="bc"):
    broadcast: Ordinal


class Write(Button, prefix="bc_write"):
    broadcast: Ordinal
    version: Ordinal
    what: Written
    code: Code = ""


class Choose(Button, prefix="bc_set"):
    broadcast: Ordinal
    version: Ordinal
    what: Option
    to: Annotated[str, Field(pattern=r"^[a-z_0-9]{1,20}$")]


class ToAudience(Button, prefix="bc_whom"):
    broadcast: Ordinal
    of: Condition | None = None


class Narrow(Button, prefix="bc_tick"):
    broadcast: Ordinal
    version: Ordinal
    of: Condition
    mark: Mark
    on: bool


class ToStart(Button, prefix="bc_ready"):
    broadcast: Ordinal


class Begin(Button, prefix="bc_begin"):
    broadcast: Ordinal
    version: Ordinal
    minute: Annotated[int, Field(ge=0, lt=MINUTES_MOST)] = 0  # of the epoch; 0: now


class Ask(Button, prefix="bc_ask"):
    broadcast: Ordinal
    what: Action


class Act(Button, prefix="bc_do"):
    broadcast: Ordinal
    version: Ordinal
    what: Action


class ToReport(Button, prefix="bc_csv"):
    broadcast: Ordinal


class Retry(Button, prefix="bc_retry"):
    broadcast: Ordinal
    mark: Mark  # of the reason


def mark_of(value: object) -> str:
    """A name in a few letters: a button has no room for all of it."""
    return sha256(str(value).encode()).hexdigest()[:MARK_LETTERS]
