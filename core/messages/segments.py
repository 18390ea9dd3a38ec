"""A text into the short messages that carry it: the smallest alphabet, nothing cut in two that is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from core.messages import gsm

Alphabet = Literal["gsm", "latin1", "ascii"]

DEFAULT_CODING = 0x00
UCS2_CODING = 0x08

ONE_SEPTETS = 160
ONE_OCTETS = 140
HEADER_OCTETS = 5  # beside those of the reference (3GPP TS 23.040, 9.2.3.24.1 and .8)
MOST_PARTS = 255


class TooLong(ValueError):
    """More parts than the concatenation header can count."""


class Segment(NamedTuple):
    """One short message: `udh` goes before the payload, and a set one needs the UDH bit of esm_class."""

    data_coding: int
    udh: bytes
    payload: bytes


def segments_of(
    text: str, *, reference: int = 0, alphabet: Alphabet = "gsm", reference_octets: Literal[1, 2] = 1
) -> list[Segment]:
    """The parts of a text; `reference` tells them from those of the phone's other messages.

    `alphabet` is what the SMSC takes data_coding 0 for; a text that fits the GSM alphabet but not it
    goes as UCS-2. TooLong above 255 parts.
    """
    coding, parts = _parts(text, alphabet, reference_octets)
    if len(parts) == 1:
        return [Segment(coding, b"", parts[0])]
    if len(parts) > MOST_PARTS:
        raise TooLong(f"{len(parts)} parts")
    element = bytes((5, 0, 3)) if reference_octets == 1 else bytes((6, 8, 4))
    element += (reference % 256**reference_octets).to_bytes(reference_octets, "big")
    return [
        Segment(coding, element + bytes((len(parts), number)), part)
        for number, part in enumerate(parts, start=1)
    ]


def count(text: str) -> int:
    return len(_parts(text, "gsm", 1)[1])


def _parts(text: str, alphabet: Alphabet, reference_octets: int) -> tuple[int, list[bytes]]:
    room = ONE_OCTETS - HEADER_OCTETS - reference_octets
    if gsm.fits(text) and (alphabet == "gsm" or _encodes(text, alphabet)):
        septets = _cut(text, gsm.encode, one=ONE_SEPTETS, part=room * 8 // 7)
        if alphabet == "gsm":
            return DEFAULT_CODING, [gsm.encode(piece) for piece in septets]
        return DEFAULT_CODING, [piece.encode(alphabet) for piece in septets]
    pieces = _cut(text, _utf16, one=ONE_OCTETS, part=room)
    return UCS2_CODING, [_utf16(piece) for piece in pieces]


def _cut(text: str, encode: Callable[[str], bytes], *, one: int, part: int) -> Sequence[str]:
    """Pieces of whole characters: an ESC pair and a surrogate pair are one character of the text each."""
    if len(encode(text)) <= one:
        return [text]
    pieces = []
    start, room = 0, part
    for at, char in enumerate(text):
        size = len(encode(char))
        if size > room:
            pieces.append(text[start:at])
            start, room = at, part
        room -= size
    return [*pieces, text[start:]]


def _encodes(text: str, alphabet: Alphabet) -> bool:
    try:
        text.encode(alphabet)
    except UnicodeEncodeError:
        return False
    return True


def _utf16(text: str) -> bytes:
    # A lone surrogate has no place on the air: it goes out as "?".
    return text.encode("utf-16-be", "replace")
