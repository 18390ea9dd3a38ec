"""Where the SMSC is, who we are there, and how patient we are with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

DEFAULT_PORT = 2775


@dataclass(frozen=True, slots=True)
class Smsc:
    """`name` is what messages and receipts of this SMSC are filed under."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""

    @classmethod
    def of_url(cls, url: str) -> Smsc:
        """smpp://system_id:password@host:port, both percent-encoded where needed; ?system_type=… may follow.

        ValueError, without the password, where it is none.
        """
        parts = urlsplit(url)
        if parts.scheme != "smpp" or not parts.hostname or not parts.username:
            raise ValueError("an SMSC is written smpp://system_id:password@host:port")
        return cls(
            host=parts.hostname,
            port=parts.port or DEFAULT_PORT,
            system_id=unquote(parts.username),
            password=unquote(parts.password or ""),
            system_type=parse_qs(parts.query).get("system_type", [""])[0],
        )

    @property
    def name(self) -> str:
        return f"{self.system_id}@{self.host}:{self.port}"[:64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Monotonic seconds."""

    connect_seconds: float = 10
    response_seconds: float = 10
    enquire_link_seconds: float = 30  # of silence, after which we ask whether the SMSC is there
    answer_seconds: float = 8  # for our own deliver_sm_resp: SMSCs commonly give up after 10
    drain_seconds: float = 5
    reconnect_first_seconds: float = 1
    reconnect_most_seconds: float = 60
    throttled_first_seconds: float = 1
    throttled_tries: int = 4
