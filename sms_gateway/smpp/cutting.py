"""A text → the short messages that carry it, told to belong together as its SMSC wants it."""

from __future__ import annotations

from typing import NamedTuple

from core.messages.segments import Segment, segments_of
from sms_gateway.smpp.link import Joining, Smsc
from sms_gateway.smpp.pdu import (
    ESM_CLASS_UDH,
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_NUMBER,
    TAG_SAR_REFERENCE,
    TAG_SAR_TOTAL,
    Tlv,
)


class Piece(NamedTuple):
    """One submission; `segments` is how many short messages the phone gets of it."""

    esm_class: int
    data_coding: int
    octets: bytes
    tlvs: tuple[Tlv, ...] = ()
    segments: int = 1


def pieces_of(text: str, smsc: Smsc, *, reference: int) -> list[Piece]:
    """The pieces in order; TooLong above 255 short messages. `reference`: 16 bits that are the text's own."""
    segments = segments_of(
        text,
        reference=reference,
        alphabet=smsc.alphabets[0],
        reference_octets=2 if smsc.joining is Joining.UDH16 else 1,
    )
    if len(segments) == 1:
        return [Piece(0, segments[0].data_coding, segments[0].payload)]
    if smsc.joining is Joining.PAYLOAD:
        whole = b"".join(each.payload for each in segments)
        payload = (Tlv(TAG_MESSAGE_PAYLOAD, whole),)
        return [Piece(0, segments[0].data_coding, b"", payload, len(segments))]
    if smsc.joining is Joining.SAR:
        return [
            _by_tlvs(each, reference, len(segments), number) for number, each in enumerate(segments, start=1)
        ]
    return [Piece(ESM_CLASS_UDH, each.data_coding, each.udh + each.payload) for each in segments]


def _by_tlvs(segment: Segment, reference: int, total: int, number: int) -> Piece:
    tlvs = (
        Tlv(TAG_SAR_REFERENCE, (reference & 0xFFFF).to_bytes(2, "big")),
        Tlv(TAG_SAR_TOTAL, bytes((total,))),
        Tlv(TAG_SAR_NUMBER, bytes((number,))),
    )
    return Piece(0, segment.data_coding, segment.payload, tlvs)
