"""Our own ids in the addresses that Kannel calls back, signed: its own ids differ from call to call."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

RECEIPT_PATH = "/sms/kannel/receipt"
SIGNATURE_LETTERS = 32


class Signer:
    """Signs with the token that Kannel shows at each call."""

    def __init__(self, token: str) -> None:
        self._key = token.encode()

    def shows(self, token: bytes) -> bool:
        return hmac.compare_digest(token, self._key)

    def receipt_url(self, base: str, via: str, message_id: str) -> str:
        """The dlr-url of a message that left by `via`; Kannel fills in the kind of report and its words."""
        ours = urlencode({"via": via, "id": message_id, "sign": self._of(via.encode(), message_id.encode())})
        return f"{base}{RECEIPT_PATH}?{ours}&type=%d&answer=%A"

    def is_ours(self, via: bytes, message_id: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(signature, self._of(via, message_id).encode())

    def _of(self, via: bytes, message_id: bytes) -> str:
        said = b"receipt:%d:%b:%b" % (len(via), via, message_id)
        return hmac.digest(self._key, said, hashlib.sha256).hex()[:SIGNATURE_LETTERS]
