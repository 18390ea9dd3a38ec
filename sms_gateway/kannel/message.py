"""A subscriber's message as Kannel's get-url tells of it: octets, coding, charset, never its own reading."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

from sms_gateway.reassembly import Part, part_in

GSM, BINARY, UCS2 = 0, 1, 2
MOST_OPERATOR_LETTERS = 32
_SMPP_META = re.compile(r"\?smpp\?([^?]*)")
# %C names what %b is written in. Only what a text may come in: a codec such as "hex" is no charset.
CHARSETS = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "koi8-r": "koi8_r",
}


class KannelMessage(NamedTuple):
    """One message or one part of it; `id` is Kannel's (%I), the same when it calls again."""

    id: str
    smsc: str
    sender: str
    to: str
    octets: bytes
    coding: int
    charset: str
    part: Part | None
    operator: str  # whose phone it is, where %D tells of it

    def text(self, octets: bytes) -> str | None:
        """What octets of this coding say; None where they are no text."""
        if self.coding == BINARY:
            return None
        # UCS-2 is UTF-16BE whatever is said beside; a charset unknown here is no reason to lose a text.
        charset = "utf-16-be" if self.coding == UCS2 else CHARSETS.get(self.charset.lower(), "utf-8")
        try:
            text = octets.decode(charset).removeprefix("\ufeff")
        except ValueError:
            return None
        return text.replace("\0", "\ufffd")  # PostgreSQL's JSON takes every character but NUL


def message_of(fields: dict[str, bytes]) -> KannelMessage:
    """Raises 400 where a field that we cannot do without is missing: the get-url is not as documented."""

    def said(name: str) -> str:
        return fields.get(name, b"").decode("utf-8", "replace").strip().replace("\0", "\ufffd")

    missing = [name for name in ("from", "to", "b", "coding", "id") if name not in fields]
    coding = said("coding")
    if missing or not said("id") or coding not in {"0", "1", "2"}:
        raise web.HTTPBadRequest(reason=f"get-url lacks {', '.join(missing)}" if missing else None)
    udh = fields.get("udh", b"")
    return KannelMessage(
        id=said("id"),
        smsc=said("smsc"),
        sender=said("from"),
        to=said("to"),
        octets=fields["b"],
        coding=int(coding),
        charset=said("cs"),
        part=part_in(udh[1 : 1 + udh[0]]) if udh else None,
        operator=operator_in(said("meta")),
    )


def operator_in(meta: str) -> str:
    """The TLV that Kannel's configuration calls "operator"; %D is ?smpp?name=value&…, other groups beside."""
    group = _SMPP_META.search(meta)
    told: dict[str, str] = dict(parse_qsl(group[1])) if group else {}
    return told.get("operator", "").replace("\0", "")[:MOST_OPERATOR_LETTERS]
