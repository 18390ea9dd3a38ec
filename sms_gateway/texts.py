"""The text of an incoming short message, by its data_coding and by what the SMSC means by it."""

from __future__ import annotations

from collections.abc import Mapping

from core.messages.segments import UCS2_CODING, Alphabet
from sms_gateway.languages import DEFAULT, Languages, decode
from sms_gateway.smpp.link import ALPHABETS

BINARY = frozenset({0x02, 0x04})
# SMPP 3.4, 5.2.19; 0, 1 and 3 mean different things at different SMSCs.
_CHARSETS = {0x05: "shift_jis", 0x06: "iso8859_5", 0x07: "iso8859_8"}


def text_of(
    octets: bytes,
    data_coding: int,
    *,
    alphabets: Mapping[int, Alphabet] = ALPHABETS,
    languages: Languages = DEFAULT,
) -> str | None:
    """The text, or None where the octets are not what data_coding says or are no text at all.

    `alphabets` is what the SMSC means by data_coding 0, 1 and 3; what is not known is read as 0.
    `languages` is what the phone told of national alphabets.
    """
    coding = _plain(data_coding)
    if coding in BINARY:
        return None
    charset = _CHARSETS.get(coding) or alphabets.get(coding, alphabets[0])
    try:
        if coding == UCS2_CODING:
            text = octets.decode("utf-16-be").removeprefix("\ufeff")
        else:
            text = decode(octets, languages) if charset == "gsm" else octets.decode(charset)
    except ValueError:
        return None
    # PostgreSQL's JSON takes every character but NUL.
    return text.replace("\0", "\ufffd")


def _plain(data_coding: int) -> int:
    """A GSM coding group (3GPP TS 23.038, 4) in SMPP's own numbers: 0 default, 4 octets, 8 UCS-2."""
    group = data_coding & 0xF0
    if group in {0x10, 0x20, 0x30}:
        return data_coding & 0x0C
    if group == 0xE0:
        return UCS2_CODING
    if group == 0xF0:
        return data_coding & 0x04
    return data_coding
