"""Money: exact kopecks, and nothing that looks like them is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import ZERO, Money

amounts = st.integers(-(10**12), 10**12).map(Money)


@pytest.mark.parametrize(
    "text, kopecks",
    [("890", 890_00), ("890.5", 890_50), ("19.26", 19_26), ("0.01", 1), ("-4.07", -4_07), ("0", 0)],
)
def test_a_decimal_is_read_to_the_kopeck(text: str, kopecks: int) -> None:
    assert Money.parse(text) == Money(kopecks)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1,00",
        "1.001",
        "1.",
        ".5",
        "1e3",
        "NaN",
        "Infinity",
        "1_000",
        "+1",
        "--1",
        "сто",
        "١٠",
        "9" * 13,
    ],
)
def test_what_is_no_plain_decimal_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of roubles"):
        Money.parse(text)


@pytest.mark.parametrize(
    "kopecks, percent, share",
    [
        (100_00, "3", 3_00),
        (890_00, "3", 26_70),
        (10_000_00, "3", 300_00),
        (50, "3", 2),  # 1.5 kopecks: half goes up
        (49, "1", 0),
        (1, "50", 1),
        (1_00, "2.5", 3),
        (100_00, "0", 0),
    ],
)
def test_a_share_is_rounded_half_up(kopecks: int, percent: str, share: int) -> None:
    assert Money(kopecks).share(Decimal(percent)) == Money(share)


@given(amounts)
def test_text_and_back_is_the_same(amount: Money) -> None:
    assert Money.parse(str(amount)) == amount


@given(amounts, amounts)
def test_sums_and_differences_undo_each_other(one: Money, other: Money) -> None:
    assert (one + other) - other == one
    assert one - other == -(other - one)
    assert bool(one - one) is False
    assert (one < other) == (one.kopecks < other.kopecks)


def test_an_amount_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ZERO.kopecks = 1  # type: ignore[misc]  # the refusal is what is tested
    assert Money.roubles(15) == Money(15_00)
