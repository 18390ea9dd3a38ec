"""Our own ids in the addresses that Kannel calls back, signed: its own ids differ from call to call."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote

RECEIPT_PATH = "/sms/kannel/receipt"
SIGNATURE_LETTERS = 32


class Signer:
    """Signs with the token that Kannel shows at each call."""

    def __init__(self, token: str) -> None:
        self._key = token.encode()

    def shows(self, token: bytes) -> bool:
        return hmac.compare_digest(token, self._key)

    def receipt_url(self, base: str, message_id: str) -> str:
        """The dlr-url of a message. Kannel fills in %d, the kind of report, and %A, what the SMSC said."""
        signed = f"id={quote(message_id, safe='')}&sign={self._of(message_id)}"
        return f"{base}{RECEIPT_PATH}?{signed}&type=%d&answer=%A"

    def is_ours(self, message_id: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(signature, self._of(message_id.decode("latin-1")).encode())

    def _of(self, message_id: str) -> str:
        said = f"receipt:{message_id}".encode("latin-1", "replace")
        return hmac.digest(self._key, said, hashlib.sha256).hex()[:SIGNATURE_LETTERS]
