"""Long texts as each SMSC wants them joined, and as an independent reader of ours joins them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages.segments import TooLong
from sms_gateway.reassembly import content_of
from sms_gateway.smpp.bind import relative
from sms_gateway.smpp.codec import decode, encode
from sms_gateway.smpp.cutting import Piece, pieces_of
from sms_gateway.smpp.link import Joining
from sms_gateway.smpp.pdu import DeliverSm, SubmitSm, Tlv
from sms_gateway.texts import text_of
from tests.sms_gateway.fake_binds import SMSC, FakeSession, bind_of

LONG = "я" * 140


def sar(reference: int, total: int, number: int) -> tuple[Tlv, ...]:
    wide = reference.to_bytes(2, "big")
    return (Tlv(0x020C, wide), Tlv(0x020E, bytes((total,))), Tlv(0x020F, bytes((number,))))


def cut(text: str, joining: Joining, reference: int = 0x0102) -> list[Piece]:
    return pieces_of(text, replace(SMSC, joining=joining), reference=reference)


@pytest.mark.parametrize("joining", list(Joining))
def test_a_short_text_is_one_piece_without_any_of_it(joining: Joining) -> None:
    assert cut("да", joining) == [Piece(0, 8, "да".encode("utf-16-be"))]


def test_a_header_of_8_or_16_bits_goes_before_each_part() -> None:
    narrow, wide = cut(LONG, Joining.UDH8), cut(LONG, Joining.UDH16)
    assert [each.octets[:6] for each in narrow] == [bytes((5, 0, 3, 2, 3, n)) for n in (1, 2, 3)]
    assert [each.octets[:7] for each in wide] == [bytes((6, 8, 4, 1, 2, 3, n)) for n in (1, 2, 3)]
    assert {each.esm_class for each in narrow + wide} == {0x40}
    assert [len(each.octets) for each in wide] == [7 + 132, 7 + 132, 7 + 16]
    assert [len(each.octets) for each in cut("a" * 161, Joining.UDH16)] == [7 + 152, 7 + 9]


def test_sar_tlvs_leave_room_for_the_header_that_the_smsc_writes() -> None:
    pieces = cut(LONG, Joining.SAR)
    assert [each.tlvs for each in pieces] == [sar(0x0102, 3, n) for n in (1, 2, 3)]
    assert [len(each.octets) for each in pieces] == [134, 134, 12]
    assert {each.esm_class for each in pieces} == {0}


def test_a_payload_is_whole_and_counts_as_what_the_phone_gets() -> None:
    (piece,) = cut(LONG, Joining.PAYLOAD)
    assert piece == Piece(0, 8, b"", (Tlv(0x0424, LONG.encode("utf-16-be")),), segments=3)


def test_more_than_255_parts_are_refused() -> None:
    with pytest.raises(TooLong):
        cut("я" * 67 * 256, Joining.SAR)


@pytest.mark.parametrize("joining", [Joining.UDH8, Joining.UDH16, Joining.SAR])
@given(text=st.text(st.sampled_from("aя€{👍 "), min_size=200, max_size=500), reference=st.integers(0, 0xFFFF))
@settings(max_examples=15)
def test_parts_are_joined_to_the_text_that_was_cut(joining: Joining, text: str, reference: int) -> None:
    pieces = cut(text, joining, reference)
    found = []
    for piece in pieces:
        sent = SubmitSm(esm_class=piece.esm_class, short_message=piece.octets, tlvs=piece.tlvs)
        got = decode(encode(sent))
        assert isinstance(got, SubmitSm)
        found.append(content_of(DeliverSm(esm_class=got.esm_class, short_message=got.message, tlvs=got.tlvs)))
    if len(pieces) > 1:
        bits = 0xFF if joining is Joining.UDH8 else 0xFFFF
        assert [each.part for each in found] == [
            (reference & bits, len(pieces), n) for n in range(1, len(pieces) + 1)
        ]
    assert text_of(b"".join(each.octets for each in found), pieces[0].data_coding) == text


@pytest.mark.parametrize(
    "seconds, said",
    [
        (300, "000000000500000R"),
        (86_400, "000001000000000R"),
        (93_784.2, "000001020305000R"),
        (0.2, "000000000001000R"),
    ],
)
def test_a_time_from_now_is_written_as_the_standard_has_it(seconds: float, said: str) -> None:
    assert relative(seconds) == said
    assert len(said) == 16


@pytest.mark.parametrize(
    "validity, lives, said",
    [
        (0, None, ""),
        (0, 300.0, "000000000500000R"),
        (0, 3 * 86_400.0, ""),
        (3600, 3 * 86_400.0, "000000010000000R"),
        (3600, 300.0, "000000000500000R"),
    ],
)
async def test_an_smsc_keeps_a_text_no_longer_than_it_is_of_use(
    validity: int, lives: float | None, said: str
) -> None:
    session = FakeSession()
    bind = bind_of(session, validity_seconds=validity)
    await bind.submit("79141234567", Piece(0, 0, b"hi"), last=True, lives_seconds=lives, until=0)
    assert session.submitted[0].validity_period == said


async def test_a_bind_says_on_the_wire_what_its_address_says() -> None:
    session = FakeSession()
    bind = bind_of(
        session, source="Aliance", source_ton=5, source_npi=0, dest_ton=2, dest_npi=8, service_type="CMT",
        registered_delivery=0x11, receipts_each=False, tlvs=(Tlv(0x1400, b"A1"),),
    )  # fmt: skip
    for last in (False, True):
        await bind.submit("9141234567", Piece(0, 0, b"hi"), last=last, lives_seconds=None, until=0)
    sent = session.submitted[1]
    assert (sent.source_addr, sent.source_addr_ton, sent.source_addr_npi) == ("Aliance", 5, 0)
    assert (sent.dest_addr_ton, sent.dest_addr_npi, sent.service_type) == (2, 8, "CMT")
    assert [each.registered_delivery for each in session.submitted] == [0x10, 0x11]
    assert sent.tlvs == (Tlv(0x1400, b"A1"),)
    assert [bind.tells_of(last=last) for last in (False, True)] == [False, True]
