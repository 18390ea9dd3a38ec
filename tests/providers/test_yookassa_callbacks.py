"""YooKassa's notifications: believed for nothing but a name, and that only from its own addresses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from core.payments.charge import Refund
from core.payments.provider import (
    CallbackRejected,
    Declined,
    Hint,
    Noted,
    Refunded,
    Succeeded,
    Told,
    Unknown,
)
from core.payments.yookassa import YooKassa
from core.payments.yookassa_callbacks import Networks
from core.states import Method
from tests.providers.faults import Fault
from tests.providers.yookassa_desk import PEER, YooKassaDesk
from tests.providers.yookassa_scenes import CHARGE, SBP, adapter

REFERENCE = "23d93cac-000f-5000-8000-126628f15141"


def _apart() -> YooKassa:
    return adapter("https://api.yookassa.ru")


def _body(event: object = "payment.succeeded", **changes: Any) -> bytes:
    said = {"type": "notification", "event": event, "object": {"id": REFERENCE, "status": "succeeded"}}
    return json.dumps(said | changes).encode()


def _told(body: bytes) -> Told:
    return _apart().parse_callback(body, {}, PEER)


@pytest.mark.parametrize(
    "event, outcome",
    [
        ("payment.succeeded", Hint("payment", REFERENCE)),
        ("payment.canceled", Hint("payment", REFERENCE)),
        ("refund.succeeded", Hint("refund", REFERENCE)),
        ("payment.waiting_for_capture", Noted()),
        ("payout.succeeded", Noted()),
    ],
)
def test_a_notification_is_a_hint(event: str, outcome: object) -> None:
    told = _told(_body(event))
    assert told.event.outcome == outcome
    assert told.event.key == f"{event}:{REFERENCE}"
    assert (told.answer.status, told.answer.body) == (200, "OK")
    assert _apart().read_callback(told.kept) == told.event


def test_nothing_but_the_names_is_kept() -> None:
    paid = {"id": REFERENCE, "payment_method": {"id": "the-token", "card": {"last4": "0004"}}, "phone": "79"}
    kept = _told(_body(object=paid)).kept
    assert json.loads(kept) == {"event": "payment.succeeded", "object": {"id": REFERENCE}}


@pytest.mark.parametrize(
    "peer, known",
    [
        ("185.71.76.1", True),
        ("185.71.76.31", True),
        ("185.71.76.32", False),
        ("2a02:5180:0:1509::7", True),
        ("2a02:5180:0:1510::7", False),
        ("10.0.0.1", False),
        ("unknown", False),
        ("", False),
        ("185.71.76.1, 10.0.0.1", False),
    ],
)
def test_only_its_own_addresses_are_heard(peer: str, known: bool) -> None:
    if known:
        assert _apart().parse_callback(_body(), {}, peer).answer.status == 200
        return
    with pytest.raises(CallbackRejected) as rejected:
        _apart().parse_callback(_body(), {}, peer)
    assert rejected.value.answer.status == 403


def test_addresses_that_are_none_are_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        Networks.parse("185.71.76.0/27, nowhere")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"1",
        b"\xff",
        b'{"event": "payment.succeeded"}',
        _body(event=""),
        _body(event="x" * 65),
        _body(event=["payment.succeeded"]),
        _body(object={"id": "../payments"}),
        _body(object={"id": 7}),
        _body(object=[]),
        _body().replace(b'"event"', b'"event": "payment.canceled", "event"'),
        _body().replace(b'"id"', b'"id": "1", "id"'),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRejected) as rejected:
        _told(body)
    assert rejected.value.answer.status == 400


@given(st.binary(max_size=300))
def test_no_bytes_make_it_do_anything_but_refuse(body: bytes) -> None:
    for read in (_told, _apart().read_callback):
        with pytest.raises(CallbackRejected):
            read(body)


async def _made(yookassa: YooKassa, desk: YooKassaDesk) -> str:
    await yookassa.start_checkout(SBP)
    return next(iter(desk.payments))


async def test_what_happened_is_what_the_api_says(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await _made(yookassa, desk)
    forged = _told(desk.tells("payment.canceled", reference) if desk.pays(reference) else b"").event
    found = await yookassa.look_up(forged)
    assert not isinstance(found, Unknown)
    assert isinstance(found.outcome, Succeeded)
    assert (found.payment_id, found.method, found.key) == (CHARGE.id, Method.SBP, forged.key)


async def test_a_decline_and_a_refund_are_looked_up_too(yookassa: YooKassa, desk: YooKassaDesk) -> None:
    reference = await _made(yookassa, desk)
    desk.pays(reference)
    back = await yookassa.look_up(_told(desk.gives_back(reference, "100.00")).event)
    assert not isinstance(back, Unknown)
    assert isinstance(back.outcome, Refunded)
    assert (back.outcome.of, back.outcome.amount) == (reference, Money(100_00))
    declined = await yookassa.look_up(_told(desk.declines(reference)).event)
    assert not isinstance(declined, Unknown)
    assert declined.outcome == Declined("insufficient_funds", reference)
    (name,) = desk.refunds
    desk.refunds[name]["status"] = "canceled"
    nothing = await yookassa.look_up(_told(desk.tells("refund.succeeded", name)).event)
    assert not isinstance(nothing, Unknown)
    assert nothing.outcome == Noted()
    assert isinstance(await yookassa.get_refund(Refund(CHARGE.id, reference, Money(1)), name), Declined)


async def test_what_is_not_there_or_not_ours_happened_to_nobody(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    event = _told(_body()).event
    found = await yookassa.look_up(event)
    assert not isinstance(found, Unknown)
    assert found.outcome == Noted()
    reference = await _made(yookassa, desk)
    body = desk.pays(reference, recipient={"account_id": "7"})
    found = await yookassa.look_up(_told(body).event)
    assert not isinstance(found, Unknown)
    assert found.outcome == Noted()


async def test_what_is_not_settled_there_yet_is_looked_up_again(
    yookassa: YooKassa, desk: YooKassaDesk
) -> None:
    reference = await _made(yookassa, desk)
    early = _told(desk.tells("payment.succeeded", reference)).event
    assert await yookassa.look_up(early) == Unknown("not settled yet")


@pytest.mark.parametrize("fault", list(Fault))
async def test_what_is_not_told_is_looked_up_again(desk: YooKassaDesk, fault: Fault) -> None:
    hasty = adapter(desk.url, timeout=0.2)
    reference = await _made(hasty, desk)
    event = _told(desk.pays(reference)).event
    desk.faults.then(fault)
    assert isinstance(await hasty.look_up(event), Unknown)
    await hasty.close()


async def test_without_the_network_nothing_is_known() -> None:
    nowhere = adapter("http://127.0.0.1:9")
    assert await nowhere.look_up(_told(_body()).event) == Unknown("unreachable")
    await nowhere.close()
