"""Card numbers are masked before anything is stored or logged (I12)."""

import re
from collections.abc import Callable

# Groups of digits as people type them: dots, hyphens, slashes or spaces between, two at most.
_RUN = re.compile(r"\d+(?:[\s.\-\u2010-\u2015_/]{1,2}\d+)*")
_PHONE_RUN = re.compile(r"\d+(?:[\s.\-\u2010-\u2015_/()]{1,3}\d+)*")
_MOBILE = re.compile(r"[78]?9\d{9}")
_GROUP = re.compile(r"\d+")
LEAST_DIGITS, MOST_DIGITS = 13, 19  # ISO/IEC 7812-1 numbers in circulation
LEAST_PHONE_DIGITS = 11  # accounts have ten at most
NO_PART_OF_A_PHONE = (5, 6, 8, 9)  # digits of a group: people write 8 914 123-45-67 or 8 914 1234567

_Find = Callable[[str, list[tuple[int, int]]], tuple[int, str]]  # how many of these groups, and their digits


def mask_cards(text: str) -> tuple[str, bool]:
    """The text with every Luhn-valid number of 13–19 digits masked, and whether there was one."""
    masked = _RUN.sub(_mask_run, text)
    return masked, masked != text


def mask_phone(msisdn: str) -> str:
    """A phone number as logs and screens may show it: its ends alone."""
    return f"{msisdn[:4]}…{msisdn[-2:]}" if len(msisdn) > 6 else "…"


def mask_id(address: str) -> str:
    """A user id of a messenger as screens may show it: its last digits."""
    return f"…{address[-3:]}" if len(address) > 6 else "…"


def mask_phones(text: str) -> str:
    """A text as staff see it who did not ask for whole numbers: its phones show their ends alone."""
    return _PHONE_RUN.sub(lambda run: _mask_in(run[0], _phone_at, mask_phone), text)


def _mask_run(run: re.Match[str]) -> str:
    return _mask_in(run[0], _card_at, lambda card: "•" * 12 + card[-4:])


def _mask_in(text: str, find: _Find, show: Callable[[str], str]) -> str:
    """Any neighbouring groups may be the number: what follows it is often a date or a sum."""
    masked, kept = "", 0
    groups = [match.span() for match in _GROUP.finditer(text)]
    first = 0
    while first < len(groups):
        last, number = find(text, groups[first : first + MOST_DIGITS])
        if last:
            masked += text[kept : groups[first][0]] + show(number)
            first += last
            kept = groups[first - 1][1]
        else:
            first += 1
    return masked + text[kept:]


def _phone_at(text: str, groups: list[tuple[int, int]]) -> tuple[int, str]:
    """The groups, from the first on, that are a phone."""
    digits = ""
    for count, (start, end) in enumerate(groups, 1):
        digits += text[start:end]
        if (count == 1 and len(digits) >= LEAST_PHONE_DIGITS) or _MOBILE.fullmatch(digits):
            return count, digits
        if end - start in NO_PART_OF_A_PHONE:
            break
    return 0, ""


def _card_at(text: str, groups: list[tuple[int, int]]) -> tuple[int, str]:
    """How many of the groups, from the first on, are a card number, and its digits; the longest such."""
    digits, found = "", (0, "")
    for count, (start, end) in enumerate(groups, 1):
        digits += text[start:end]
        if len(digits) > MOST_DIGITS:
            break
        if len(digits) >= LEAST_DIGITS and _passes_luhn(digits):
            found = count, digits
    return found


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
