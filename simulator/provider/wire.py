"""What the product asks of the sandbox provider, read from raw bytes; signatures both ways."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

MERCHANT = "alianstelecom-demo"
CURRENCY = "RUB"
# One payment of the provider, in kopecks.
LEAST, MOST = 10_00, 14_999_00


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    merchant: str
    payment: str
    account: str
    amount: int
    currency: str
    callback_url: str
    payer: str = ""  # of cards: whose they are
    return_url: str = ""  # without one nobody is there to give a CVC
    save: bool = False  # checkouts: the payer has said that the card is to be remembered
    token: str = ""  # the remembered card to charge
    phone: str = ""  # mobile charges


@dataclass(frozen=True, slots=True)
class RefundOrder:
    merchant: str
    refund: str
    id: str  # of the charge
    amount: int
    currency: str


def signature(key: bytes, signed: bytes) -> str:
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


def verify(key: bytes, signed: bytes, given: str) -> None:
    if not hmac.compare_digest(signature(key, signed).encode(), given.encode()):
        raise Refused(401, "signature")


def read_checkout(body: bytes) -> Order:
    asked = _object(body)
    return _checked(
        asked, payer=_text(asked, "payer"), return_url=_link(asked, "return_url"), save=_flag(asked, "save")
    )


def read_saved_charge(body: bytes) -> Order:
    asked = _object(body)
    back = _link(asked, "return_url") if "return_url" in asked else ""
    return _checked(asked, payer=_text(asked, "payer"), token=_text(asked, "token"), return_url=back)


def read_refund(body: bytes) -> RefundOrder:
    asked = _object(body)
    order = RefundOrder(
        merchant=_text(asked, "merchant"),
        refund=_text(asked, "refund"),
        id=_text(asked, "id"),
        amount=_amount(asked),
        currency=_text(asked, "currency"),
    )
    allowed = {
        "merchant": order.merchant == MERCHANT,
        "test_only": asked.get("test") is True,
        "currency": order.currency == CURRENCY,
        "amount": order.amount > 0,
    }
    _must(allowed)
    return order


def read_forgetting(body: bytes) -> str:
    """The token of a card to forget."""
    asked = _object(body)
    _must({"merchant": _text(asked, "merchant") == MERCHANT, "test_only": asked.get("test") is True})
    return _text(asked, "token")


def read_mobile_charge(body: bytes) -> Order:
    asked = _object(body)
    phone = _text(asked, "phone")
    if not re.fullmatch(r"[0-9]{11,15}", phone):
        raise Refused(422, "phone")
    return _checked(asked, phone=phone)


def _checked(asked: dict[str, Any], **of_kind: Any) -> Order:
    order = Order(
        merchant=_text(asked, "merchant"),
        payment=_text(asked, "payment"),
        account=_text(asked, "account"),
        amount=_amount(asked),
        currency=_text(asked, "currency"),
        callback_url=_link(asked, "callback_url"),
        **of_kind,
    )
    allowed = {
        "merchant": order.merchant == MERCHANT,
        "test_only": asked.get("test") is True,
        "currency": order.currency == CURRENCY,
        "amount": LEAST <= order.amount <= MOST,
        "account": re.fullmatch(r"[0-9]{1,10}", order.account) is not None,
    }
    _must(allowed)
    return order


def _must(allowed: Mapping[str, bool]) -> None:
    for code, is_allowed in allowed.items():
        if not is_allowed:
            raise Refused(422, code)


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refused(400, "malformed")
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(400, "malformed")
    return value


def _amount(asked: dict[str, Any]) -> int:
    amount = asked.get("amount")
    if type(amount) is not int:
        raise Refused(400, "malformed")
    return amount


def _flag(asked: dict[str, Any], name: str) -> bool:
    value = asked.get(name, False)
    if type(value) is not bool:
        raise Refused(400, "malformed")
    return value


def _link(asked: dict[str, Any], name: str) -> str:
    value = _text(asked, name)
    if urlsplit(value).scheme not in ("http", "https"):
        raise Refused(400, "malformed")
    return value
