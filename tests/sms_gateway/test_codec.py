"""PDU octets against the tables of SMPP 3.4, whole, broken and strange."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp import pdu as p
from sms_gateway.smpp.codec import BodyError, EncodeError, command_of, decode, encode
from tests.sms_gateway.octets import deliver_sm, frame, header, tlv


class Case(NamedTuple):
    """A header's three numbers and a body in the order of its command's table in the standard."""

    name: str
    command: int
    body: str
    pdu: p.Pdu


CASES = [
    Case(
        "bind_transceiver, 4.1.5",
        0x09,
        "64656d6f00 73656372657400 616c00 34 00 00 00",
        p.BindTransceiver(1, system_id="demo", password="secret", system_type="al"),
    ),
    Case(
        "bind_transceiver with a password longer than the standard's 8",
        0x09,
        "6100 6c6f6e6765722d7468616e2d656967687400 00 34 00 00 00",
        p.BindTransceiver(1, system_id="a", password="longer-than-eight"),
    ),
    Case(
        "bind_receiver, 4.1.3, with an address range",
        0x01,
        "6100 6200 00 34 01 01 5e333100",
        p.BindReceiver(1, system_id="a", password="b", addr_ton=1, addr_npi=1, address_range="^31"),
    ),
    Case(
        "bind_transmitter, 4.1.1, version 3.3",
        0x02,
        "6100 6200 00 33 00 00 00",
        p.BindTransmitter(1, system_id="a", password="b", interface_version=0x33),
    ),
    Case(
        "bind_transceiver_resp, 4.1.6, with sc_interface_version",
        0x80000009,
        "534d534300 0210 0001 34",
        p.BindTransceiverResp(1, system_id="SMSC", tlvs=(p.Tlv(0x0210, b"\x34"),)),
    ),
    Case("bind_transceiver_resp without a body", 0x80000009, "", p.BindTransceiverResp(1)),
    Case("bind_receiver_resp, 4.1.4", 0x80000001, "5300", p.BindReceiverResp(1, system_id="S")),
    Case("bind_transmitter_resp, 4.1.2", 0x80000002, "5300", p.BindTransmitterResp(1, system_id="S")),
    Case("outbind, 4.1.7", 0x0B, "6100 6200", p.Outbind(1, system_id="a", password="b")),
    Case("unbind, 4.2.1", 0x06, "", p.Unbind(1)),
    Case("unbind_resp, 4.2.2", 0x80000006, "", p.UnbindResp(1)),
    Case("enquire_link, 4.11.1", 0x15, "", p.EnquireLink(1)),
    Case("enquire_link_resp, 4.11.2", 0x80000015, "", p.EnquireLinkResp(1)),
    Case("generic_nack, 4.3.1", 0x80000000, "", p.GenericNack(1)),
    Case(
        "submit_sm, 4.4.1, each field",
        0x04,
        "434d5400 03 00 3331313600 01 01 373931343132333435363700 40 7f 02 323600 3000"
        " 01 00 08 05 04 04110430 0204 0002 002a",
        p.SubmitSm(
            1,
            service_type="CMT",
            source_addr_ton=3,
            source_addr="3116",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="79141234567",
            esm_class=0x40,
            protocol_id=0x7F,
            priority_flag=2,
            schedule_delivery_time="26",
            validity_period="0",
            registered_delivery=1,
            data_coding=8,
            sm_default_msg_id=5,
            short_message="Ба".encode("utf-16-be"),
            tlvs=(p.Tlv(0x0204, b"\x00\x2a"),),
        ),
    ),
    Case("submit_sm_resp, 4.4.2", 0x80000004, "61626300", p.SubmitSmResp(1, message_id="abc")),
    Case("submit_sm_resp without a body", 0x80000004, "", p.SubmitSmResp(1)),
    Case(
        "deliver_sm, 4.6.1",
        0x05,
        "00 01 01 3739313400 03 00 3331313600 00 00 00 00 00 00 00 00 00 09 62616c616e6365203f",
        p.DeliverSm(
            1,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="7914",
            dest_addr_ton=3,
            destination_addr="3116",
            short_message=b"balance ?",
        ),
    ),
    Case(
        "deliver_sm with reserved numbers and unknown TLVs, twice the same tag",
        0x05,
        "00 ff fe 00 aa bb 00 ff ee dd 00 00 cc bb f7 99 00 1400 0001 01 3fff 0000 1400 0001 02",
        p.DeliverSm(
            1,
            source_addr_ton=0xFF,
            source_addr_npi=0xFE,
            dest_addr_ton=0xAA,
            dest_addr_npi=0xBB,
            esm_class=0xFF,
            protocol_id=0xEE,
            priority_flag=0xDD,
            registered_delivery=0xCC,
            replace_if_present_flag=0xBB,
            data_coding=0xF7,
            sm_default_msg_id=0x99,
            tlvs=(p.Tlv(0x1400, b"\x01"), p.Tlv(0x3FFF, b""), p.Tlv(0x1400, b"\x02")),
        ),
    ),
    Case("deliver_sm_resp, 4.6.2", 0x80000005, "00", p.DeliverSmResp(1)),
    Case(
        "data_sm, 4.7.1, its text in message_payload",
        0x103,
        "00 01 01 373900 03 00 3331313600 00 01 08 0424 0002 0434",
        p.DataSm(
            1,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="79",
            dest_addr_ton=3,
            destination_addr="3116",
            registered_delivery=1,
            data_coding=8,
            tlvs=(p.Tlv(0x0424, b"\x04\x34"),),
        ),
    ),
    Case("data_sm_resp, 4.7.2", 0x80000103, "3100", p.DataSmResp(1, message_id="1")),
    Case("query_sm, 4.8.1", 0x03, "3100 03 00 3331313600", p.QuerySm(1, 0, b"", "1", 3, 0, "3116")),
    Case("query_sm_resp, 4.8.2", 0x80000003, "3100 00 02 00", p.QuerySmResp(1, 0, b"", "1", "", 2, 0)),
    Case(
        "alert_notification, 4.12.1",
        0x102,
        "01 01 373900 03 00 3331313600 0422 0001 00",
        p.AlertNotification(1, 0, b"", 1, 1, "79", 3, 0, "3116", (p.Tlv(0x0422, b"\x00"),)),
    ),
    Case("a command of nobody", 0x99, "0102", p.UnknownPdu(1, command=0x99, body=b"\x01\x02")),
    Case("replace_sm, which we do not read", 0x07, "ff", p.UnknownPdu(1, command=7, body=b"\xff")),
]


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


WHOLE = deliver_sm(b"text")

BROKEN = [
    ("an address without its NUL", 5, b"\0\1\1" + b"7" * 40, 0x02),
    ("an empty address, then nothing", 5, b"\0\1\1\0", 0x02),
    ("nothing at all", 5, b"", 0x02),
    ("a submit_sm beyond its frame", 4, WHOLE[16:-1], 0x01),
    ("message_id without its NUL", 0x80000004, b"abc", 0x02),
    ("bind_transceiver_resp with a cut TLV", 0x80000009, b"S\0\x02\x10\x00\x01", 0xC0),
    ("data_sm without a body", 0x103, b"", 0x02),
    ("query_sm_resp without its last octets", 0x80000003, b"1\0\0", 0x02),
]


@pytest.mark.parametrize("name, command, body, answer", BROKEN, ids=[case[0] for case in BROKEN])
def test_a_broken_body_names_the_pdu_to_answer(name: str, command: int, body: bytes, answer: int) -> None:
    octets = frame(command, body, status=8, sequence=77)
    with pytest.raises(BodyError) as caught:
        decode(octets)
    error = caught.value
    assert (error.command, error.status, error.sequence, error.answer) == (command, 8, 77, answer)
    assert error.raw == octets


DATA_SM = b"\0\1\1" + b"79141234567\0" + b"\3\0" + b"3116\0" + bytes((0, 0, 8))
MTS, HI = p.Tlv(0x1403, b"mts"), p.Tlv(0x424, b"hi")
CUT: list[tuple[str, int, bytes, int, bytes, tuple[p.Tlv, ...]]] = [
    ("half a TLV header", 5, WHOLE[16:] + tlv(*MTS) + b"\x02", 0, b"text", (MTS,)),
    ("a TLV beyond the frame", 5, WHOLE[16:] + b"\x14\x01\x00\x05ab", 0x1401, b"text", ()),
    ("a payload beyond the frame", 5, deliver_sm()[16:] + b"\x04\x24\x00\x05ab", 0x424, b"", ()),
    ("short_message beyond the frame", 5, WHOLE[16:-1], 0, b"", ()),
    ("sm_length missing", 5, WHOLE[16:-5], 0, b"", ()),
    ("nothing behind the sender", 5, WHOLE[16:31], 0, b"", ()),
    ("data_sm, a TLV beyond it", 0x103, DATA_SM + tlv(*HI) + b"\0\5\0\1", 5, b"hi", (HI,)),
    ("data_sm without its last octets", 0x103, DATA_SM[:-2], 0, b"", ()),
]  # fmt: skip


@pytest.mark.parametrize("name, command, body, cut, message, tlvs", CUT, ids=[case[0] for case in CUT])
def test_of_a_message_that_is_cut_short_all_is_read_that_is_there(
    name: str, command: int, body: bytes, cut: int, message: bytes, tlvs: tuple[p.Tlv, ...]
) -> None:
    octets = frame(command, body, sequence=77)
    pdu = decode(octets)
    assert isinstance(pdu, p.DeliverSm | p.DataSm)
    assert (pdu.sequence, pdu.source_addr, pdu.raw, command_of(pdu)) == (77, "79141234567", octets, command)
    assert (pdu.cut, pdu.message, pdu.tlvs) == (cut, message, tlvs)


def test_a_message_that_is_whole_is_not_cut() -> None:
    for octets in (deliver_sm(b"a", tlvs=tlv(0x1403, b"")), frame(0x103, DATA_SM + tlv(0x424, b"hi"))):
        pdu = decode(octets)
        assert isinstance(pdu, p.DeliverSm | p.DataSm)
        assert pdu.cut is None


def pdu_or_error(octets: bytes) -> p.Pdu | BodyError:
    try:
        return decode(octets)
    except BodyError as error:
        return error


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=80))
def test_any_body_in_a_good_frame_is_a_pdu_or_a_body_error(command: int, body: bytes) -> None:
    read = pdu_or_error(frame(command, body))
    assert (read.command if isinstance(read, BodyError) else command_of(read)) == command


@given(st.sampled_from(CASES), st.data())
def test_a_frame_cut_short_or_changed_never_breaks_the_codec(case: Case, data: st.DataObject) -> None:
    body = bytearray(bytes.fromhex(case.body))
    if body:
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(body)))
    assert pdu_or_error(frame(case.command, bytes(body[:end]))).sequence == 1


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
