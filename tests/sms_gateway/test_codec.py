"""PDU octets against the tables of SMPP 3.4, there and back."""

from __future__ import annotations

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp import pdu as p
from sms_gateway.smpp.codec import EncodeError, command_of, decode, encode
from tests.sms_gateway.octets import deliver_sm, frame, header, tlv
from tests.sms_gateway.pdu_cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_octets_of_the_standard_read_as_their_pdu_and_back(case: Case) -> None:
    octets = frame(case.command, bytes.fromhex(case.body))
    pdu = decode(octets)
    assert pdu == case.pdu
    assert pdu.raw == octets
    assert command_of(pdu) == case.command
    # A response without a body is written with an empty one.
    if case.body or not case.command & p.RESPONSE:
        assert encode(case.pdu) == octets


def test_status_and_sequence_come_from_the_header() -> None:
    pdu = decode(bytes.fromhex("00000010 80000004 00000058 7ffffffe"))
    assert pdu == p.SubmitSmResp(0x7FFFFFFE, 0x58)
    assert encode(p.GenericNack(9, 3)) == bytes.fromhex("00000010 80000000 00000003 00000009")


OCTET = st.integers(0, 255)
# ISO 8859-1 without NUL: what a C-octet string can hold.
NAME = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=21)
# Tag 0 is reserved; at a body's end it reads as NULs that fill it up.
TLVS = st.lists(st.builds(p.Tlv, st.integers(1, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)


def pdus(kind: type[p.Pdu]) -> st.SearchStrategy[p.Pdu]:
    given_by_type = {
        "sequence": st.integers(0, 0xFFFFFFFF),
        "status": st.integers(0, 0xFFFFFFFF),
        "raw": st.just(b""),
        "command": st.just(0x7777),
        "body": st.binary(max_size=300),
        "short_message": st.binary(max_size=254),
        "tlvs": TLVS,
    }
    fields = {
        name: given_by_type.get(name, NAME if field.type == "str" else OCTET)
        for name, field in kind.__dataclass_fields__.items()
    }
    return st.builds(kind, **fields)


KINDS = list(dict.fromkeys(type(case.pdu) for case in CASES))


@given(st.sampled_from(KINDS).flatmap(pdus))
def test_what_is_encoded_decodes_to_itself(pdu: p.Pdu) -> None:
    assert decode(encode(pdu)) == pdu


@pytest.mark.parametrize(
    "pdu",
    [
        p.SubmitSm(short_message=bytes(255)),
        p.SubmitSm(destination_addr="7914\x00"),
        p.SubmitSm(destination_addr="Альянс"),
        p.SubmitSm(data_coding=256),
        p.SubmitSm(esm_class=-1),
        p.SubmitSm(tlvs=(p.Tlv(0x10000, b""),)),
        p.SubmitSm(tlvs=(p.Tlv(1, bytes(70_000)),)),
        p.EnquireLink(1 << 32),
        p.Outbind(password="a\0b"),
    ],
)
def test_a_value_without_room_is_refused(pdu: p.Pdu) -> None:
    with pytest.raises(EncodeError):
        encode(pdu)


def test_the_message_is_taken_from_the_payload_where_short_message_is_empty() -> None:
    payload = tlv(0x0424, b"long")
    both = decode(deliver_sm(b"short", tlvs=payload))
    alone = decode(deliver_sm(tlvs=payload))
    neither = decode(deliver_sm())
    messages = [each.message for each in (both, alone, neither) if isinstance(each, p.DeliverSm)]
    assert messages == [b"short", b"long", b""]
    assert p.DataSm().message == b""


def test_texts_and_passwords_stay_out_of_repr() -> None:
    told = repr(p.DeliverSm(short_message=b"4276")) + repr(p.BindTransceiver(password="secret"))
    assert "4276" not in told
    assert "secret" not in told


def test_an_independent_codec_reads_ours_and_we_read_its() -> None:
    ours = p.SubmitSm(
        6,
        source_addr="3116",
        destination_addr="79141234567",
        dest_addr_ton=1,
        data_coding=8,
        registered_delivery=1,
        short_message="Баланс".encode("utf-16-be"),
        tlvs=(p.Tlv(0x1403, b"\xaa"),),
    )
    theirs = smpp34.decode(encode(ours))
    assert isinstance(theirs, smpp34.SubmitSm)
    assert theirs.destination_addr == "79141234567"
    assert theirs.short_message == "Баланс".encode("utf-16-be")
    assert [(each.tag, each.value) for each in theirs.tlvs] == [(0x1403, b"\xaa")]
    assert decode(theirs.encode()) == ours
    assert header(encode(ours))[0] == len(theirs.encode())
