"""Whether a message's text is all of it: its length may be wrong, and its end be taken for TLVs."""

from __future__ import annotations

from collections.abc import Sequence

from sms_gateway.smpp.pdu import (
    TAG_MESSAGE_PAYLOAD,
    TAG_SAR_NUMBER,
    TAG_SAR_REFERENCE,
    TAG_SAR_TOTAL,
    DataSm,
    DeliverSm,
    Tlv,
)

SAR_TAGS = frozenset({TAG_SAR_REFERENCE, TAG_SAR_TOTAL, TAG_SAR_NUMBER})
# What the standard has behind a text (4.6.1), but for 0x04xx: these are Cyrillic letters too.
BEHIND_A_TEXT = SAR_TAGS | {0x19, 0x1E, *range(0x201, 0x206), 0x20A, 0x20B, 0x20D, 0x381, 0x1383}
# All that SMPP 3.4 (5.3.2) and 5.0 (4.8.1) have.
OF_THE_STANDARD = BEHIND_A_TEXT | {
    *range(0x05, 0x09), *range(0x0D, 0x11), 0x17, 0x1D, 0x30, 0x210, *range(0x302, 0x305),
    *range(0x420, 0x429), 0x501, *range(0x600, 0x614), 0x1201, 0x1203, 0x1204, 0x130C, 0x1380,
}  # fmt: skip
OF_VENDORS = range(0x1400, 0x4000)
# The tags that stand in texts too: of the standard a new line, a digit and letters, each TLV of a few octets;
SHORT_LETTERS = frozenset({0x0D, 0x30, *range(0x420, 0x429)}) - {TAG_MESSAGE_PAYLOAD}
SIGNS = range(0x2000, 0x3000)  # of vendors dashes and signs
LETTERS_FROM, LINES = 0x20, frozenset({0x09, 0x0A, 0x0D})  # as a length: no letter has a lower number
PAGES = frozenset({0x00, 0x04, 0x20, 0x21})  # of UCS-2, where the letters of nearly all texts are


def is_all_said(pdu: DeliverSm | DataSm) -> bool:
    """False where what stands behind the text, or what was cut, may be of the text; it may have said more."""
    if pdu.cut is not None:
        tags = {each.tag for each in pdu.tlvs}
        part_of_many = SAR_TAGS & (tags | {pdu.cut}) and not tags >= SAR_TAGS
        if part_of_many or not pdu.message or pdu.cut in (0, TAG_MESSAGE_PAYLOAD):
            return False
    if any(tag == TAG_MESSAGE_PAYLOAD and value not in (b"", pdu.message) for tag, value in pdu.tlvs):
        return False
    behind = _behind_the_text(pdu)
    if not behind:
        return pdu.cut is None or pdu.cut in BEHIND_A_TEXT
    return _is_one(behind[0])


def tag_behind(pdu: DeliverSm | DataSm) -> int | None:
    """Of the whole TLV that stands directly behind the text; for the log."""
    behind = _behind_the_text(pdu)
    return behind[0].tag if behind else None


def _behind_the_text(pdu: DeliverSm | DataSm) -> Sequence[Tlv]:
    if isinstance(pdu, DeliverSm) and pdu.short_message:
        return pdu.tlvs
    tags = [each.tag for each in pdu.tlvs]
    return pdu.tlvs[tags.index(TAG_MESSAGE_PAYLOAD) + 1 :] if TAG_MESSAGE_PAYLOAD in tags else ()


def _is_one(behind: Tlv) -> bool:
    """Whether what stands directly behind a text is a TLV, and not the text's own end that reads as one."""
    tag, value = behind
    if tag not in OF_THE_STANDARD and tag not in OF_VENDORS:
        return False
    reads_on = len(value) >= LETTERS_FROM or len(value) in LINES
    if tag in SHORT_LETTERS:
        return not reads_on
    return not (tag in SIGNS and reads_on and PAGES.issuperset(value[::2]))
