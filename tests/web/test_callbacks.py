"""The provider's callbacks over HTTP: what is genuine is booked once, all else changes nothing."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from core.ids import Payer
from core.money import Money
from core.states import EventState, Method, PaymentState, TransferKind
from core.storage.tables import payment, provider_event
from core.wiring import Core
from tests.web.conftest import KEY, Client
from web import bodies

PLACE = "/callbacks/sandbox"
CAP = 256 * 1024


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Signature": signature, "Content-Type": "application/json"}


async def charged(core: Core) -> str:
    """A card payment of 500 roubles that waits for its outcome; our key."""
    payer = Payer.telegram(1001)
    quote = await core.top_ups.quote(
        payer, number="100080", amount=Money.roubles(500), method=Method.CARD, locale="ru"
    )
    await core.top_ups.confirm(quote.id, by=payer)
    async with core.database.read() as tx:
        return str(await tx.scalar(select(payment.c.id)))


def success(key: str, **changes: Any) -> bytes:
    said = {
        "event": "event-1",
        "kind": "payment.succeeded",
        "id": "000000000001",
        "payment": key,
        "merchant": "alianstelecom-demo",
        "account": "100080",
        "amount": 500_00,
        "currency": "RUB",
        "test": True,
        "method": "card",
        "card": {"mask": "4276 85 xxxx 7173", "saved": False},
        "reason": None,
        "at": "2026-04-27T05:00:00+00:00",
    }
    return json.dumps(said | changes).encode()


async def credits_of(core: Core) -> list[Money]:
    view = await core.statements.ledger("100080")
    return [row.amount for row in view.rows if row.kind == TransferKind.TOP_UP]


async def state_of(core: Core) -> PaymentState:
    async with core.database.read() as tx:
        return PaymentState(await tx.scalar(select(payment.c.state)))


async def stored(core: Core) -> int:
    async with core.database.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(provider_event)))


async def test_a_callback_sent_five_times_credits_once(core: Core, client: Client) -> None:
    body = success(await charged(core))
    for _ in range(5):
        async with client.post(PLACE, data=body, headers=signed(body)) as response:
            assert (response.status, await response.text()) == (200, "OK")
    assert await credits_of(core) == [Money.roubles(500)]
    assert await stored(core) == 1


async def test_callbacks_at_the_same_time_credit_once(core: Core, client: Client) -> None:
    body = success(await charged(core))
    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(client.post(PLACE, data=body, headers=signed(body))) for _ in range(5)]
    assert {each.result().status for each in sent} == {200}
    assert await credits_of(core) == [Money.roubles(500)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"X-Signature": ""},
        {"X-Signature": "0" * 64},
        {"X-Signature": "яблоко".encode().decode("latin-1")},
    ],
)
async def test_a_callback_that_is_not_the_providers_changes_nothing(
    core: Core, client: Client, headers: dict[str, str]
) -> None:
    body = success(await charged(core))
    async with client.post(PLACE, data=body, headers=headers) as response:
        assert response.status == 403
    assert await credits_of(core) == []
    assert await stored(core) == 0


async def test_a_signature_holds_for_its_own_bytes_alone(core: Core, client: Client) -> None:
    key = await charged(core)
    signature = signed(success(key))
    async with client.post(PLACE, data=success(key, amount=5_000_00), headers=signature) as response:
        assert response.status == 403
    async with client.post(PLACE, data=success(key), headers=signed(success(key), "other")) as response:
        assert response.status == 403
    assert await credits_of(core) == []


@pytest.mark.parametrize(
    "changes",
    [{"merchant": "somebody-else"}, {"test": False}, {"amount": 500.0}, {"amount": -1}, {"payment": "x"}],
)
async def test_a_signed_callback_that_is_not_for_us_is_refused(
    core: Core, client: Client, changes: dict[str, Any]
) -> None:
    body = success(await charged(core), **changes)
    async with client.post(PLACE, data=body, headers=signed(body)) as response:
        assert response.status in (400, 403)
    assert await credits_of(core) == []


@pytest.mark.parametrize("changes", [{"amount": 499_00}, {"account": "166301"}])
async def test_money_that_does_not_fit_its_intent_is_held(
    core: Core, client: Client, changes: dict[str, Any]
) -> None:
    body = success(await charged(core), **changes)
    async with client.post(PLACE, data=body, headers=signed(body)) as response:
        assert response.status == 200
    assert await credits_of(core) == []
    assert await state_of(core) == PaymentState.HELD


async def test_money_of_another_currency_is_left_to_staff(core: Core, client: Client) -> None:
    body = success(await charged(core), currency="USD")
    async with client.post(PLACE, data=body, headers=signed(body)) as response:
        assert response.status == 200
    assert await credits_of(core) == []
    async with core.database.read() as tx:
        assert await tx.scalar(select(provider_event.c.state)) == EventState.REFUSED


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_the_cap_is_refused(core: Core, client: Client, chunked: bool) -> None:
    async def pieces() -> Any:
        for _ in range(CAP // 1024 + 1):
            yield b"x" * 1024

    data = pieces() if chunked else b"x" * (CAP + 1)
    async with client.post(PLACE, data=data, headers={"X-Signature": "0"}) as response:
        assert response.status == 413
    assert await stored(core) == 0


async def test_a_body_of_the_caps_size_is_read(core: Core, client: Client) -> None:
    body = success(await charged(core))
    body += b" " * (CAP - len(body))
    async with client.post(PLACE, data=body, headers=signed(body)) as response:
        assert response.status == 200


async def test_two_values_under_one_name_are_refused(core: Core, client: Client) -> None:
    body = success(await charged(core))
    async with client.post(f"{PLACE}?a=1&a=2", data=body, headers=signed(body)) as response:
        assert response.status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(PLACE, data=b"AMOUNT=1&AMOUNT=500", headers=form) as response:
        assert response.status == 400
    twice = body.replace(b'"amount": 50000', b'"amount": 1, "amount": 50000')
    async with client.post(PLACE, data=twice, headers=signed(twice)) as response:
        assert response.status == 400
    assert await stored(core) == 0


async def test_a_form_that_is_no_text_is_refused(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for data in (b"a=%ff", b"\xff=1", b"&".join(b"f%d=1" % n for n in range(200))):
        async with client.post(PLACE, data=data, headers=form) as response:
            assert response.status == 400


async def test_a_provider_that_we_do_not_have_is_told_so(client: Client) -> None:
    async with client.post("/callbacks/nobody", data=b"{}") as response:
        assert response.status == 404


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"POST /callbacks/sandbox HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
    assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    await writer.wait_closed()
