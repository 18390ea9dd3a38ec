"""Which part of which long message a short message is: by user data header or by SAR TLVs."""

from __future__ import annotations

from typing import NamedTuple

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


def content_of(pdu: DeliverSm | DataSm) -> Content:
    octets = pdu.message
    if not pdu.esm_class & ESM_CLASS_UDH:
        return Content(octets, _sar_part(pdu))
    end = 1 + octets[0] if octets else 1
    if end > len(octets):
        return Content(octets, None, whole=False)
    return Content(octets[end:], udh_part(octets[1:end]) or _sar_part(pdu))


def key_of(smsc: str, pdu: DeliverSm | DataSm, part: Part) -> str:
    return f"{smsc}|{pdu.source_addr[:32]}|{pdu.destination_addr[:32]}|{part.reference}|{part.total}"


def udh_part(elements: bytes) -> Part | None:
    """The concatenation element (3GPP TS 23.040, 9.2.3.24.1 and .8) among those of a header."""
    at = 0
    while at + 2 <= len(elements):
        kind, length = elements[at], elements[at + 1]
        value = elements[at + 2 : at + 2 + length]
        octets = _REFERENCE_OCTETS.get(kind)
        if octets is not None and len(value) == octets + 2:
            return _sound(int.from_bytes(value[:octets], "big"), value[octets], value[octets + 1])
        at += 2 + length
    return None


def _sar_part(pdu: DeliverSm | DataSm) -> Part | None:
    reference, total, number = (pdu.tlv(tag) for tag in (TAG_SAR_REFERENCE, TAG_SAR_TOTAL, TAG_SAR_NUMBER))
    if not (reference and total and number):
        return None
    return _sound(*(int.from_bytes(value, "big") for value in (reference, total, number)))


def _sound(reference: int, total: int, number: int) -> Part | None:
    # The standard has the receiver ignore numbers that make no sense; one part of one is a whole message.
    return Part(reference, total, number) if 1 < total <= 255 and 1 <= number <= total else None
