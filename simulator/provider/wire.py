"""What the product asks of the sandbox provider, read from raw bytes; signatures both ways."""

import hashlib
import hmac
import json
import re
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
    payer: str = ""  # checkouts: whose remembered card may be shown
    return_url: str = ""
    phone: str = ""  # mobile charges


def signature(key: bytes, signed: bytes) -> str:
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


def verify(key: bytes, signed: bytes, given: str) -> None:
    if not hmac.compare_digest(signature(key, signed).encode(), given.encode()):
        raise Refused(401, "signature")


def read_checkout(body: bytes) -> Order:
    asked = _object(body)
    return _checked(asked, payer=_text(asked, "payer"), return_url=_link(asked, "return_url"))


def read_mobile_charge(body: bytes) -> Order:
    asked = _object(body)
    phone = _text(asked, "phone")
    if not re.fullmatch(r"[0-9]{11,15}", phone):
        raise Refused(422, "phone")
    return _checked(asked, phone=phone)


def _checked(asked: dict[str, Any], **of_kind: str) -> Order:
    amount = asked.get("amount")
    if type(amount) is not int:
        raise Refused(400, "malformed")
    order = Order(
        merchant=_text(asked, "merchant"),
        payment=_text(asked, "payment"),
        account=_text(asked, "account"),
        amount=amount,
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
    for code, is_allowed in allowed.items():
        if not is_allowed:
            raise Refused(422, code)
    return order


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


def _link(asked: dict[str, Any], name: str) -> str:
    value = _text(asked, name)
    if urlsplit(value).scheme not in ("http", "https"):
        raise Refused(400, "malformed")
    return value
