"""The sandbox's objects read (docs/sandbox.md): what it says of a charge or a refund becomes an outcome."""

import calendar
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from core.money import Money
from core.payments.provider import (
    REASONS,
    Declined,
    Hint,
    Outcome,
    Pending,
    Refunded,
    RefundOutcome,
    SavedMethod,
    Succeeded,
    Unknown,
)

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)  # what reading a wrong shape raises
# The same card stays refused however often it is tried.
HARD = frozenset({"card_expired", "card_lost", "card_forgotten"})
_NAME = re.compile(r"[!-~]{1,64}")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)

Said = Mapping[str, Any]


def checkout(said: Said) -> Outcome:
    return Pending(reference=name(said["id"]), checkout_url=_address(said["url"]))


def charge(said: Said) -> Outcome:
    """One charge as it stands; amounts are integer kopecks, floats are refused."""
    match said["status"]:
        case "succeeded":
            return Succeeded(
                reference=name(said["id"]),
                number=str(said["account"]),
                total=_kopecks(said["amount"]),
                currency=str(said.get("currency", "RUB")),
                card_mask=_mask(said.get("card_mask")),
                saved=_saved(said.get("saved")),
            )
        case "pending":
            page = said.get("url")
            return Pending(name(said["id"]), checkout_url=None if page is None else _address(page))
        case "declined":
            return _declined(said)
        case other:
            return Unknown(f"status {other}"[:64])


def event(said: Said) -> Succeeded | Declined | Hint:
    """What a callback tells. It is stored as it came and names no token: what charges again is asked for."""
    match said["kind"]:
        case "payment.succeeded":
            card = said.get("card")
            success = Succeeded(
                reference=name(said["id"]),
                number=str(said["account"]),
                total=_kopecks(said["amount"]),
                currency=str(said["currency"]),
                card_mask=_mask(card["mask"]) if card else None,
            )
            return Hint("payment", success.reference) if card and card["saved"] is True else success
        case "payment.declined":
            return _declined(said)
        case other:
            raise ValueError(f"kind {other}")


def refund(said: Said) -> RefundOutcome:
    if said["status"] != "succeeded":
        return Unknown(f"status {said['status']}"[:64])
    return Refunded(
        name(said["id"]), of=name(said["of"]), amount=_kopecks(said["amount"]), currency=str(said["currency"])
    )


def name(value: object) -> str:
    """An identifier of the provider's, as our columns keep it."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("identifier")
    return value


def _declined(said: Said) -> Declined:
    reason = str(said.get("reason"))
    ours = reason if reason in REASONS else "other"
    return Declined(ours, reference=name(said["id"]), hard=reason in HARD)


def _saved(said: Said | None) -> SavedMethod | None:
    return (
        None
        if said is None
        else SavedMethod(name(said["token"]), _mask(said["mask"]) or "", expires=_last_day(said))
    )


def _last_day(said: Said) -> date:
    """A card is good to the end of the month that is printed on it."""
    printed = _MONTH.fullmatch(said["expires"])
    if printed is None:
        raise ValueError("expires")
    year, month = int(printed[1]), int(printed[2])
    return date(year, month, calendar.monthrange(year, month)[1])


def _address(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError("address")
    return value


def _mask(value: object) -> str | None:
    """A card as it may be shown; what holds more than its ends is not kept."""
    if not isinstance(value, str) or len(value) > 32 or sum(map(str.isdigit, value)) > 10:
        return None
    return value


def _kopecks(value: object) -> Money:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError("amount")
    return Money(value)
