"""PDU octets that are broken, cut short or strange: what is read of them, and what is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.smpp import pdu as p
from sms_gateway.smpp.codec import BodyError, command_of, decode
from tests.sms_gateway.octets import deliver_sm, frame, tlv
from tests.sms_gateway.pdu_cases import CASES, Case

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
