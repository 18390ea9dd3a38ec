"""Card numbers leave no trace; everything else is left as it was typed."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages.masking import mask_cards, mask_phone, mask_phones


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    masked: str


# Numbers of the schemes' public test cards, one a scheme and length.
CARDS = [
    Case("visa 13", "4222222222222", "••••••••••••2222"),
    Case("amex 15", "378282246310005", "••••••••••••0005"),
    Case("mir 16", "2200000000000004", "••••••••••••0004"),
    Case("visa 16", "4111111111111111", "••••••••••••1111"),
    Case("maestro 19", "6304000000000000000", "••••••••••••0000"),
    Case("spaced", "4111 1111 1111 1111", "••••••••••••1111"),
    Case("hyphens", "4111-1111-1111-1111", "••••••••••••1111"),
    Case("dots", "4111.1111.1111.1111", "••••••••••••1111"),
    Case("no-break spaces", "4111\u00a01111\u202f1111\u20091111", "••••••••••••1111"),
    Case("two spaces", "4111  1111  1111  1111", "••••••••••••1111"),
    Case("over two lines", "4111 1111\n1111 1111", "••••••••••••1111"),
    Case("en dashes", "4111–1111–1111–1111", "••••••••••••1111"),
    Case("ends in a short group", "411111 1111111 11 1", "••••••••••••1111"),
    Case("amid words", "карта4111111111111111!", "карта••••••••••••1111!"),
    Case("a sum behind it", "4111111111111111 100", "••••••••••••1111 100"),
    Case("a spaced card and a sum", "4111 1111 1111 1111 500", "••••••••••••1111 500"),
    Case("an account before it", "aliance 100080 4111111111111111", "aliance 100080 ••••••••••••1111"),
    Case("expiry behind it", "4111111111111111 12/26", "••••••••••••1111 12/26"),
    Case("two cards", "4111111111111111 2200000000000004", "••••••••••••1111 ••••••••••••0004"),
    Case("arabic digits", "٤١١١١١١١١١١١١١١١", "••••••••••••١١١١"),
]

KEPT = [
    Case("a top-up", "aliance 100080 100", ""),
    Case("a phone", "+7 914 123-45-67", ""),
    Case("fails luhn", "4111111111111112", ""),
    Case("twelve digits", "411111111111", ""),
    Case("a bank account of twenty digits", "40817810099910004312", ""),
    Case("a date", "2026-04-27 15:00", ""),
    Case("words", "сколько на счёте?", ""),
    Case("nothing", "", ""),
]


@pytest.mark.parametrize("case", CARDS, ids=lambda case: case.name)
def test_a_card_number_is_masked(case: Case) -> None:
    assert mask_cards(case.text) == (case.masked, True)


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.name)
def test_what_is_no_card_number_stays(case: Case) -> None:
    assert mask_cards(case.text) == (case.text, False)


def _luhn_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7812-1, counted another way: by the table of doubled digits."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(doubled[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


@given(
    st.text("0123456789", min_size=12, max_size=18).map(lambda digits: digits + _luhn_digit(digits)),
    st.sampled_from(["", " ", "-", "\u00a0", ". "]),
    st.integers(2, 6),
    st.sampled_from(["", "карта ", "aliance 100080 ", "на 100р: "]),
    st.sampled_from(["", " 100", ", спасибо", " 12/26 123"]),
)
def test_no_card_number_survives_however_it_is_grouped(
    card: str, gap: str, size: int, before: str, after: str
) -> None:
    grouped = gap.join(card[at : at + size] for at in range(0, len(card), size))
    masked, found = mask_cards(before + grouped + after)
    assert found
    assert grouped not in masked


def test_a_phone_shows_its_ends_alone() -> None:
    assert mask_phone("79141234567") == "7914…67"
    assert mask_phone("3116") == "…"


PHONES = [
    Case("as it is stored", "перевод с 79141234567 мой", "перевод с 7914…67 мой"),
    Case("as people write it", "звоните +7 (914) 123-45-67", "звоните +7914…67"),
    Case("in two groups and a sum behind it", "8-914-1234567 100 руб", "8914…67 100 руб"),
    Case("between account and sum", "aliance 100080 79141234567 1 000", "aliance 100080 7914…67 1 000"),
    Case("an account that begins alike", "aliance 891400 50000", "aliance 891400 50000"),
    Case("another one", "aliance 912345 1000", "aliance 912345 1000"),
    Case("with spaces", "8 914 123 45 67", "8914…67"),
    Case("with dots and a plus", "+7.914.123.45.67!", "+7914…67!"),
    Case("without the country", "9141234567", "9141…67"),
    Case("of another country", "992123456789", "9921…89"),
    Case("an account and a sum", "aliance 100080 1 000,50", "aliance 100080 1 000,50"),
    Case("the longest account", "баланс 1234567890", "баланс 1234567890"),
]


@pytest.mark.parametrize("case", PHONES, ids=lambda case: case.name)
def test_phones_in_a_text_show_their_ends_alone(case: Case) -> None:
    assert mask_phones(case.text) == case.masked
