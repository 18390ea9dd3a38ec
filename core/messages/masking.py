"""Card numbers are masked before anything is stored or logged (I12)."""

import re

# Groups of digits as people type them: dots, hyphens, slashes or spaces between, two at most.
_RUN = re.compile(r"\d+(?:[\s.\-\u2010-\u2015_/]{1,2}\d+)*")
_GROUP = re.compile(r"\d+")
LEAST_DIGITS, MOST_DIGITS = 13, 19  # ISO/IEC 7812-1 numbers in circulation
LEAST_PHONE_DIGITS = 11  # accounts have ten at most


def mask_cards(text: str) -> tuple[str, bool]:
    """The text with every Luhn-valid number of 13–19 digits masked, and whether there was one."""
    masked = _RUN.sub(_mask_run, text)
    return masked, masked != text


def mask_phone(msisdn: str) -> str:
    """A phone number as logs and screens may show it: its ends alone."""
    return f"{msisdn[:4]}…{msisdn[-2:]}" if len(msisdn) > 6 else "…"


def mask_phones(text: str) -> str:
    """A text as staff see it who did not ask for whole numbers: its phones show their ends alone."""
    return _RUN.sub(_mask_phone_in, text)


def _mask_phone_in(run: re.Match[str]) -> str:
    digits = "".join(_GROUP.findall(run[0]))
    # As Russian numbers are typed, and whatever is too long to be an account.
    national = (len(digits), digits[:1]) in ((11, "7"), (11, "8"), (10, "9"))
    return mask_phone(digits) if national or _is_long(run[0]) else run[0]


def _is_long(run: str) -> bool:
    return any(len(group) >= LEAST_PHONE_DIGITS for group in _GROUP.findall(run))


def _mask_run(run: re.Match[str]) -> str:
    """Any neighbouring groups may be the card: what follows it is often a date or a sum."""
    text, masked, kept = run[0], "", 0
    groups = [match.span() for match in _GROUP.finditer(text)]
    first = 0
    while first < len(groups):
        last, card = _card_at(text, groups[first : first + MOST_DIGITS])
        if last:
            masked += text[kept : groups[first][0]] + "•" * 12 + card[-4:]
            first += last
            kept = groups[first - 1][1]
        else:
            first += 1
    return masked + text[kept:]


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
