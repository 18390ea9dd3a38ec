"""Who sent a short message, in one form however the SMSC writes it."""

from __future__ import annotations

from sms_gateway.smpp.pdu import DataSm, DeliverSm

MOST_SENDER_LETTERS = 32  # what the inbox keeps; E.164 has 15 digits, alphanumeric senders 11 letters
TON_NATIONAL = 2


def sender_of(pdu: DeliverSm | DataSm) -> str:
    """The sender in E.164 digits without "+", where it is a phone number; else as it came."""
    return msisdn(pdu.source_addr, national=pdu.source_addr_ton == TON_NATIONAL)


def msisdn(address: str, *, national: bool = False) -> str:
    """The same of an address alone; `national`: whoever hands it in says so."""
    address = address.strip()
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return address[:MOST_SENDER_LETTERS]
    # Russian numbers come in national form too: 8 and ten digits, or the ten alone. Countries of Asia have
    # numbers of eleven digits that begin with 8; none of them begins with 89, as Russian phones do.
    if len(digits) == 11 and digits.startswith("8" if national else "89") and not address.startswith("+"):
        return f"7{digits[1:]}"
    if len(digits) == 10 and national:
        return f"7{digits}"
    return digits[:MOST_SENDER_LETTERS]
