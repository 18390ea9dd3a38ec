"""Notices keep their facts as JSON: kopecks, ISO moments, and nothing that a driver has to guess."""

import json
from datetime import UTC, datetime

import pytest

from core.messages import notices
from core.messages.notices import Balance, BalanceLine, Notice, Paid, Refused
from core.money import Money

TEMPLATES = [kind for kind in vars(notices).values() if isinstance(kind, type) and issubclass(kind, Notice)]


def test_the_facts_of_a_receipt_are_json() -> None:
    at = datetime(2026, 4, 27, 5, tzinfo=UTC)
    said = Paid("100080", Money(100_00), Money(3_00), Money(103_00), "mobile", transaction="m-1", at=at)
    assert json.loads(json.dumps(said.params())) == {
        "number": "100080",
        "amount": 100_00,
        "commission": 3_00,
        "total": 103_00,
        "method": "mobile",
        "card_mask": None,
        "transaction": "m-1",
        "at": "2026-04-27T05:00:00+00:00",
        "late": False,
    }


def test_nested_facts_are_json_too() -> None:
    lines = [BalanceLine("100080", Money(-1), 0, None)]
    assert Balance(lines=lines, more=2).params() == {
        "lines": [{"number": "100080", "balance": -1, "days_until_block": 0, "recommended": None}],
        "more": 2,
    }
    facts = {"least": Money(10_00), "names": ("a", "b"), "deep": {"most": Money(1)}}
    assert Refused("amount_too_small", facts).params() == {
        "problem": "amount_too_small",
        "facts": {"least": 10_00, "names": ["a", "b"], "deep": {"most": 1}},
    }


@pytest.mark.parametrize("kind", [kind for kind in TEMPLATES if kind is not Notice], ids=lambda k: k.__name__)
def test_each_kind_has_a_template_of_its_own(kind: type[Notice]) -> None:
    assert [other for other in TEMPLATES if getattr(other, "template", "") == kind.template] == [kind]
