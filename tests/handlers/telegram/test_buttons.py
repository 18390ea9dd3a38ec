"""Buttons: what they carry fits, comes back the same, and forged ones are not read."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from aiogram.filters.callback_data import CallbackData

from core.states import Method
from core.use_cases.schedules import EveryDays, Monthly
from handlers.telegram import buttons
from handlers.telegram import buttons_autopay as to
from handlers.telegram.buttons import Button

LARGEST = UUID(int=2**128 - 1)
DRAFT = to.ToDraft(
    number="1234567890",
    kopecks=to.KOPECKS_MOST,
    period=Monthly(31),
    until=date(2099, 12, 31),
    card=LARGEST,
)
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
    buttons.Confirm(top_up=LARGEST, card=LARGEST),
    buttons.Confirm(top_up=LARGEST, remember=True),
    buttons.Remember(top_up=LARGEST, on=False),
    buttons.OtherMethod(top_up=LARGEST, method=Method.SBP),
    buttons.SaveCard(number="1234567890", kopecks=10**12 - 1),
    to.ToAutopay(),
    to.SkipCharge(mandate=LARGEST, on=date(2026, 5, 27)),
    to.EndAtProvider(number="1234567890", mandate=LARGEST),
    to.ToDraft(number="1", kopecks=1, period=EveryDays(7)),
    to.to(to.DraftDayOfMonth, DRAFT),
    to.to(to.Connect, DRAFT, mark="0123"),
    to.to(to.Change, DRAFT, mark="ffff", until=None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.pack())
def test_a_button_comes_back_as_it_was(case: Button) -> None:
    packed = case.pack()
    assert len(packed.encode()) <= 64
    assert type(case).unpack(packed) == case


def test_no_two_buttons_share_a_prefix() -> None:
    kinds = list(_kinds(Button))
    assert len({kind.__prefix__ for kind in kinds}) == len(kinds)


def _kinds(of: type[Button]) -> Iterator[type[Button]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)


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
        (buttons.OtherMethod, "method:AAAAAAAAAAAAAAAAAAAAAA:cash"),
        (to.SkipCharge, "skip:AAAAAAAAAAAAAAAAAAAAAA:20260231"),
        (to.SkipCharge, "skip:AAAAAAAAAAAAAAAAAAAAAA:"),
        (to.ToDraft, "a:100080:0:d30::"),
        (to.ToDraft, "a:100080:30000:x30::"),
        (to.ToDraft, "a:100080:30000:d::"),
        (to.ToDraft, "a:100080:30000:d-7::"),
        (to.ToDraft, "a:100080:30000:d30:never:"),
        (to.Connect, "ay:100080:30000:d30:::"),
    ],
)
def test_a_forged_button_is_not_read(kind: type[CallbackData], data: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        kind.unpack(data)
