"""Where Kannel's sendsms is, who we are there, and how a part of a text is asked to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from core.messages import gsm
from core.messages.segments import UCS2_CODING
from sms_gateway.kannel.receipts import ALL_REPORTS
from sms_gateway.smpp.codec import EncodeError
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.pdu import ESM_CLASS_UDH

KANNEL = "kannel"
MOST_NAME_LETTERS = 64  # what the inbox and the outbox keep
FORM = "Kannel is written http://user:password@host:13013/cgi-bin/sendsms"
DEFAULT_PORTS = {"http": 80, "https": 443}
DIRECT = {"yes": True, "no": False}
GSM, UCS2 = "0", "2"  # Kannel's own numbers for `coding`


class Request(NamedTuple):
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Gateway:
    """`extra` goes along with each request: account=…, priority=…."""

    host: str
    port: int
    address: str  # without the user and the query
    user: str
    password: str = field(repr=False)
    window: int = 10
    per_second: int = 50
    smsc: str = ""  # by which of its SMSCs; empty: as Kannel routes
    operator: str = ""  # whose phones that one serves, by the profile's code; empty: anybody's
    direct: bool = False  # it is bound to the operator itself, who vouches for its senders
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return f"{KANNEL}:{self.smsc}"[:MOST_NAME_LETTERS] if self.smsc else KANNEL

    def request_of(
        self, piece: Piece, *, sender: str, to: str, receipt_url: str = "", minutes: int = 0
    ) -> Request:
        """By POST: who we are stays out of addresses, and aiohttp sends no POST a second time by itself.

        One part is one message for Kannel: what it cuts itself it may cut short. EncodeError where `to` is
        no phone number.
        """
        if not (to.isascii() and to.isdecimal()):
            raise EncodeError("not a phone number")
        header = 1 + piece.octets[0] if piece.esm_class & ESM_CLASS_UDH else 0
        udh, octets = piece.octets[:header], piece.octets[header:]
        ucs2 = piece.data_coding == UCS2_CODING
        text = octets.decode("utf-16-be") if ucs2 else gsm.decode(octets)
        said = {
            **dict(self.extra),
            "username": self.user,
            "password": self.password,
            "from": sender,
            "to": f"+{to}",
            # Without it and the charset Kannel takes the octets for Latin letters and sends "??", with a 202.
            "coding": UCS2 if ucs2 else GSM,
        }
        if udh:
            said["udh"] = udh.hex()
        if minutes:
            said["validity"] = str(minutes)
        if receipt_url:
            said |= {"dlr-mask": str(ALL_REPORTS), "dlr-url": receipt_url}
        headers = {f"X-Kannel-{name}": value for name, value in said.items()}
        return Request(headers | {"Content-Type": "text/plain; charset=UTF-8"}, text.encode())


def gateways_of(urls: str, *, window: int = 10, per_second: int = 50) -> list[Gateway]:
    """The ways out of one or several addresses, by spaces; what an address does not say is given here.

    ValueError, without any password, where one is none, or where two are the same way.
    """
    found = [_gateway_of(url, window, per_second) for url in urls.split()]
    if len({each.name for each in found}) < len(found):
        raise ValueError("of several Kannels each names another SMSC: ?smsc=…")
    return found


def _gateway_of(url: str, window: int, per_second: int) -> Gateway:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        said = dict(parse_qsl(parts.query))
        window = int(said.pop("window", window))
        per_second = int(said.pop("per_second", per_second))
        direct = DIRECT[said.pop("direct", "no")]
    except (KeyError, ValueError):
        raise ValueError(FORM) from None
    if not (parts.hostname and parts.username and parts.password and window > 0 and per_second > 0):
        raise ValueError(FORM)
    if not unquote(url).isprintable():  # it goes into headers
        raise ValueError(FORM)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Gateway(
        host=parts.hostname,
        port=port,
        address=f"{parts.scheme}://{host}:{port}{parts.path or '/cgi-bin/sendsms'}",
        user=unquote(parts.username),
        password=unquote(parts.password),
        window=window,
        per_second=per_second,
        operator=said.pop("operator", ""),
        direct=direct,
        smsc=said.get("smsc", ""),
        extra=tuple(said.items()),
    )
