"""ArsenalPay's signatures: of the widget's address, of callbacks and of mobile charges."""

import hashlib
import hmac
from collections.abc import Mapping

CALLBACK_SIGNED = ("ID", "FUNCTION", "RRN", "PAYER", "AMOUNT", "ACCOUNT", "STATUS")
CHARGE_SIGNED = ("ID", "FUNCTION", "ACCOUNT", "PHONE", "AMOUNT")
STATE_SIGNED = ("ID", "FUNCTION", "RRN")


def of_fields(fields: Mapping[str, str], names: tuple[str, ...], key: str) -> str:
    """MD5 over the MD5s of the fields, as they are on the wire, and of the key; all in hex."""
    return _md5("".join(_md5(value) for value in (*(fields[name] for name in names), key)))


def of_widget(*, payer: str, destination: str, amount: str, widget: str, nonce: str, key: str) -> str:
    signed = ";".join((payer, destination, amount, widget, nonce))
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()


def genuine(fields: Mapping[str, str], names: tuple[str, ...], key: str) -> bool:
    return hmac.compare_digest(
        of_fields(fields, names, key).encode(), fields.get("SIGN", "").encode("utf-8", "replace")
    )


def _md5(text: str) -> str:
    # The provider's choice; the key is what makes it hard to forge.
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
