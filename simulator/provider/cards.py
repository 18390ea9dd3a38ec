"""Cards of the sandbox: what is a card, and which test number does what."""

import re
from datetime import date

DEFAULT_TEST_CARD = "4276850000037173"

# Numbers with an outcome of their own; any other number that passes the Luhn check pays.
DECLINES = {
    "4276850000000015": "insufficient_funds",
    "4276850000000023": "card_expired",
    "4276850000000031": "authentication_failed",
}
PENDING_CARD = "4276850000000049"

LONGEST_VALIDITY_YEARS = 20


def digits_of(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def is_card_number(number: str) -> bool:
    """13 to 19 ASCII digits whose Luhn sum (ISO/IEC 7812-1 annex B) is a multiple of ten."""
    if not re.fullmatch(r"[0-9]{13,19}", number):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def mask(number: str) -> str:
    return f"{number[:4]} {number[4:6]} xxxx {number[-4:]}"


def expiry(text: str) -> tuple[int, int] | None:
    """ "MM/YY" as (year, month); None when it is not a month."""
    found = re.fullmatch(r"(0[1-9]|1[0-2])\s*/?\s*([0-9]{2})", text.strip())
    return (2000 + int(found[2]), int(found[1])) if found else None


def is_valid_on(expires: tuple[int, int], today: date) -> bool:
    """A card is good to the end of its month."""
    return (today.year, today.month) <= expires <= (today.year + LONGEST_VALIDITY_YEARS, 12)
