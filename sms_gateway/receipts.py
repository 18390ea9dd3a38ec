"""Delivery receipts in the shapes that SMSCs give them: a receipt is never taken for a subscriber's text."""

from __future__ import annotations

import re
from typing import NamedTuple

from core.sms_states import SmsState
from sms_gateway.senders import sender_of
from sms_gateway.smpp.pdu import (
    ESM_CLASS_INTERMEDIATE,
    ESM_CLASS_RECEIPT,
    ESM_CLASS_TYPE,
    TAG_MESSAGE_STATE,
    TAG_NETWORK_ERROR,
    TAG_RECEIPTED_MESSAGE_ID,
    DataSm,
    DeliverSm,
)
from sms_gateway.texts import text_of

STATES = {  # SMPP 3.4, 5.2.28
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
    5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
# By their first letters: DELIVERED, UNDELIVERABLE and the like are written out by some.
_ENDS = {
    "DELIV": SmsState.DELIVERED, "EXPIR": SmsState.EXPIRED, "UNKNO": SmsState.UNKNOWN,
    "DELET": SmsState.FAILED, "UNDEL": SmsState.FAILED, "REJEC": SmsState.FAILED,
    "FAIL": SmsState.FAILED, "SKIPP": SmsState.FAILED,
}  # fmt: skip
RECEIPT_TYPES = frozenset({ESM_CLASS_RECEIPT, ESM_CLASS_INTERMEDIATE})
PHONE_SHORTEST = 10  # digits
NETWORK_ERROR_OCTETS = 3  # a network type and its error (5.3.2.31)

_ID = re.compile(r"\bid:\s*([^\s:]+)(?=\s|$)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*([a-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)
_DATES_OR_COUNTS = re.compile(r"\b(?:sub|dlvrd|submit ?date|done ?date|err):", re.IGNORECASE)
_DATES = re.compile(r"\bsubmit ?date:.*\bdone ?date:", re.IGNORECASE | re.DOTALL)
_OWN_TEXT = re.compile(r"\btext:", re.IGNORECASE)


class Receipt(NamedTuple):
    """`ids` are the names that it has for its message, the likeliest first; empty where there is none."""

    ids: tuple[str, ...]
    state: str
    error: str
    phone: str = ""  # whose message it was, where that is told


def sms_state_of(said: str) -> SmsState | None:
    """What a receipt's state means; `sent` on the way, None where nothing is said."""
    ends = [state for letters, state in _ENDS.items() if said.startswith(letters)]
    return ends[0] if ends else SmsState.SENT if said else None


def receipt_of(pdu: DeliverSm | DataSm) -> Receipt | None:
    """The receipt that a message is by its esm_class, its TLVs or its text; None for a subscriber's text.

    A phone's acknowledgement (esm_class 0x08, 0x10) is what a person answers, unless it tells of a state.
    """
    text = _receipt_text(pdu)
    kind = pdu.esm_class & ESM_CLASS_TYPE
    if not (kind or pdu.tlvs or "stat:" in text.lower()):
        return None  # as most messages are
    tlv_id = (pdu.tlv(TAG_RECEIPTED_MESSAGE_ID) or b"").partition(b"\0")[0].decode("latin-1")
    tlv_state = STATES.get(int.from_bytes(pdu.tlv(TAG_MESSAGE_STATE) or b"", "big"))
    found, said = _ID.search(text), _STATE.search(text)
    named = (tlv_id, found[1] if found else "")
    receipt = Receipt(
        ids=tuple(dict.fromkeys(each for each in named if each)),
        state=tlv_state or (said[1].upper() if said else ""),
        error=_error(pdu, text),
        phone=phone_of(pdu),
    )
    if kind in RECEIPT_TYPES or (said and _reads_as_receipt(text)):
        return receipt
    if kind:
        tells = bool(receipt.state and (receipt.ids or not pdu.message))
    else:
        tells = bool(tlv_id or (tlv_state and not pdu.message))
    return receipt if tells else None


def phone_of(pdu: DeliverSm | DataSm) -> str:
    """The phone that a receipt tells of: its sender, or its receiver where an SMSC has them swapped."""
    sender, receiver = sender_of(pdu), pdu.destination_addr.strip().removeprefix("+")
    phones = [each for each in (sender, receiver) if each.isascii() and each.isdecimal()]
    return next((each for each in phones if len(each) >= PHONE_SHORTEST), "")


def _error(pdu: DeliverSm | DataSm, text: str) -> str:
    said = _ERROR.search(text)
    if said:
        return said[1]
    network = pdu.tlv(TAG_NETWORK_ERROR) or b""
    if len(network) != NETWORK_ERROR_OCTETS:
        return ""
    return str(int.from_bytes(network[1:], "big"))


def _receipt_text(pdu: DeliverSm | DataSm) -> str:
    # The text that was sent may follow, and may hold anything.
    octets = pdu.message
    text = text_of(octets, pdu.data_coding) or octets.decode("latin-1").replace("\0", " ")
    return _OWN_TEXT.split(text, maxsplit=1)[0]


def _reads_as_receipt(text: str) -> bool:
    """Of a text that tells of a state."""
    return bool(_DATES.search(text) or (_ID.search(text) and _DATES_OR_COUNTS.search(text)))
