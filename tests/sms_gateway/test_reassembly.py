"""Which part of which text: user data headers and SAR TLVs, sound and broken."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sms_gateway.languages import Languages
from sms_gateway.reassembly import Content, Part, content_of, key_of
from sms_gateway.smpp.pdu import DataSm, DeliverSm, Tlv


class Case(NamedTuple):
    name: str
    hex: str
    content: Content
    esm_class: int = 0x40


CASES = [
    Case("8-bit reference", "05 00 03 2a 02 01 6162", Content(b"ab", Part(0x2A, 2, 1))),
    Case("16-bit reference", "06 08 04 01 2a 03 03 61", Content(b"a", Part(0x012A, 3, 3))),
    Case("behind another element", "09 05 02 01 01 00 03 01 02 02 61", Content(b"a", Part(1, 2, 2))),
    Case("no concatenation element", "03 24 01 00 61", Content(b"a", None)),
    Case("an element that ends too early", "04 00 03 01 02 61", Content(b"a", None)),
    Case("an element of a wrong length", "05 00 02 01 02 61 62", Content(b"b", None)),
    Case(
        "with national alphabets",
        "0b 00 03 01 02 02 24 01 03 25 01 01 61",
        Content(b"a", Part(1, 2, 2), languages=Languages(locking=1, single=3)),
    ),
    Case("a language of no octet", "02 24 00 61", Content(b"a", None)),
    Case("part 0", "05 00 03 01 02 00 61", Content(b"a", None)),
    Case("part 3 of 2", "05 00 03 01 02 03 61", Content(b"a", None)),
    Case("part 1 of 0", "05 00 03 01 00 01 61", Content(b"a", None)),
    Case("part 1 of 1", "05 00 03 01 01 01 61", Content(b"a", None)),
    Case("an empty header", "00 61", Content(b"a", None)),
    Case("a header longer than the message", "20 00 03", Content(bytes.fromhex("200003"), None, whole=False)),
    Case("no octets at all", "", Content(b"", None, whole=False)),
    Case("no header bit", "05 00 03", Content(bytes.fromhex("050003"), None), 0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_header_tells_the_part(case: Case) -> None:
    pdu = DeliverSm(esm_class=case.esm_class, short_message=bytes.fromhex(case.hex))
    assert content_of(pdu) == case.content


def sar(reference: int, total: int, number: int) -> tuple[Tlv, ...]:
    return (
        Tlv(0x020C, reference.to_bytes(2, "big")),
        Tlv(0x020E, bytes((total,))),
        Tlv(0x020F, bytes((number,))),
    )


def test_sar_tlvs_tell_the_part() -> None:
    pdu = DeliverSm(short_message=b"a", tlvs=sar(513, 2, 2))
    assert content_of(pdu) == Content(b"a", Part(513, 2, 2))
    assert content_of(DeliverSm(short_message=b"a", tlvs=sar(513, 2, 2)[:2])).part is None
    assert content_of(DeliverSm(short_message=b"a", tlvs=sar(513, 2, 3))).part is None


def test_a_header_may_stand_in_the_payload() -> None:
    pdu = DataSm(esm_class=0x40, tlvs=(Tlv(0x0424, bytes.fromhex("05000307020161")),))
    assert content_of(pdu) == Content(b"a", Part(7, 2, 1))


def test_parts_of_different_people_texts_and_smscs_have_different_keys() -> None:
    part = Part(7, 2, 1)
    pdu = DeliverSm(source_addr="79141234567", destination_addr="3116")
    keys = {
        key_of("a", pdu, part),
        key_of("b", pdu, part),
        key_of("a", pdu, part._replace(reference=8)),
        key_of("a", pdu, part._replace(total=3)),
        key_of("a", DeliverSm(source_addr="79141234568", destination_addr="3116"), part),
        key_of("a", DeliverSm(source_addr="79141234567", destination_addr="3117"), part),
    }
    assert len(keys) == 6
    assert key_of("a", pdu, part._replace(number=2)) in keys
