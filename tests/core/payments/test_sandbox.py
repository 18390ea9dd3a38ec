"""The sandbox adapter: what it sends is signed, what it hears is an outcome, and nothing makes it raise."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.charge import Charge, Refund
from core.payments.provider import (
    CallbackRejected,
    Declined,
    Done,
    Hint,
    Noted,
    NotSent,
    Outcome,
    Pending,
    ProviderEvent,
    Refunded,
    SavedMethod,
    Succeeded,
    Unknown,
)
from core.payments.sandbox import Sandbox
from core.states import Method
from tests.servers import processes

KEY = b"secret"
CHARGE = Charge(PaymentId(new_id()), "100080", Money(113_00), "someone", "79141234567")


@dataclass
class Desk:
    """The provider's side of the wire: answers as told, remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    asked: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    silent: asyncio.Event | None = None

    def answers(self, body: object, status: int = 200) -> None:
        self.body, self.status = json.dumps(body).encode(), status

    async def serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.asked.append((request.method, request.path_qs, raw, request.headers.get("X-Signature", "")))
        if self.silent is not None:
            await self.silent.wait()
        return web.Response(status=self.status, body=self.body, content_type=self.kind)


def _sign(raw: bytes) -> str:
    return hmac.new(KEY, raw, hashlib.sha256).hexdigest()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    there = Desk()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", there.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/provider"
    yield there
    if there.silent is not None:
        there.silent.set()
    await runner.cleanup()


@pytest.fixture
async def sandbox(desk: Desk) -> AsyncIterator[Sandbox]:
    opened = _sandbox(desk.url)
    yield opened
    await opened.close()


def _sandbox(url: str, *, timeout: float = 10.0) -> Sandbox:
    return Sandbox(
        url=url + "/", key=KEY.decode(), merchant="m", public_url="http://us.example/", timeout=timeout
    )


REFUND = Refund(new_id(), "c-1", Money(50_00))
Call = Callable[[Sandbox], Awaitable[object]]
CALLS: dict[str, Call] = {
    "checkout": lambda sandbox: sandbox.start_checkout(CHARGE),
    "mobile": lambda sandbox: sandbox.charge_mobile(CHARGE),
    "saved": lambda sandbox: sandbox.charge_saved(CHARGE, "card_1"),
    "refund": lambda sandbox: sandbox.refund(REFUND),
}


async def test_a_checkout_is_signed_and_answered_by_its_page(desk: Desk, sandbox: Sandbox) -> None:
    desk.answers({"id": "c-1", "url": "http://pay.example/c-1", "status": "pending"}, 201)
    assert await sandbox.start_checkout(CHARGE) == Pending("c-1", "http://pay.example/c-1")
    ((method, path, raw, signature),) = desk.asked
    assert (method, path, signature) == ("POST", "/provider/checkouts", _sign(raw))
    assert json.loads(raw) == {
        "merchant": "m",
        "payment": str(CHARGE.id),
        "account": "100080",
        "amount": 113_00,
        "currency": "RUB",
        "payer": "someone",
        "return_url": "http://us.example/paid",
        "save": False,
        "callback_url": "http://us.example/callbacks/sandbox",
        "test": True,
    }
    await sandbox.start_checkout(replace(CHARGE, save=True))
    assert json.loads(desk.asked[1][2])["save"] is True


async def test_a_saved_card_asks_for_its_cvc_where_the_payer_is_there(desk: Desk, sandbox: Sandbox) -> None:
    desk.answers({"id": "c-1", "url": "http://pay.example/c-1", "status": "pending"})
    assert await sandbox.charge_saved(CHARGE, "card_1") == Pending("c-1", "http://pay.example/c-1")
    desk.answers({"id": "c-2", "url": None, "status": "pending"})
    assert await sandbox.charge_saved(replace(CHARGE, by_mandate=True), "card_1") == Pending("c-2")
    attended, alone = (json.loads(raw) for _, _, raw, _ in desk.asked)
    assert desk.asked[0][:2] == ("POST", "/provider/saved-charges")
    assert (attended["token"], attended["return_url"]) == ("card_1", "http://us.example/paid")
    assert (alone["token"], "return_url" in alone) == ("card_1", False)


@pytest.mark.parametrize(
    "reason, outcome",
    [
        ("insufficient_funds", Declined("insufficient_funds", "c-1")),
        ("authentication_failed", Declined("authentication_failed", "c-1")),
        ("card_expired", Declined("card_expired", "c-1", hard=True)),
        ("card_lost", Declined("other", "c-1", hard=True)),
        ("card_forgotten", Declined("other", "c-1", hard=True)),
        (None, Declined("other", "c-1")),
    ],
)
async def test_a_card_that_will_never_pay_is_told_from_one_that_may(
    desk: Desk, sandbox: Sandbox, reason: str | None, outcome: Declined
) -> None:
    desk.answers({"id": "c-1", "status": "declined", "reason": reason})
    assert await sandbox.charge_saved(CHARGE, "card_1") == outcome


async def test_a_refund_names_the_charge_and_is_read_back(desk: Desk, sandbox: Sandbox) -> None:
    desk.answers({"id": "r-1", "of": "c-1", "amount": 50_00, "currency": "RUB", "status": "succeeded"})
    assert await sandbox.refund(REFUND) == Refunded("r-1", of="c-1", amount=Money(50_00), currency="RUB")
    assert desk.asked[0][:2] == ("POST", "/provider/refunds")
    assert json.loads(desk.asked[0][2]) == {
        "merchant": "m",
        "refund": str(REFUND.id),
        "id": "c-1",
        "amount": 50_00,
        "currency": "RUB",
        "test": True,
    }
    desk.answers({"id": "r-1", "status": "waiting"})
    assert await sandbox.refund(REFUND) == Unknown("status waiting")


async def test_a_card_is_forgotten_only_once_the_provider_says_so(desk: Desk, sandbox: Sandbox) -> None:
    desk.answers({"status": "forgotten"})
    assert await sandbox.revoke_method("card_1") == Done()
    assert desk.asked[0][:2] == ("POST", "/provider/cards/forget")
    assert json.loads(desk.asked[0][2]) == {"merchant": "m", "token": "card_1", "test": True}
    for status in (401, 500):
        desk.answers({"error": "no"}, status)
        assert isinstance(await sandbox.revoke_method("card_1"), Unknown)


@pytest.mark.parametrize(
    "answer, outcome",
    [
        ({"id": "m-1", "status": "succeeded"}, Succeeded("m-1", "100080", Money(113_00), "RUB")),
        (
            {"id": "m-1", "status": "succeeded", "amount": 1, "account": "2", "currency": "USD"},
            Succeeded("m-1", "2", Money(1), "USD"),
        ),
        ({"id": "m-1", "status": "pending"}, Pending("m-1")),
        (
            {"id": "m-1", "status": "declined", "reason": "insufficient_funds"},
            Declined("insufficient_funds", "m-1"),
        ),
        ({"id": "m-1", "status": "declined", "reason": "because"}, Declined("other", "m-1")),
        ({"id": "m-1", "status": "declined"}, Declined("other", "m-1")),
        ({"id": "m-1", "status": "lost"}, Unknown("status lost")),
    ],
)
async def test_a_mobile_charge_ends_as_the_answer_says(
    desk: Desk, sandbox: Sandbox, answer: object, outcome: Outcome
) -> None:
    desk.answers(answer)
    assert await sandbox.charge_mobile(CHARGE) == outcome
    assert json.loads(desk.asked[0][2])["phone"] == "79141234567"


MALFORMED = [
    b"", b"{", b"[]", b"null", b"12", b'"x"', b"{}", b'{"id": 1, "url": "http://x"}', b"\xff",
    b'{"id": null, "status": "succeeded", "url": "http://x"}',
    b'{"id": "", "status": "succeeded", "url": "http://x"}',
    b'{"id": "a b", "status": "pending", "url": "http://x"}',
    b'{"id": "' + b"x" * 65 + b'", "status": "succeeded", "url": "http://x"}',
    b'{"id": "c-1", "url": "javascript:alert(1)", "status": "succeeded", "amount": 1.5}',
    b'{"id": "c-1", "url": 5, "status": "succeeded", "amount": true}',
    b'{"id": "c-1", "url": "", "status": "succeeded", "amount": 0}',
    b'{"id": "c-1", "url": "", "status": "succeeded", "amount": "100"}',
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("body", MALFORMED)
async def test_an_answer_that_cannot_be_read_leaves_it_unknown(
    desk: Desk, sandbox: Sandbox, call: Call, body: bytes
) -> None:
    desk.body = body
    assert isinstance(await call(sandbox), Unknown)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "status, kind",
    [(400, Declined), (409, Declined), (422, Declined), (500, Unknown), (502, Unknown), (302, Unknown)],
)
async def test_a_status_says_whether_anything_was_charged(
    desk: Desk, sandbox: Sandbox, call: Call, status: int, kind: type
) -> None:
    desk.answers({"error": "no"}, status)
    assert isinstance(await call(sandbox), kind)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_what_never_left_is_not_sent(call: Call) -> None:
    nowhere = _sandbox(f"http://127.0.0.1:{processes.free_port()}")
    assert await call(nowhere) == NotSent("unreachable")
    assert isinstance(await nowhere.get_state(CHARGE, None), Unknown)
    await nowhere.close()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_provider_that_does_not_answer_leaves_it_unknown(desk: Desk, call: Call) -> None:
    desk.silent = asyncio.Event()
    hasty = _sandbox(desk.url, timeout=0.2)
    assert await call(hasty) == Unknown("TimeoutError")
    assert await hasty.get_state(CHARGE, None) == Unknown("TimeoutError")
    await hasty.close()


async def test_a_connection_that_is_cut_leaves_it_unknown() -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(cuts, "127.0.0.1", 0)
    sandbox = _sandbox(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert isinstance(await sandbox.charge_mobile(CHARGE), Unknown)
    await sandbox.close()
    server.close()
    await server.wait_closed()


SAVED = SavedMethod("card_1", "2200 00xx xxxx 0004", expires=date(2028, 2, 29))


async def test_the_state_is_everything_under_our_key(desk: Desk, sandbox: Sandbox) -> None:
    desk.answers(
        {
            "payments": [
                {"id": "m-1", "status": "declined", "reason": "card_expired"},
                {"id": "m-2", "status": "succeeded", "amount": 5, "account": "1", "currency": "RUB",
                 "card_mask": "2200 00xx xxxx 0004",
                 "saved": {"token": "card_1", "mask": "2200 00xx xxxx 0004", "expires": "2028-02"}},
            ]
        }
    )  # fmt: skip
    found = await sandbox.get_state(CHARGE, None)
    assert found == [
        Declined("card_expired", "m-1", hard=True),
        Succeeded("m-2", "1", Money(5), "RUB", "2200 00xx xxxx 0004", SAVED),
    ]
    ((method, path, _, signature),) = desk.asked
    assert (method, path) == ("GET", f"/provider/payments?payment={CHARGE.id}")
    assert signature == _sign(f"payment={CHARGE.id}".encode())


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"payments": 5}', b'{"payments": [5]}', b'{"payments": [{"id": "x"}]}',
        b'{"payments": [{"id": "x", "status": "succeeded", "account": "1", "amount": 5, "saved": 5}]}',
        b'{"payments": [{"id": "x", "status": "succeeded", "account": "1", "amount": 5, "saved": '
        b'{"token": "t", "mask": "4", "expires": "2030-13"}}]}',
    ],
)  # fmt: skip
async def test_a_state_that_cannot_be_read_is_unknown(desk: Desk, sandbox: Sandbox, body: bytes) -> None:
    desk.body = body
    assert isinstance(await sandbox.get_state(CHARGE, None), Unknown)
    desk.status = 503
    assert await sandbox.get_state(CHARGE, None) == Unknown("status_503")


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


def _sandbox_apart() -> Sandbox:
    return _sandbox("http://127.0.0.1:1")


def test_a_callback_of_a_card_that_was_remembered_is_a_hint() -> None:
    body = _body(card={"mask": "2200 00xx xxxx 0004", "saved": True})
    assert _sandbox_apart().read_callback(body).outcome == Hint("payment", "c-1")


def _hinted() -> ProviderEvent:
    return _sandbox_apart().read_callback(_body(card={"mask": "2200 00xx xxxx 0004", "saved": True}))


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
    told = _sandbox_apart().parse_callback(body, {"X-Signature": _sign(body)}, "")
    event = told.event
    assert (event.key, event.payment_id, event.method) == ("e-1", CHARGE.id, Method.CARD)
    assert event.outcome == Succeeded("c-1", "100080", Money(113_00), "RUB", "2200 00xx xxxx 0004")
    assert event.at == datetime(2026, 4, 27, 5, tzinfo=UTC)
    declined = _sandbox_apart().read_callback(
        _body(kind="payment.declined", reason="card_expired", card=None)
    )
    assert declined.outcome == Declined("card_expired", "c-1", hard=True)
    assert (told.kept, told.answer.body) == (body, "OK")


@pytest.mark.parametrize(
    "signature",
    [None, "", "0" * 64, "é", _sign(_body(amount=1)), _sign(_body()).upper()],
    ids=["none", "empty", "zeros", "no ASCII", "of another body", "in capitals"],
)
def test_a_callback_without_its_signature_is_rejected(signature: str | None) -> None:
    headers = {} if signature is None else {"X-Signature": signature}
    with pytest.raises(CallbackRejected) as rejected:
        _sandbox_apart().parse_callback(_body(), headers, "")
    assert rejected.value.answer.status == 403


def test_one_changed_byte_breaks_the_signature() -> None:
    body = _body()
    for place in range(0, len(body), 7):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(CallbackRejected, match="signature"):
            _sandbox_apart().parse_callback(changed, {"X-Signature": _sign(body)}, "")


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
        _sandbox_apart().parse_callback(body, {"X-Signature": _sign(body)}, "")
    assert rejected.value.answer.status == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", _body()[:-1] + b', "amount": 1}']
)
def test_a_body_that_is_no_object_or_says_a_thing_twice_is_rejected(body: bytes) -> None:
    with pytest.raises(CallbackRejected, match="malformed"):
        _sandbox_apart().parse_callback(body, {"X-Signature": _sign(body)}, "")


@pytest.mark.parametrize("mask", ["4111111111111111", "4111 1111 1111 1111", "x" * 33, 5, None])
def test_a_mask_that_shows_the_whole_card_is_not_kept(mask: object) -> None:
    outcome = _sandbox_apart().read_callback(_body(card={"mask": mask, "saved": False})).outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.card_mask is None


async def test_closing_what_was_never_opened_is_nothing() -> None:
    await _sandbox_apart().close()
