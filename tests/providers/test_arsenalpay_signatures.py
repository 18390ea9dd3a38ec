"""ArsenalPay's signatures: the published examples, and what a change of anything signed does to them."""

import pytest

from core.payments.arsenalpay_signatures import (
    CALLBACK_SIGNED,
    CHARGE_SIGNED,
    STATE_SIGNED,
    genuine,
    of_fields,
    of_widget,
)

CALLBACK = ("987698w7e", "payment", "12345", "9147894125", "520", "233", "payment")
CHARGE = ("2096", "init_pay_mk", "123456789", "9140001111", "1.25")


@pytest.mark.parametrize(
    "key, sign",
    [
        ("fffff", "356ea4adda1e0eae2fb73ce96f59f844"),
        ("1536232jkib", "01318be4d94929f3133c74ef3ae4c09d"),
        ("dgs5-dk,lxh7", "417df99941b7afe2a0bf287197358575"),
    ],
)
def test_the_published_examples_of_callbacks(key: str, sign: str) -> None:
    fields = dict(zip(CALLBACK_SIGNED, CALLBACK, strict=True))
    assert of_fields(fields, CALLBACK_SIGNED, key) == sign
    assert genuine(fields | {"SIGN": sign}, CALLBACK_SIGNED, key)


def test_the_published_example_of_a_mobile_charge() -> None:
    fields = dict(zip(CHARGE_SIGNED, CHARGE, strict=True))
    assert of_fields(fields, CHARGE_SIGNED, "123456") == "1e304e4920f14ea2ada67e5db2e39b1d"


def test_the_published_example_of_asking_after_one() -> None:
    fields = {"ID": "2096", "FUNCTION": "init_pay_mk_status", "RRN": "123456"}
    assert of_fields(fields, STATE_SIGNED, "123456") == "388149ef1331aaf88910db84737784f0"


@pytest.mark.parametrize("name", CALLBACK_SIGNED)
def test_a_change_of_any_signed_field_breaks_the_signature(name: str) -> None:
    fields = dict(zip(CALLBACK_SIGNED, CALLBACK, strict=True))
    sign = of_fields(fields, CALLBACK_SIGNED, "fffff")
    assert not genuine(fields | {name: fields[name] + "0", "SIGN": sign}, CALLBACK_SIGNED, "fffff")


@pytest.mark.parametrize("sign", ["", "0" * 32, "356EA4ADDA1E0EAE2FB73CE96F59F844", "яблоко", "\udcff"])
def test_nothing_else_is_a_signature(sign: str) -> None:
    fields = dict(zip(CALLBACK_SIGNED, CALLBACK, strict=True))
    assert not genuine(fields | {"SIGN": sign}, CALLBACK_SIGNED, "fffff")
    assert not genuine(fields, CALLBACK_SIGNED, "fffff")


def test_every_part_of_the_widgets_address_is_signed() -> None:
    parts = {
        "payer": "p",
        "destination": "100080",
        "amount": "100.00",
        "widget": "7",
        "nonce": "n",
        "key": "k",
    }
    signs = {of_widget(**parts), *(of_widget(**(parts | {name: "other"})) for name in parts)}
    assert len(signs) == len(parts) + 1
