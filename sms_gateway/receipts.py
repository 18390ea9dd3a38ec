"""Delivery receipts in the shapes that SMSCs give them: a receipt is never taken for a subscriber's text."""

from __future__ import annotations

import re
from typing import NamedTuple

from sms_gateway.smpp.pdu import (
    ESM_CLASS_TYPE,
    TAG_MESSAGE_STATE,
    TAG_RECEIPTED_MESSAGE_ID,
    DataSm,
    DeliverSm,
)
from sms_gateway.texts import text_of

_STATES = {  # SMPP 3.4, 5.2.28
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
    5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
# By their first letters: DELIVERED, UNDELIVERABLE and the like are written out by some.
_FINAL = ("DELIV", "EXPIR", "DELET", "UNDEL", "UNKNO", "REJEC", "FAIL")

_ID = re.compile(r"\bid:\s*([^\s:]+)(?=\s|$)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*([a-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)
_DATES_OR_COUNTS = re.compile(r"\b(?:sub|dlvrd|submit ?date|done ?date|err):", re.IGNORECASE)
_OWN_TEXT = re.compile(r"\btext:", re.IGNORECASE)


class Receipt(NamedTuple):
    """`ids` are the ways to read the message id, the likeliest first; empty where there is none."""

    ids: tuple[str, ...]
    state: str
    error: str

    @property
    def final(self) -> bool:
        return self.state.startswith(_FINAL)

    @property
    def delivered(self) -> bool:
        return self.state.startswith("DELIV")


def receipt_of(pdu: DeliverSm | DataSm) -> Receipt | None:
    """The receipt that a message is by its esm_class, its TLVs or its text; None for a subscriber's text."""
    tlv_id = (pdu.tlv(TAG_RECEIPTED_MESSAGE_ID) or b"").rstrip(b"\0").decode("latin-1")
    text = _receipt_text(pdu)
    if not (pdu.esm_class & ESM_CLASS_TYPE or tlv_id or _reads_as_receipt(text)):
        return None
    found = _ID.search(text)
    state, error = _STATE.search(text), _ERROR.search(text)
    tlv_state = _STATES.get(int.from_bytes(pdu.tlv(TAG_MESSAGE_STATE) or b"", "big"))
    return Receipt(
        ids=_readings(tlv_id, found[1] if found else ""),
        state=tlv_state or (state[1].upper() if state else ""),
        error=error[1] if error else "",
    )


def _receipt_text(pdu: DeliverSm | DataSm) -> str:
    # The text that was sent may follow, and may hold anything.
    octets = pdu.message
    text = text_of(octets, pdu.data_coding) or octets.decode("latin-1")
    return _OWN_TEXT.split(text, maxsplit=1)[0]


def _reads_as_receipt(text: str) -> bool:
    return bool(_ID.search(text) and _STATE.search(text) and _DATES_OR_COUNTS.search(text))


def _readings(*ids: str) -> tuple[str, ...]:
    """An id as it is, then as the same number written in the other base: SMSCs mix hex and decimal."""
    given = [each for each in ids if each]
    others: list[str] = []
    for each in given:
        if re.fullmatch(r"[0-9]{1,32}", each):
            others += (f"{int(each):x}", f"{int(each):X}", str(int(each)))
        if re.fullmatch(r"[0-9a-fA-F]{1,32}", each):
            others += (str(int(each, 16)), each.lower(), each.upper())
    return tuple(dict.fromkeys(given + others))
