"""Between a phone's text and the octets of a short message: alphabets, parts, their joining."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import smpp34

# Importing it registers the codec "gsm03.38"; by name, because it comes without type stubs.
importlib.import_module("gsm0338")
GSM = "gsm03.38"

# 3GPP TS 23.038: data_coding of SMPP 3.4 section 5.2.19.
DEFAULT_ALPHABET = 0
ASCII = 1
LATIN_1 = 3
UCS_2 = 8

# esm_class, SMPP 3.4 section 5.2.12.
WITH_HEADER = 0x40
RECEIPT = 0x04

# One part is 140 octets: 160 septets, which SMPP carries one an octet, or 70 UTF-16 units.
GSM_SINGLE, GSM_PART = 160, 153
UCS_2_SINGLE, UCS_2_PART = 140, 134

# Optional parameters, SMPP 3.4 section 5.3.2.
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER, MESSAGE_PAYLOAD = 0x020C, 0x020E, 0x020F, 0x0424


class ShortMessage(Protocol):
    """What submit_sm and deliver_sm have in common."""

    @property
    def esm_class(self) -> int: ...
    @property
    def data_coding(self) -> int: ...
    @property
    def short_message(self) -> bytes: ...
    @property
    def tlvs(self) -> list[smpp34.Tlv]: ...


@dataclass(frozen=True, slots=True)
class Part:
    payload: bytes
    data_coding: int
    reference: int | None = None  # None: the message is one part
    number: int = 1
    total: int = 1


def read_part(message: ShortMessage) -> Part:
    """Raises ValueError on a header that does not hold together."""
    tlvs = {tlv.tag: tlv for tlv in message.tlvs}
    payload = message.short_message
    if MESSAGE_PAYLOAD in tlvs:
        payload = tlvs[MESSAGE_PAYLOAD].value
    if message.esm_class & WITH_HEADER:
        return _part_with_header(payload, message.data_coding)
    if SAR_REFERENCE in tlvs:
        tags = (SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL)
        reference, number, total = (int.from_bytes(tlvs[tag].value) if tag in tlvs else 0 for tag in tags)
        return _checked(Part(payload, message.data_coding, reference, number, total))
    return Part(payload, message.data_coding)


def _part_with_header(payload: bytes, data_coding: int) -> Part:
    if not payload or payload[0] + 1 > len(payload):
        raise ValueError("the user data header is longer than the message")
    header, text = payload[1 : payload[0] + 1], payload[payload[0] + 1 :]
    for element, value in _elements(header):
        if element == 0x00 and len(value) == 3:
            return _checked(Part(text, data_coding, value[0], value[2], value[1]))
        if element == 0x08 and len(value) == 4:
            return _checked(Part(text, data_coding, int.from_bytes(value[:2]), value[3], value[2]))
    return Part(text, data_coding)


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    while header:
        if len(header) < 2 or len(header) < 2 + header[1]:
            raise ValueError("an element of the user data header is cut")
        yield header[0], header[2 : 2 + header[1]]
        header = header[2 + header[1] :]


def _checked(part: Part) -> Part:
    if not 1 <= part.number <= part.total:
        raise ValueError("the part's number is outside of its total")
    return part


def fits(part: Part) -> bool:
    """Whether the air interface could carry it; a part of message_payload is measured the same."""
    if part.data_coding == DEFAULT_ALPHABET:
        return len(part.payload) <= (GSM_SINGLE if part.reference is None else GSM_PART)
    if part.data_coding == UCS_2 and len(part.payload) % 2:
        return False
    return len(part.payload) <= (UCS_2_SINGLE if part.reference is None else UCS_2_PART)


def decode(payload: bytes, data_coding: int) -> str:
    """What the phone shows: U+FFFD stands for what it cannot read."""
    if data_coding == DEFAULT_ALPHABET:
        return payload.decode(GSM, "replace")
    if data_coding == UCS_2:
        return payload.decode("utf-16-be", "replace")
    if data_coding in (ASCII, LATIN_1):
        return payload.decode("latin-1")
    return payload.hex(" ")


def split(text: str, *, reference: int) -> list[Part]:
    """Parts as a phone cuts them: by length alone, also through an escape or a surrogate pair."""
    try:
        payload, data_coding = text.encode(GSM), DEFAULT_ALPHABET
        single, part = GSM_SINGLE, GSM_PART
    except UnicodeEncodeError:
        payload, data_coding = text.encode("utf-16-be", "surrogatepass"), UCS_2
        single, part = UCS_2_SINGLE, UCS_2_PART
    if len(payload) <= single:
        return [Part(payload, data_coding)]
    cuts = [payload[at : at + part] for at in range(0, len(payload), part)]
    if len(cuts) > 255:
        raise ValueError("a short message has at most 255 parts")
    return [Part(cut, data_coding, reference, number, len(cuts)) for number, cut in enumerate(cuts, 1)]


def user_data(part: Part) -> tuple[int, bytes]:
    """esm_class and short_message of a part (UDH with an 8-bit reference, 3GPP TS 23.040 9.2.3.24.1)."""
    if part.reference is None:
        return 0, part.payload
    header = bytes((5, 0x00, 3, part.reference & 0xFF, part.total, part.number))
    return WITH_HEADER, header + part.payload
