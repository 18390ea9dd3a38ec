"""YooKassa's objects read: a payment or a refund as its API shows it becomes an outcome of ours."""

import calendar
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from core.ids import PaymentId
from core.payments import amounts
from core.payments.provider import (
    Declined,
    Outcome,
    Pending,
    Refunded,
    RefundOutcome,
    RegisterLine,
    SavedMethod,
    Succeeded,
    Unknown,
)
from core.states import Method

METHODS = {"bank_card": Method.CARD, "sbp": Method.SBP, "mobile_balance": Method.MOBILE}
REASONS = {
    "insufficient_funds": "insufficient_funds",
    "card_expired": "card_expired",
    "3d_secure_failed": "authentication_failed",
    "identification_required": "authentication_failed",
    "invalid_csc": "authentication_failed",
    "issuer_unavailable": "unavailable",
    "internal_timeout": "unavailable",
    "expired_on_confirmation": "abandoned",
    "canceled_by_merchant": "abandoned",
}
# The same card stays refused however often it is tried.
HARD = frozenset(
    {
        "card_expired",
        "permission_revoked",
        "invalid_card_number",
        "payment_method_restricted",
        "fraud_suspected",
        "country_forbidden",
    }
)
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)  # what reading a wrong shape raises
_ID = re.compile(r"[0-9a-zA-Z-]{1,40}")
_TOKEN = re.compile(r"[!-~]{1,100}")

Said = Mapping[str, Any]


class NotOurs(Exception):
    """A payment of another shop, or one made in the other mode (test or real)."""


def payment(said: Said, *, shop: str, test: bool) -> Outcome:
    """Raises NotOurs, and one of UNREADABLE for a wrong shape."""
    if said["test"] is not test or str(said["recipient"]["account_id"]) != shop:
        raise NotOurs
    reference = identifier(said["id"])
    match said["status"]:
        case "succeeded":
            return _succeeded(said, reference)
        case "pending" | "waiting_for_capture":
            return Pending(reference, checkout_url=_address(said.get("confirmation")))
        case "canceled":
            reason = str(said["cancellation_details"]["reason"])
            return Declined(REASONS.get(reason, "other"), reference, hard=reason in HARD)
        case other:
            return Unknown(f"status {other}"[:32])


def refund(said: Said) -> RefundOutcome:
    """Raises one of UNREADABLE for a wrong shape."""
    reference = identifier(said["id"])
    match said["status"]:
        case "succeeded":
            return refunded(said)
        case "pending":
            return Pending(reference)
        case "canceled":
            return Declined("other", reference)
        case other:
            return Unknown(f"status {other}"[:32])


def refunded(said: Said) -> Refunded:
    return Refunded(
        identifier(said["id"]),
        of=identifier(said["payment_id"]),
        amount=amounts.read(said["amount"]["value"]),
        currency=str(said["amount"]["currency"]),
    )


def our_key(said: Said) -> PaymentId | None:
    """Our payment's id, where we made this payment; others of the shop have none."""
    try:
        return PaymentId(UUID(said["metadata"]["payment"]))
    except UNREADABLE:
        return None


def method(said: Said) -> Method:
    return METHODS.get((said.get("payment_method") or {}).get("type", ""), Method.CARD)


def payment_line(said: Said, *, shop: str, test: bool) -> RegisterLine | None:
    """A line of the register; None for what is another's, or no success."""
    try:
        outcome = payment(said, shop=shop, test=test)
    except NotOurs:
        return None
    if not isinstance(outcome, Succeeded):
        return None
    at = moment(said.get("captured_at") or said["created_at"])
    return RegisterLine(at, outcome, payment_id=our_key(said), method=method(said))


def identifier(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("identifier")
    return value


def moment(value: object) -> datetime:
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _succeeded(said: Said, reference: str) -> Succeeded:
    paid_with = said.get("payment_method") or {}
    mask, expires = _card(paid_with.get("card"))
    saved = None
    if paid_with.get("saved") is True:
        token = paid_with["id"]
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ValueError("token")
        saved = SavedMethod(token, mask or "", method=method(said), expires=expires)
    return Succeeded(
        reference,
        number=str((said.get("metadata") or {}).get("account", "")),
        total=amounts.read(said["amount"]["value"]),
        currency=str(said["amount"]["currency"]),
        card_mask=mask,
        saved=saved,
    )


def _card(said: Said | None) -> tuple[str | None, date | None]:
    """The mask, and the last day of the month that is printed on the card."""
    if not said:
        return None, None
    first, last = str(said.get("first6") or ""), str(said["last4"])
    if not re.fullmatch(r"(?:\d{6})?", first, re.ASCII) or not re.fullmatch(r"\d{4}", last, re.ASCII):
        raise ValueError("card")
    return f"{first}******{last}", _expiry(said)


def _expiry(said: Said) -> date | None:
    if not said.get("expiry_year") or not said.get("expiry_month"):
        return None
    year, month = int(said["expiry_year"]), int(said["expiry_month"])
    return date(year, month, calendar.monthrange(year, month)[1])


def _address(said: Said | None) -> str | None:
    """Where the payer confirms; there is none where he does it by phone."""
    url = None if said is None else said.get("confirmation_url")
    if url is None:
        return None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError("address")
    return url
