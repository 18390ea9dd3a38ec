"""Which part of which long message a short message is: by user data header or by SAR TLVs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sms_gateway.languages import DEFAULT, Languages
from sms_gateway.smpp.pdu import (
    ESM_CLASS_UDH,
    TAG_SAR_NUMBER,
    TAG_SAR_REFERENCE,
    TAG_SAR_TOTAL,
    DataSm,
    DeliverSm,
)

CONCATENATED_8 = 0x00
CONCATENATED_16 = 0x08
SINGLE_SHIFT = 0x24
LOCKING_SHIFT = 0x25
_REFERENCE_OCTETS = {CONCATENATED_8: 1, CONCATENATED_16: 2}


class Part(NamedTuple):
    """`number` of `total`, both from 1; `reference` is the sender's and comes again after a while."""

    reference: int
    total: int
    number: int


class Content(NamedTuple):
    """The octets of a message without its header. `whole` is false where the header is broken."""

    octets: bytes
    part: Part | None
    whole: bool = True
    languages: Languages = DEFAULT


def content_of(pdu: DeliverSm | DataSm) -> Content:
    octets = pdu.message
    if not pdu.esm_class & ESM_CLASS_UDH:
        return Content(octets, _sar_part(pdu))
    end = 1 + octets[0] if octets else 1
    if end > len(octets):
        return Content(octets, None, whole=False)
    elements = list(_elements(octets[1:end]))
    return Content(octets[end:], _udh_part(elements) or _sar_part(pdu), languages=_languages(elements))


def key_of(smsc: str, pdu: DeliverSm | DataSm, part: Part) -> str:
    return f"{smsc}|{pdu.source_addr[:32]}|{pdu.destination_addr[:32]}|{part.reference}|{part.total}"


def part_in(header: bytes) -> Part | None:
    """The part that the elements of a header tell of; None where they tell of none."""
    return _udh_part(list(_elements(header)))


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        yield kind, header[at + 2 : at + 2 + length]
        at += 2 + length


def _udh_part(elements: Sequence[tuple[int, bytes]]) -> Part | None:
    """The concatenation element (3GPP TS 23.040, 9.2.3.24.1 and .8) among those of a header."""
    for kind, value in elements:
        octets = _REFERENCE_OCTETS.get(kind)
        if octets is not None and len(value) == octets + 2:
            return _sound(int.from_bytes(value[:octets], "big"), value[octets], value[octets + 1])
    return None


def _languages(elements: Sequence[tuple[int, bytes]]) -> Languages:
    """What the header tells of national alphabets (9.2.3.24.15 and .16)."""
    said = {kind: value[0] for kind, value in elements if len(value) == 1}
    return Languages(said.get(LOCKING_SHIFT, 0), said.get(SINGLE_SHIFT, 0))


def _sar_part(pdu: DeliverSm | DataSm) -> Part | None:
    reference, total, number = (pdu.tlv(tag) for tag in (TAG_SAR_REFERENCE, TAG_SAR_TOTAL, TAG_SAR_NUMBER))
    if not (reference and total and number):
        return None
    return _sound(*(int.from_bytes(value, "big") for value in (reference, total, number)))


def _sound(reference: int, total: int, number: int) -> Part | None:
    # The standard has the receiver ignore numbers that make no sense; one part of one is a whole message.
    return Part(reference, total, number) if 1 < total <= 255 and 1 <= number <= total else None
