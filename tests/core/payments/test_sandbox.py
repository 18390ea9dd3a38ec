"""The sandbox adapter: what it sends is signed, what it hears is an outcome, and nothing makes it raise."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.ids import new_id
from core.money import Money
from core.payments.charge import Refund
from core.payments.provider import Declined, Done, NotSent, Outcome, Pending, Refunded, Succeeded, Unknown
from core.payments.sandbox import Sandbox
from tests.core.payments.sandbox_desk import CHARGE, SAVED, Desk, sandbox_apart, sandbox_at, sign
from tests.servers import processes

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
    assert (method, path, signature) == ("POST", "/provider/checkouts", sign(raw))
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
    nowhere = sandbox_at(f"http://127.0.0.1:{processes.free_port()}")
    assert await call(nowhere) == NotSent("unreachable")
    assert isinstance(await nowhere.get_state(CHARGE, None), Unknown)
    await nowhere.close()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_provider_that_does_not_answer_leaves_it_unknown(desk: Desk, call: Call) -> None:
    desk.silent = asyncio.Event()
    hasty = sandbox_at(desk.url, timeout=0.2)
    assert await call(hasty) == Unknown("TimeoutError")
    assert await hasty.get_state(CHARGE, None) == Unknown("TimeoutError")
    await hasty.close()


async def test_a_connection_that_is_cut_leaves_it_unknown() -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(cuts, "127.0.0.1", 0)
    sandbox = sandbox_at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert isinstance(await sandbox.charge_mobile(CHARGE), Unknown)
    await sandbox.close()
    server.close()
    await server.wait_closed()


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
    assert signature == sign(f"payment={CHARGE.id}".encode())


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


async def test_closing_what_was_never_opened_is_nothing() -> None:
    await sandbox_apart().close()
