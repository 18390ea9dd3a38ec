"""The addresses of short messages as the product knows them: E.164 digits without "+"."""

from __future__ import annotations

MOST_ADDRESS_LETTERS = 32  # what the inbox keeps; E.164 has 15 digits, alphanumeric senders 11 letters


def msisdn(address: str, *, national: bool = False) -> str:
    """The digits of a phone number; an alphanumeric address as it came. `national`: the SMSC says so."""
    address = address.strip()
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return address[:MOST_ADDRESS_LETTERS]
    # Russian numbers come in national form too: 8 and ten digits, or the ten alone.
    if len(digits) == 11 and digits.startswith("8") and not address.startswith("+"):
        return f"7{digits[1:]}"
    if len(digits) == 10 and national:
        return f"7{digits}"
    return digits[:MOST_ADDRESS_LETTERS]
