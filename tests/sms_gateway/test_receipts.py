"""Receipts as SMSCs write them, and texts that are none."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from sms_gateway.receipts import receipt_of
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
    final: bool
    delivered: bool


def state_tlv(state: int) -> Tlv:
    return Tlv(0x0427, bytes((state,)))


def text(said: str, esm_class: int = 4) -> DeliverSm:
    return DeliverSm(esm_class=esm_class, short_message=said.encode())


CASES = [
    Case("the standard's", text(STANDARD), "0123456789", "DELIVRD", "000", True, True),
    Case("with esm_class 0", text(STANDARD, 0), "0123456789", "DELIVRD", "000", True, True),
    Case(
        "without the space after submit date",
        text("id:7 sub:001 dlvrd:001 submitdate:0000000000done date:0000000000 stat:UNDELIV err:0C1", 0),
        "7", "UNDELIV", "0C1", True, False,
    ),
    Case("no counts", text("id:ab-1 done date:0 stat:EXPIRED err:1", 0), "ab-1", "EXPIRED", "1", True, False),
    Case("lower case", text("ID:5 Stat:delivered err:0", 0), "5", "DELIVERED", "0", True, True),
    Case("written out", text("id:5 stat:UNDELIVERABLE err:7"), "5", "UNDELIVERABLE", "7", True, False),
    Case("on its way", text("id:5 stat:ACCEPTD err:0"), "5", "ACCEPTD", "0", False, False),
    Case("an intermediate notification", text("id:5 stat:ENROUTE", 0x20), "5", "ENROUTE", "", False, False),
    Case(
        "TLVs alone",
        DeliverSm(esm_class=4, tlvs=(Tlv(0x001E, b"1A2b\0"), state_tlv(2))),
        "1A2b", "DELIVRD", "", True, True,
    ),
    Case(
        "TLVs alone with esm_class 0",
        DeliverSm(tlvs=(Tlv(0x001E, b"9\0"), state_tlv(8))),
        "9", "REJECTD", "", True, False,
    ),
    Case(
        "TLVs before the text's words",
        DeliverSm(esm_class=4, short_message=b"id:1 stat:EXPIRED", tlvs=(Tlv(0x001E, b"2"), state_tlv(2))),
        "2", "DELIVRD", "", True, True,
    ),
    Case(
        "in UCS-2",
        DeliverSm(esm_class=4, data_coding=8, short_message="id:3 stat:DELETED".encode("utf-16-be")),
        "3", "DELETED", "", True, False,
    ),
    Case(
        "by data_sm",
        DataSm(esm_class=4, tlvs=(Tlv(0x001E, b"8"), state_tlv(5))),
        "8", "UNDELIV", "", True, False,
    ),
    Case(
        "the text that was sent lies",
        text("id:4 sub:001 stat:UNDELIV err:1 text:id:9 stat:DELIVRD"),
        "4", "UNDELIV", "1", True, False,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_receipt_is_read(case: Case) -> None:
    receipt = receipt_of(case.pdu)
    assert receipt is not None
    assert receipt.ids[0] == case.first_id
    assert (receipt.state, receipt.error) == (case.state, case.error)
    assert (receipt.final, receipt.delivered) == (case.final, case.delivered)


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(esm_class=4),
        DeliverSm(esm_class=4, short_message="да".encode("utf-16-be"), data_coding=8),
        DeliverSm(esm_class=8, short_message=b"yes"),
        DeliverSm(esm_class=4, short_message=b"\xff\xfe"),
    ],
)
def test_an_unreadable_receipt_is_still_a_receipt(pdu: DeliverSm) -> None:
    receipt = receipt_of(pdu)
    assert receipt is not None
    assert not receipt.final
    assert receipt.ids == ()


@pytest.mark.parametrize(
    "said",
    [
        "aliance 100080 100",
        "da",
        "",
        "id:7",
        "stat:DELIVRD",
        "my id:7 and stat:fine",
        "text:id:1 stat:DELIVRD err:0",
    ],
)
def test_a_subscribers_text_is_no_receipt(said: str) -> None:
    assert receipt_of(text(said, 0)) is None
    assert receipt_of(text(said, 0x40)) is None


@pytest.mark.parametrize(
    "given, stored",
    [
        ("12345", "3039"),
        ("3039", "12345"),
        ("0000003039", "12345"),
        ("1A2B", "6699"),
        ("1A2B", "1a2b"),
        ("007", "7"),
    ],
)
def test_an_id_is_found_in_the_other_base_too(given: str, stored: str) -> None:
    receipt = receipt_of(text(f"id:{given} stat:DELIVRD err:0"))
    assert receipt is not None
    assert receipt.ids[0] == given
    assert stored in receipt.ids


def test_an_id_that_is_no_number_has_one_reading() -> None:
    receipt = receipt_of(text("id:a-7 stat:DELIVRD err:0"))
    assert receipt is not None
    assert receipt.ids == ("a-7",)
