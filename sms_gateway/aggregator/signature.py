"""How an aggregator and we know each other's words: HMAC-SHA256 over the time and the raw body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

TIMESTAMP, SIGNATURE = "X-Timestamp", "X-Signature"
SCHEME = "sha256="
REPLAY_WINDOW = timedelta(minutes=5)  # either way: clocks differ, and a queue may hold a request for a while
MOST_DIGITS = 12


class NotGenuine(Exception):
    """Why a request is not taken for the aggregator's."""


class Signature:
    """`keys` by commas: the first signs, all are believed, so that a key can be changed while both work."""

    def __init__(self, keys: str) -> None:
        self._keys = [key.strip().encode() for key in keys.split(",") if key.strip()]

    def headers(self, body: bytes, now: datetime) -> dict[str, str]:
        timestamp = str(int(now.timestamp()))
        return {TIMESTAMP: timestamp, SIGNATURE: SCHEME + _signed(self._keys[0], timestamp, body)}

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises NotGenuine where the body is not signed by one of the keys, or not of these minutes."""
        timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= MOST_DIGITS):
            raise NotGenuine(f"no {TIMESTAMP} in seconds since 1970")
        told = signature.encode("utf-8", "surrogateescape")
        genuine = [
            hmac.compare_digest(told, (SCHEME + _signed(key, timestamp, body)).encode()) for key in self._keys
        ]
        if not any(genuine):
            raise NotGenuine("wrong signature")
        if abs(int(now.timestamp()) - int(timestamp)) > REPLAY_WINDOW.total_seconds():
            raise NotGenuine("too old or too early")


def _signed(key: bytes, timestamp: str, body: bytes) -> str:
    return hmac.digest(key, timestamp.encode() + b"." + body, hashlib.sha256).hex()
