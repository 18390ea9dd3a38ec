"""Card numbers are masked before anything is stored or logged (I12)."""

import re

# 13–19 digits, as people type them: with spaces, NBSP or hyphens between.
_DIGITS = re.compile(r"(?<!\d)\d(?:[ \u00a0\u2009\u202f-]?\d){12,18}(?!\d)")


def mask_cards(text: str) -> tuple[str, bool]:
    """The text with every Luhn-valid run of 13–19 digits masked, and whether there was one."""
    masked = _DIGITS.sub(_mask, text)
    return masked, masked != text


def mask_phone(msisdn: str) -> str:
    """A phone number as logs and screens may show it: its ends alone."""
    return f"{msisdn[:4]}…{msisdn[-2:]}" if len(msisdn) > 6 else "…"


def _mask(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "•" * 12 + digits[-4:] if _passes_luhn(digits) else match[0]


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
