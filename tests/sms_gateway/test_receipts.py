"""Receipts as SMSCs write them, and texts that are none."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from core.messages.sms_trials import known_as, readings
from sms_gateway.receipts import receipt_of, sms_state_of
from sms_gateway.smpp.pdu import DataSm, DeliverSm, Tlv

STANDARD = (
    "id:0123456789 sub:001 dlvrd:001 submit date:2604271500 done date:2604271501 "
    "stat:DELIVRD err:000 text:Hello"
)


class Case(NamedTuple):
    name: str
    pdu: DeliverSm | DataSm
    first_id: str
    state: str
    error: str


def state_tlv(state: int) -> Tlv:
    return Tlv(0x0427, bytes((state,)))


def text(said: str, esm_class: int = 4) -> DeliverSm:
    return DeliverSm(esm_class=esm_class, short_message=said.encode())


CASES = [
    Case("the standard's", text(STANDARD), "0123456789", "DELIVRD", "000"),
    Case("with esm_class 0", text(STANDARD, 0), "0123456789", "DELIVRD", "000"),
    Case(
        "without the space after submit date",
        text("id:7 sub:001 dlvrd:001 submitdate:0000000000done date:0000000000 stat:UNDELIV err:0C1", 0),
        "7", "UNDELIV", "0C1",
    ),
    Case("no counts", text("id:ab-1 done date:0 stat:EXPIRED err:1", 0), "ab-1", "EXPIRED", "1"),
    Case("lower case", text("ID:5 Stat:delivered err:0", 0), "5", "DELIVERED", "0"),
    Case("written out", text("id:5 stat:UNDELIVERABLE err:7"), "5", "UNDELIVERABLE", "7"),
    Case("on its way", text("id:5 stat:ACCEPTD err:0"), "5", "ACCEPTD", "0"),
    Case("an intermediate notification", text("id:5 stat:ENROUTE", 0x20), "5", "ENROUTE", ""),
    Case(
        "TLVs alone",
        DeliverSm(esm_class=4, tlvs=(Tlv(0x001E, b"1A2b\0"), state_tlv(2))),
        "1A2b", "DELIVRD", "",
    ),
    Case(
        "TLVs alone with esm_class 0",
        DeliverSm(tlvs=(Tlv(0x001E, b"9\0"), state_tlv(8))),
        "9", "REJECTD", "",
    ),
    Case(
        "TLVs before the text's words",
        DeliverSm(esm_class=4, short_message=b"id:1 stat:EXPIRED", tlvs=(Tlv(0x001E, b"2"), state_tlv(2))),
        "2", "DELIVRD", "",
    ),
    Case(
        "in UCS-2",
        DeliverSm(esm_class=4, data_coding=8, short_message="id:3 stat:DELETED".encode("utf-16-be")),
        "3", "DELETED", "",
    ),
    Case(
        "by data_sm",
        DataSm(esm_class=4, tlvs=(Tlv(0x001E, b"8"), state_tlv(5))),
        "8", "UNDELIV", "",
    ),
    Case(
        "without an id, with esm_class 0",
        text("sub:001 submit date:2604271500 done date:2604271501 stat:DELIVRD err:000 text:id:7", 0),
        "", "DELIVRD", "000",
    ),
    Case("a state in a TLV alone", DeliverSm(tlvs=(state_tlv(3),)), "", "EXPIRED", ""),
    Case("a phone's that tells of a state", text("id:5 stat:DELIVRD", 8), "5", "DELIVRD", ""),
    Case("a phone's in TLVs", DeliverSm(esm_class=0x10, tlvs=(state_tlv(2),)), "", "DELIVRD", ""),
    Case(
        "the text that was sent lies",
        text("id:4 sub:001 stat:UNDELIV err:1 text:id:9 stat:DELIVRD"),
        "4", "UNDELIV", "1",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_receipt_is_read(case: Case) -> None:
    receipt = receipt_of(case.pdu)
    assert receipt is not None
    assert receipt.ids[:1] == ((case.first_id,) if case.first_id else ())
    assert (receipt.state, receipt.error) == (case.state, case.error)


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(esm_class=4),
        DeliverSm(esm_class=4, short_message="да".encode("utf-16-be"), data_coding=8),
        DeliverSm(esm_class=0x20, short_message=b"yes"),
        DeliverSm(esm_class=4, short_message=b"\xff\xfe"),
        DeliverSm(esm_class=4, cut=0),
    ],
)
def test_an_unreadable_receipt_is_still_a_receipt(pdu: DeliverSm) -> None:
    receipt = receipt_of(pdu)
    assert receipt is not None
    assert receipt.state == ""
    assert receipt.ids == ()


@pytest.mark.parametrize("kind", [0x08, 0x10, 0x18, 0x24, 0x3C])
@pytest.mark.parametrize(
    "said, tlvs",
    [("yes", ()), ("id:7", ()), ("stat:fine", ()), ("yes", (Tlv(0x001E, b"7"),)), ("yes", (state_tlv(2),))],
)
def test_what_a_person_answers_by_their_phone_is_no_receipt(
    kind: int, said: str, tlvs: tuple[Tlv, ...]
) -> None:
    assert receipt_of(DeliverSm(esm_class=kind, short_message=said.encode(), tlvs=tlvs)) is None


@pytest.mark.parametrize(
    "said",
    [
        "aliance 100080 100",
        "da",
        "",
        "id:7",
        "stat:DELIVRD",
        "my id:7 and stat:fine",
        "stat:DELIVRD, on the submit date: today",
        "text:id:1 stat:DELIVRD err:0",
    ],
)
def test_a_subscribers_text_is_no_receipt(said: str) -> None:
    assert receipt_of(text(said, 0)) is None
    assert receipt_of(text(said, 0x40)) is None


def test_an_id_of_the_tlv_and_one_of_the_text_are_both_kept() -> None:
    pdu = DeliverSm(esm_class=4, short_message=b"id:12345 stat:DELIVRD err:0", tlvs=(Tlv(0x001E, b"3039"),))
    receipt = receipt_of(pdu)
    assert receipt is not None
    assert receipt.ids == ("3039", "12345")


@pytest.mark.parametrize(
    "given, stored", [("12345", "3039"), ("3039", "12345"), ("1a2b", "6699"), ("6699", "1a2b"), ("7", None)]
)
def test_an_id_is_read_in_the_other_base_too(given: str, stored: str | None) -> None:
    assert (stored in readings(given)) if stored else (readings(given) == [])


@pytest.mark.parametrize(
    "given, key", [("0000003039", "3039"), ("1A2B", "1a2b"), (" a-7 ", "a-7"), ("000", "0"), ("", "")]
)
def test_an_id_is_looked_for_without_what_smscs_change_of_it(given: str, key: str) -> None:
    assert known_as(given) == key


def test_an_id_that_is_no_number_has_one_reading() -> None:
    assert readings("a-7") == []


@pytest.mark.parametrize(
    "source, destination, phone",
    [
        ("79141234567", "3116", "79141234567"),
        ("+79141234567", "3116", "79141234567"),
        ("89141234567", "3116", "79141234567"),
        ("3116", "79141234567", "79141234567"),
        ("Aliance", "3116", ""),
    ],
)
def test_a_receipt_tells_whose_message_it_was(source: str, destination: str, phone: str) -> None:
    receipt = receipt_of(DeliverSm(source_addr=source, destination_addr=destination, esm_class=4))
    assert receipt is not None
    assert receipt.phone == phone


@pytest.mark.parametrize(
    "said, state",
    [
        ("DELIVRD", "delivered"),
        ("DELIVERED", "delivered"),
        ("UNDELIV", "failed"),
        ("REJECTD", "failed"),
        ("DELETED", "failed"),
        ("EXPIRED", "expired"),
        ("UNKNOWN", "unknown"),
        ("ACCEPTD", "sent"),
        ("BUFFRD", "sent"),
        ("", None),
    ],
)
def test_a_state_is_understood_however_it_is_written(said: str, state: str | None) -> None:
    assert sms_state_of(said) == state


def test_the_networks_own_error_is_told_where_the_text_has_none() -> None:
    receipt = receipt_of(
        DeliverSm(esm_class=4, tlvs=(Tlv(0x001E, b"7"), state_tlv(5), Tlv(0x0423, b"\3\0\x0b")))
    )
    assert receipt is not None
    assert receipt.error == "11"
