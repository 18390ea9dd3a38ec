"""What stands behind a text or a message_payload may be its end: such a text is not read as a whole one."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from core.wiring import Core
from sms_gateway.all_said import is_all_said
from sms_gateway.smpp.codec import decode
from sms_gateway.smpp.pdu import DataSm, DeliverSm
from tests.core.scenes import ON_SQLITE
from tests.sms_gateway.octets import data_sm, deliver_sm, tlv
from tests.sms_gateway.receive_scenes import OK, open_door

PAYLOAD, REFERENCE, VENDORS = 0x424, tlv(0x204, b"\0\1"), tlv(0x1403, b"mts")


def ucs2(said: str) -> bytes:
    return said.encode("utf-16-be")


def read(octets: bytes) -> DeliverSm | DataSm:
    pdu = decode(octets)
    assert isinstance(pdu, DeliverSm | DataSm)
    return pdu


YES = ucs2("да")


@pytest.mark.parametrize("make", [data_sm, lambda tlvs, **said: deliver_sm(tlvs=tlvs, **said)])
@pytest.mark.parametrize(
    "said, behind, coding",
    [
        (YES, ucs2(", но потом"), 8),
        (YES, ucs2(", но только завтра"), 8),
        (ucs2("aliance 100080 100"), ucs2("0 рублей"), 8),
        (b"aliance 100080 100", b"000", 0),
        (b"aliance 100080 100", b"000 rub", 0),
        (YES, tlv(PAYLOAD, ucs2("да, но потом")), 8),
    ],
    ids=["words", "words that read as a TLV", "a sum", "digits", "digits and words", "another payload"],
)
def test_a_payload_with_more_behind_it_is_not_all(
    make: object, said: bytes, behind: bytes, coding: int
) -> None:
    assert callable(make)
    for before in (b"", REFERENCE + VENDORS):
        assert not is_all_said(read(make(before + tlv(PAYLOAD, said) + behind, data_coding=coding)))


@pytest.mark.parametrize("make", [data_sm, lambda tlvs, **said: deliver_sm(tlvs=tlvs, **said)])
@pytest.mark.parametrize(
    "before, behind",
    [
        (b"", b""),
        (b"", REFERENCE + VENDORS),
        (b"", VENDORS),
        (REFERENCE + VENDORS, b""),
        (VENDORS, REFERENCE),
        (tlv(0x4001, b"25001"), VENDORS),
        (b"", tlv(0x0E, b"\1") + tlv(0x06, b"\1")),
        (b"", b"\0\0\0"),
        (b"", VENDORS + b"\x14\x04\0\x09m"),
        (b"", b"\x02\x04\0\2\1"),
    ],
    ids=["alone", "first", "before a vendor's", "last", "between", "behind one of nobody", "of data_sm",
         "filled up", "a cut one at the end", "a cut one of the standard"],
)  # fmt: skip
def test_a_payload_among_whole_tlvs_is_all(make: object, before: bytes, behind: bytes) -> None:
    assert callable(make)
    pdu = read(make(before + tlv(PAYLOAD, YES) + behind, data_coding=8))
    assert pdu.message == YES
    assert is_all_said(pdu)


@pytest.mark.parametrize(
    "said",
    [
        "aliance 100080 1000 \U0001f44d спасибо больш",
        "aliance 100080 1000 ❤ спасибо большое",
        "альянс 100080 500 С \U0001f44d уважением!!!",
        "aliance 100080 1000 рублей спасибо бол",
    ],
)
def test_a_length_in_characters_cuts_no_text_whatever_letters_stand_behind_it(said: str) -> None:
    octets = ucs2(said)
    half = len(octets) // 4 * 2
    assert not is_all_said(read(deliver_sm(octets[:half], tlvs=octets[half:], data_coding=8)))


@pytest.mark.parametrize("tag", [0x0D, 0x30, *range(0x420, 0x424), *range(0x425, 0x429)])
def test_short_tlvs_of_the_standard_are_tlvs_though_their_tags_are_letters(tag: int) -> None:
    for octets, is_one in ((1, True), (3, True), (9, False), (32, False)):
        pdu = read(deliver_sm(YES, tlvs=tlv(tag, b"\xd8" * octets), data_coding=8))
        assert is_all_said(pdu) == is_one


@pytest.mark.parametrize("tag", [0x600, 0x613, 0x1403])
def test_tlvs_of_the_standard_and_of_vendors_are_tlvs(tag: int) -> None:
    assert is_all_said(read(deliver_sm(YES, tlvs=tlv(tag, b"x" * 40), data_coding=8)))


def test_a_sign_with_letters_of_its_page_behind_it_is_no_vendors_tlv() -> None:
    for end in (ucs2("№ " * 16), ucs2("… да" * 8)):
        assert not is_all_said(read(deliver_sm(YES, tlvs=b"\x20\x13" + b"\0\x20" + end[:32], data_coding=8)))


@ON_SQLITE
async def test_the_log_has_the_tag_for_which_a_text_was_not_read(core: Core) -> None:
    async with open_door(core) as door:
        with capture_logs() as said:
            assert await door.take(read(deliver_sm(b"aliance 100080 100", tlvs=tlv(0x4001, b"25001")))) == [
                OK
            ]
    assert said == [
        {"event": "text not read for the tlv behind it", "log_level": "info", "smsc": "smsc", "tag": "0x4001"}
    ]
