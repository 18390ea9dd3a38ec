"""ArsenalPay's callbacks: what is genuine is read to the letter, and nothing else is read at all."""

import json
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from core.payments.arsenalpay import ArsenalPay
from core.payments.charge import Receipt
from core.payments.provider import (
    CallbackRejected,
    Check,
    Declined,
    Pending,
    Refunded,
    Succeeded,
    Told,
    Verdict,
)
from core.states import Method
from tests.providers.arsenalpay_desk import MERCHANT, ArsenalPayDesk, Transaction
from tests.providers.test_arsenalpay import adapter

DESK = ArsenalPayDesk()
CARD = Transaction("567", "100080", "500.00", "payer-7")
PHONE = Transaction("568", "100080", "113.00", "9140001111")
SIGNED = ("ID", "FUNCTION", "RRN", "PAYER", "AMOUNT", "ACCOUNT", "STATUS", "SIGN")


def _adapter() -> ArsenalPay:
    return adapter("https://arsenalpay.ru")


def _told(body: bytes) -> Told:
    said = _adapter().parse_callback(body, {}, "203.0.113.1")
    assert isinstance(said, Told)
    return said


def _check(body: bytes) -> Check:
    said = _adapter().parse_callback(body, {}, "203.0.113.1")
    assert isinstance(said, Check)
    return said


def _rejected(body: bytes) -> CallbackRejected:
    with pytest.raises(CallbackRejected) as raised:
        _adapter().parse_callback(body, {}, "203.0.113.1")
    return raised.value


def test_a_payment() -> None:
    body = DESK.callback(CARD, "payment")
    told = _told(body)
    assert told.event.outcome == Succeeded("567", "100080", Money(500_00), "RUB")
    assert (told.event.number, told.event.total, told.event.payment_id) == ("100080", Money(500_00), None)
    assert told.event.key == f"{MERCHANT}:567:payment"
    assert told.event.method is Method.CARD
    assert told.event.at == datetime.fromisoformat("2026-04-27T15:00:00+10:00")
    assert (told.kept, told.answer.body, told.answer.content_type) == (body, "OK", "text/plain")
    assert _adapter().read_callback(body) == told.event


def test_a_payer_who_is_a_phone_paid_from_it() -> None:
    assert _told(DESK.callback(PHONE, "payment")).event.method is Method.MOBILE


@pytest.mark.parametrize(
    "function, outcome",
    [
        ("hold", Pending("567")),
        ("cancel", Declined("abandoned", "567")),
        ("cancelinit", Declined("abandoned", "567")),
        ("refund", Refunded("567:refund:50000", "567", Money(500_00), "RUB", full=Money(500_00))),
        ("reverse", Refunded("567:reverse", "567", Money(500_00), "RUB", full=Money(500_00))),
        ("reversal", Refunded("567:reverse", "567", Money(500_00), "RUB", full=Money(500_00))),
    ],
)
def test_everything_else_that_it_tells(function: str, outcome: object) -> None:
    told = _told(DESK.callback(CARD, function))
    assert told.event.outcome == outcome
    assert told.answer.body == "OK"


def test_one_event_has_one_key_and_two_have_two() -> None:
    bodies = [
        DESK.callback(CARD, "payment"),
        DESK.callback(CARD, "hold"),
        DESK.callback(PHONE, "payment"),
        DESK.callback(CARD, "refund"),
        DESK.callback(CARD, "refund", AMOUNT="100.00"),
    ]
    assert len({_told(body).event.key for body in bodies}) == len(bodies)
    again = DESK.callback(CARD, "payment", DATETIME="2026-05-01T00:00:00+10:00")
    assert _told(again).event.key == _told(bodies[0]).event.key


def test_answers_come_in_the_form_that_is_asked_for() -> None:
    answer = _told(DESK.callback(CARD, "payment", FORMAT="json")).answer
    assert (answer.content_type, json.loads(answer.body)) == ("application/json", {"response": "OK"})
    wrong = _rejected(DESK.callback(CARD, "payment", key="wrong", FORMAT="json")).answer
    assert (wrong.status, json.loads(wrong.body)) == (403, {"response": "ERR"})


@pytest.mark.parametrize(
    "changes, total, vouched",
    [
        ({"MERCH_TYPE": "0", "AMOUNT_FULL": "900.00"}, 485_00, None),
        ({"MERCH_TYPE": "1", "AMOUNT_FULL": "500.00"}, 500_00, 485_00),
        ({"MERCH_TYPE": "1", "AMOUNT_FULL": "485.00"}, 485_00, 485_00),
        ({"MERCH_TYPE": "1", "AMOUNT_FULL": "5000.00"}, 485_00, None),  # no fee is that large
        ({"MERCH_TYPE": "1", "AMOUNT_FULL": "484.99"}, 485_00, None),
        ({"MERCH_TYPE": "1", "AMOUNT_FULL": "x"}, 485_00, None),
        ({"MERCH_TYPE": "1"}, 485_00, None),
        ({"MERCH_TYPE": "7", "AMOUNT_FULL": "500.00"}, 485_00, None),
    ],
)
def test_the_full_sum_is_believed_only_as_far_as_a_fee_explains_it(
    changes: dict[str, str], total: int, vouched: int | None
) -> None:
    outcome = _told(DESK.callback(CARD, "payment", AMOUNT="485.00", **changes)).event.outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.total == Money(total)
    assert outcome.vouched == (None if vouched is None else Money(vouched))
    back = _told(DESK.callback(CARD, "refund", AMOUNT="485.00", **changes)).event.outcome
    assert isinstance(back, Refunded)
    assert (back.amount, back.full) == (Money(485_00), Money(total))


@pytest.mark.parametrize("amount", ["520", "52.4", "52.40", "0.01"])
def test_amounts_are_read_to_the_kopeck(amount: str) -> None:
    roubles, _, kopecks = amount.partition(".")
    expected = Money(int(roubles) * 100 + int(kopecks.ljust(2, "0") or 0))
    assert _told(DESK.callback(CARD, "payment", AMOUNT=amount)).event.total == expected


@pytest.mark.parametrize("amount", ["0", "0.00", "-5", "1,5", "1e2", "5.001", " 5", "٥", "NaN", "9" * 20])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    assert _rejected(DESK.callback(CARD, "payment", AMOUNT=amount)).answer.body == "ERR"
    assert _rejected(DESK.callback(CARD, "check", AMOUNT=amount)).answer.body == "ERR"


@pytest.mark.parametrize("name", SIGNED)
def test_nothing_that_is_signed_may_lack_or_be_empty(name: str) -> None:
    pairs = parse_qsl(DESK.callback(CARD, "payment").decode())
    without = urlencode([pair for pair in pairs if pair[0] != name]).encode()
    assert _rejected(without).answer.status == 400
    assert _rejected(urlencode(dict(pairs) | {name: ""}).encode()).answer.status == 400


def test_function_and_status_say_the_same() -> None:
    assert _rejected(DESK.callback(CARD, "payment", STATUS="check")).reason == "function and status differ"


def test_an_unknown_function_is_refused() -> None:
    assert _rejected(DESK.callback(CARD, "deposit")).reason == "unknown function"


@pytest.mark.parametrize("rrn", ["x" * 41, "5 6\n7", "ю"])
def test_a_reference_that_our_columns_cannot_keep_is_refused(rrn: str) -> None:
    assert _rejected(DESK.callback(CARD, "payment", RRN=rrn)).answer.body == "ERR"


def test_another_merchants_callback_is_refused() -> None:
    assert _rejected(DESK.callback(CARD, "payment", ID="1")).reason == "merchant"
    anybody = adapter("https://arsenalpay.ru", merchant="", mobile_key="")
    assert isinstance(anybody.parse_callback(DESK.callback(CARD, "payment", ID="1"), {}, ""), Told)


def test_a_parameter_that_comes_twice_is_refused() -> None:
    body = DESK.callback(CARD, "payment")
    for twice in (b"&AMOUNT=1.00", b"&AMOUNT=500.00", b"&MERCH_TYPE=1", b"&X=1&X=1"):
        assert _rejected(body + twice).reason == "duplicate parameter"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"ID", "ID=ю".encode(), b"&".join(b"f%d=1" % n for n in range(60)), b"{}"]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    assert _rejected(body).answer.body == "ERR"


def test_a_time_that_cannot_be_read_delays_no_money() -> None:
    assert _told(DESK.callback(CARD, "payment", DATETIME="soon")).event.at is None


@given(st.data())
def test_a_change_of_any_signed_byte_is_seen(data: st.DataObject) -> None:
    body = DESK.callback(CARD, data.draw(st.sampled_from(["payment", "check", "refund", "hold"])))
    pairs = parse_qsl(body.decode())
    name = data.draw(st.sampled_from(SIGNED))
    value = dict(pairs)[name]
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.sampled_from("0123456789abcxyz.-").filter(lambda letter: letter != value[at]))
    changed = urlencode(dict(pairs) | {name: value[:at] + other + value[at + 1 :]}).encode()
    with pytest.raises(CallbackRejected):
        _adapter().parse_callback(changed, {}, "")


@given(st.binary(max_size=400))
def test_no_bytes_make_it_do_anything_but_refuse(body: bytes) -> None:
    with pytest.raises(CallbackRejected):
        _adapter().parse_callback(body, {}, "")
    with pytest.raises(CallbackRejected):
        _adapter().read_callback(body)


def test_a_question_before_a_payment() -> None:
    check = _check(DESK.callback(PHONE, "check", OFD="1"))
    assert (check.number, check.total, check.method) == ("100080", Money(113_00), Method.MOBILE)
    assert (check.wants_receipt, check.phone) == (True, "79140001111")
    words = {verdict: check.answer(verdict, None).body for verdict in Verdict}
    assert words == {Verdict.YES: "YES", Verdict.NO: "NO", Verdict.TROUBLE: "ERR"}
    assert not _check(DESK.callback(CARD, "check")).wants_receipt


def test_the_receipt_comes_with_the_answer() -> None:
    check = _check(DESK.callback(CARD, "check", OFD="1", FORMAT="json"))
    receipt = Receipt("Услуги связи", vat_code=11, phone="79140001111")
    answer = check.answer(Verdict.YES, receipt)
    assert json.loads(answer.body) == {
        "response": "YES",
        "ofd": {
            "id": MERCHANT,
            "type": "sell",
            "receipt": {
                "attributes": {"phone": "9140001111"},
                "items": [
                    {"name": "Услуги связи", "quantity": 1, "price": 500.0, "sum": 500.0, "tax": "vat22"}
                ],
            },
        },
    }
    by_mail = check.answer(Verdict.YES, Receipt("Услуги связи", vat_code=1, email="a@b.test"))
    assert json.loads(by_mail.body)["ofd"]["receipt"]["attributes"] == {"email": "a@b.test"}
    assert "ofd" not in json.loads(check.answer(Verdict.NO, receipt).body)


def test_no_secret_of_ours_is_in_what_it_hears_or_in_the_error() -> None:
    rejected = _rejected(DESK.callback(CARD, "payment", key="wrong"))
    assert "callback-key" not in f"{rejected} {rejected.answer}"
