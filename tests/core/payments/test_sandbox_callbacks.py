"""The sandbox's callbacks: the genuine are read, the rest rejected; a hint is looked up."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.money import Money
from core.payments.provider import CallbackRejected, Declined, Hint, Noted, ProviderEvent, Succeeded, Unknown
from core.payments.sandbox import Sandbox
from core.states import Method
from tests.core.payments.sandbox_desk import CHARGE, SAVED, Desk, sandbox_apart, sign

SAID: dict[str, Any] = {
    "event": "e-1",
    "kind": "payment.succeeded",
    "id": "c-1",
    "payment": str(CHARGE.id),
    "merchant": "m",
    "account": "100080",
    "amount": 113_00,
    "currency": "RUB",
    "test": True,
    "method": "card",
    "card": {"mask": "2200 00xx xxxx 0004", "saved": False},
    "reason": None,
    "at": "2026-04-27T05:00:00+00:00",
}


def _body(**changes: object) -> bytes:
    return json.dumps({name: each for name, each in (SAID | changes).items() if each != "-"}).encode()


def test_a_callback_of_a_card_that_was_remembered_is_a_hint() -> None:
    body = _body(card={"mask": "2200 00xx xxxx 0004", "saved": True})
    assert sandbox_apart().read_callback(body).outcome == Hint("payment", "c-1")


def _hinted() -> ProviderEvent:
    return sandbox_apart().read_callback(_body(card={"mask": "2200 00xx xxxx 0004", "saved": True}))


@pytest.mark.parametrize(
    "payments, outcome",
    [
        (
            [{"id": "c-1", "status": "succeeded", "account": "1", "amount": 5,
              "saved": {"token": "card_1", "mask": "2200 00xx xxxx 0004", "expires": "2028-02"}}],
            Succeeded("c-1", "1", Money(5), "RUB", saved=SAVED),
        ),
        ([{"id": "c-1", "status": "declined", "reason": "card_lost"}], Declined("other", "c-1", hard=True)),
        ([{"id": "c-2", "status": "succeeded", "account": "1", "amount": 5}], Noted()),
        ([], Noted()),
    ],
)  # fmt: skip
async def test_a_hint_is_looked_up(
    desk: Desk, sandbox: Sandbox, payments: list[object], outcome: Succeeded | Declined | Noted
) -> None:
    desk.answers({"payments": payments})
    found = await sandbox.look_up(_hinted())
    assert found == replace(_hinted(), outcome=outcome)
    assert desk.asked[0][1] == f"/provider/payments?payment={CHARGE.id}"


@pytest.mark.parametrize(
    "status, body",
    [(500, {}), (200, {"payments": [5]}), (200, {"payments": [{"id": "c-1", "status": "pending"}]})],
)
async def test_a_hint_that_cannot_be_looked_up_is_left_open(
    desk: Desk, sandbox: Sandbox, status: int, body: object
) -> None:
    desk.answers(body, status)
    assert isinstance(await sandbox.look_up(_hinted()), Unknown)


def test_a_genuine_callback_is_read() -> None:
    body = _body()
    told = sandbox_apart().parse_callback(body, {"X-Signature": sign(body)}, "")
    event = told.event
    assert (event.key, event.payment_id, event.method) == ("e-1", CHARGE.id, Method.CARD)
    assert event.outcome == Succeeded("c-1", "100080", Money(113_00), "RUB", "2200 00xx xxxx 0004")
    assert event.at == datetime(2026, 4, 27, 5, tzinfo=UTC)
    declined = sandbox_apart().read_callback(_body(kind="payment.declined", reason="card_expired", card=None))
    assert declined.outcome == Declined("card_expired", "c-1", hard=True)
    assert (told.kept, told.answer.body) == (body, "OK")


@pytest.mark.parametrize(
    "signature",
    [None, "", "0" * 64, "é", sign(_body(amount=1)), sign(_body()).upper()],
    ids=["none", "empty", "zeros", "no ASCII", "of another body", "in capitals"],
)
def test_a_callback_without_its_signature_is_rejected(signature: str | None) -> None:
    headers = {} if signature is None else {"X-Signature": signature}
    with pytest.raises(CallbackRejected) as rejected:
        sandbox_apart().parse_callback(_body(), headers, "")
    assert rejected.value.answer.status == 403


def test_one_changed_byte_breaks_the_signature() -> None:
    body = _body()
    for place in range(0, len(body), 7):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(CallbackRejected, match="signature"):
            sandbox_apart().parse_callback(changed, {"X-Signature": sign(body)}, "")


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"merchant": "another"}, 403),
        ({"test": False}, 403),
        ({"test": 1}, 403),
        ({"test": "-"}, 400),
        ({"event": None}, 400),
        ({"event": ""}, 400),
        ({"event": "x" * 65}, 400),
        ({"id": None}, 400),
        ({"id": "nul\u0000"}, 400),
        ({"payment": "1"}, 400),
        ({"payment": 1}, 400),
        ({"kind": "payment.refunded"}, 400),
        ({"amount": 113.0}, 400),
        ({"amount": "11300"}, 400),
        ({"amount": -1}, 400),
        ({"amount": True}, 400),
        ({"amount": "-"}, 400),
        ({"account": "-"}, 400),
        ({"currency": "-"}, 400),
        ({"method": "cash"}, 400),
        ({"at": "yesterday"}, 400),
        ({"card": "4111111111111111"}, 400),
    ],
)
def test_a_signed_callback_that_makes_no_sense_is_rejected(changes: dict[str, object], status: int) -> None:
    body = _body(**changes)
    with pytest.raises(CallbackRejected) as rejected:
        sandbox_apart().parse_callback(body, {"X-Signature": sign(body)}, "")
    assert rejected.value.answer.status == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", _body()[:-1] + b', "amount": 1}']
)
def test_a_body_that_is_no_object_or_says_a_thing_twice_is_rejected(body: bytes) -> None:
    with pytest.raises(CallbackRejected, match="malformed"):
        sandbox_apart().parse_callback(body, {"X-Signature": sign(body)}, "")


@pytest.mark.parametrize("mask", ["4111111111111111", "4111 1111 1111 1111", "x" * 33, 5, None])
def test_a_mask_that_shows_the_whole_card_is_not_kept(mask: object) -> None:
    outcome = sandbox_apart().read_callback(_body(card={"mask": mask, "saved": False})).outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.card_mask is None
