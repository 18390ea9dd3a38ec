"""Buttons: what they carry fits, comes back the same, and forged ones are not read."""

from uuid import UUID

import pytest
from aiogram.filters.callback_data import CallbackData

from handlers.telegram import buttons
from handlers.telegram.buttons import Button

LARGEST = UUID(int=2**128 - 1)
CASES = [
    buttons.ToMenu(),
    buttons.ToBalance(),
    buttons.ToBalance(account=UUID(int=7)),
    buttons.ToTopUp(account=LARGEST),
    buttons.OtherAmount(number="1234567890"),
    buttons.Chip(number="1234567890", kopecks=10**12 - 1),
    buttons.Confirm(top_up=UUID(int=7)),
    buttons.ToHistory(account=LARGEST, before=LARGEST),
    buttons.ToHistory(account=UUID(int=0)),
    buttons.SetLanguage(code="ru"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.pack())
def test_a_button_comes_back_as_it_was(case: Button) -> None:
    packed = case.pack()
    assert len(packed.encode()) <= 64
    assert type(case).unpack(packed) == case


def test_no_two_buttons_share_a_prefix() -> None:
    kinds = Button.__subclasses__()
    assert len({kind.__prefix__ for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    "kind, data",
    [
        (buttons.ToBalance, "balance:nonsense"),
        (buttons.ToBalance, "balance"),
        (buttons.Chip, "chip:100080:0"),
        (buttons.Chip, "chip:100080:-100"),
        (buttons.Chip, "chip:1e5:100"),
        (buttons.Chip, "chip:12345678901:100"),
        (buttons.SetLanguage, "language:../"),
        (buttons.Confirm, "confirm:"),
    ],
)
def test_a_forged_button_is_not_read(kind: type[CallbackData], data: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        kind.unpack(data)
