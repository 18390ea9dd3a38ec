"""Where Kannel's sendsms is, who we are there, and how a part of a text is asked to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from yarl import URL

from core.messages import gsm
from core.messages.segments import UCS2_CODING
from sms_gateway.kannel.receipts import ALL_REPORTS
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.pdu import ESM_CLASS_UDH

DEFAULT_PORTS = {"http": 80, "https": 443}
GSM, UCS2 = "0", "2"  # Kannel's own numbers for `coding`


@dataclass(frozen=True, slots=True)
class Gateway:
    """`extra` goes along with each request: smsc=… where Kannel has several, account=…, priority=…."""

    host: str
    port: int
    address: str  # without the user and the query
    user: str
    password: str = field(repr=False)
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_url(cls, url: str) -> Gateway:
        """http://user:password@host:13013/cgi-bin/sendsms, percent-encoded where needed; ?smsc=… may follow.

        ValueError, without the password, where it is none.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or DEFAULT_PORTS[parts.scheme]
        except (KeyError, ValueError):
            parts, port = urlsplit(""), 0
        if not parts.hostname or not parts.username or not parts.password:
            raise ValueError("Kannel is written http://user:password@host:13013/cgi-bin/sendsms")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(
            host=parts.hostname,
            port=port,
            address=f"{parts.scheme}://{host}:{port}{parts.path or '/cgi-bin/sendsms'}",
            user=unquote(parts.username),
            password=unquote(parts.password),
            extra=tuple(parse_qsl(parts.query)),
        )

    @property
    def tls(self) -> bool:
        return self.address.startswith("https:")

    def request_of(
        self, piece: Piece, *, sender: str, to: str, receipt_url: str = "", minutes: int = 0
    ) -> URL:
        """The address to get. One part is one message for Kannel: what it cuts itself it may cut short."""
        header = 1 + piece.octets[0] if piece.esm_class & ESM_CLASS_UDH else 0
        udh, octets = piece.octets[:header], piece.octets[header:]
        ucs2 = piece.data_coding == UCS2_CODING
        asked: list[tuple[str, str | bytes]] = [
            *self.extra,
            ("username", self.user),
            ("password", self.password),
            ("from", sender),
            ("to", f"+{to}"),
            # Without both it takes the octets of UTF-8 for Latin letters and sends "??", with a 202.
            ("coding", UCS2 if ucs2 else GSM),
            ("charset", "UTF-8"),
            ("text", octets.decode("utf-16-be") if ucs2 else gsm.decode(octets)),
        ]
        if udh:
            asked.append(("udh", udh))
        if minutes:
            asked.append(("validity", str(minutes)))
        if receipt_url:
            asked += [("dlr-mask", str(ALL_REPORTS)), ("dlr-url", receipt_url)]
        return URL(f"{self.address}?{urlencode(asked)}", encoded=True)
