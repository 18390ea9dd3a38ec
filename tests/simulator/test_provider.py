"""The sandbox provider as the product meets it: signatures, keys, charges, the desk."""

from typing import Any

import pytest

from tests.simulator.peers import Shop, sign


async def test_a_mobile_charge_takes_money_from_the_phone_at_once(shop: Shop) -> None:
    status, answer = await shop.charge(payment="p1", amount=113_00)
    assert (status, answer["status"], answer["reason"]) == (200, "succeeded", None)
    (event,) = await shop.heard()
    assert shop.genuine == [True]
    assert event.pop("event")
    assert event.pop("at")
    assert event == {
        "kind": "payment.succeeded",
        "id": answer["id"],
        "payment": "p1",
        "merchant": "alianstelecom-demo",
        "account": "100080",
        "amount": 113_00,
        "currency": "RUB",
        "test": True,
        "method": "mobile",
        "card": None,
        "reason": None,
    }
    async with shop.session.get(f"{shop.world.url}/phone/provider/balance/79140000001") as balance:
        assert await balance.json() == {"kopecks": 5_000_00 - 113_00}


async def test_a_second_request_for_a_mobile_charge_charges_again(shop: Shop) -> None:
    first, second = await shop.charge(payment="p1"), await shop.charge(payment="p1")
    assert first[1]["id"] != second[1]["id"]
    found = await shop.payments("p1")
    assert [one["id"] for one in found] == [first[1]["id"], second[1]["id"]]
    assert {(one["status"], one["kind"], one["amount"]) for one in found} == {("succeeded", "mobile", 100_00)}


async def test_a_second_request_for_a_checkout_is_the_same_checkout(shop: Shop) -> None:
    first, second = await shop.checkout(payment="p1"), await shop.checkout(payment="p1")
    assert first == second
    status, answer = first
    assert (status, answer["status"]) == (201, "pending")
    assert answer["url"] == f"{shop.world.url}/provider/card/{answer['id']}"
    assert [(one["id"], one["status"]) for one in await shop.books()] == [(answer["id"], "pending")]


async def test_a_payment_key_is_not_used_for_another_sum(shop: Shop) -> None:
    await shop.checkout(payment="p1")
    assert await shop.checkout(payment="p1", amount=200_00) == (409, {"error": "payment_reused"})


async def test_an_unknown_payment_never_arrived(shop: Shop) -> None:
    assert await shop.payments("nobody") == []


@pytest.mark.parametrize("path", ["/provider/checkouts", "/provider/mobile-charges"])
async def test_a_request_with_another_key_is_refused(shop: Shop, path: str) -> None:
    assert await shop.post(path, shop.order(), key=b"other") == (401, {"error": "signature"})
    assert await shop.books() == []


@pytest.mark.parametrize(
    "query,signature,status",
    [
        ("payment=p1", sign(b"payment=p1"), 200),
        ("payment=p2", sign(b"payment=p1"), 401),
        ("payment=p1", "", 401),
        ("payment=p1", "подпись", 401),
        ("other=p1", sign(b"other=p1"), 400),
    ],
)
async def test_a_question_needs_a_signature_and_a_payment(
    shop: Shop, query: str, signature: str, status: int
) -> None:
    url = f"{shop.world.url}/provider/payments?{query}"
    async with shop.session.get(url, headers={"X-Signature": signature}) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    "changes,refusal",
    [
        ({"amount": "100"}, (400, "malformed")),
        ({"amount": True}, (400, "malformed")),
        ({"amount": 100.0}, (400, "malformed")),
        ({"amount": 9_99}, (422, "amount")),
        ({"amount": 15_000_00}, (422, "amount")),
        ({"currency": "USD"}, (422, "currency")),
        ({"merchant": "another"}, (422, "merchant")),
        ({"account": "10008O"}, (422, "account")),
        ({"test": False}, (422, "test_only")),
        ({"phone": "+7914"}, (422, "phone")),
        ({"payment": ""}, (400, "malformed")),
        ({"callback_url": "ftp://x"}, (400, "malformed")),
    ],
)
async def test_an_order_that_is_not_as_agreed_is_refused(
    shop: Shop, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    status, code = refusal
    assert await shop.charge(**changes) == (status, {"error": code})
    assert await shop.books() == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_object_is_refused(shop: Shop, body: bytes) -> None:
    assert await shop.post("/provider/checkouts", body) == (400, {"error": "malformed"})


async def test_a_phone_without_money_is_declined(shop: Shop) -> None:
    assert await shop.phone("provider/balance/79140000001", {"kopecks": 50_00}) == (200, {"kopecks": 50_00})
    _, answer = await shop.charge()
    assert (answer["status"], answer["reason"]) == ("declined", "insufficient_funds")
    (event,) = await shop.heard()
    assert (event["kind"], event["reason"]) == ("payment.declined", "insufficient_funds")


async def test_a_charge_can_stay_pending_until_it_is_settled(shop: Shop) -> None:
    await shop.faults(mobile_pending=1)
    _, answer = await shop.charge(payment="p1")
    assert answer["status"] == "pending"
    assert shop.told == []
    status, settled = await shop.phone("provider/settle", {"payment": "p1", "status": "succeeded"})
    assert (status, settled["status"]) == (200, "succeeded")
    assert (await shop.heard())[0]["kind"] == "payment.succeeded"
    assert await shop.phone("provider/settle", {"id": answer["id"], "status": "declined"}) == (
        409,
        {"error": "settled"},
    )


async def test_a_success_may_follow_a_decline(shop: Shop) -> None:
    await shop.faults(mobile_declined=1)
    _, answer = await shop.charge()
    await shop.heard()
    await shop.phone("provider/settle", {"id": answer["id"], "status": "declined"})
    await shop.phone("provider/settle", {"id": answer["id"], "status": "succeeded"})
    assert sorted(event["kind"] for event in await shop.heard(3)) == [
        "payment.declined",
        "payment.declined",
        "payment.succeeded",
    ]
    assert len({event["event"] for event in shop.told}) == 3


@pytest.mark.parametrize(
    "path,asked,refusal",
    [
        ("provider/settle", {"payment": "p1", "status": "paid"}, (400, "status")),
        ("provider/settle", {"payment": "nobody", "status": "declined"}, (404, "charge")),
        ("provider/resend", {"payment": "p1"}, (409, "nothing_told")),
        ("provider/resend", [], (400, "malformed")),
        ("provider/balance/79140000001", {"kopecks": -1}, (400, "kopecks")),
        ("provider/balance/79140000001", {"kopecks": "5"}, (400, "kopecks")),
    ],
)
async def test_the_desk_says_what_it_cannot_do(
    shop: Shop, path: str, asked: object, refusal: tuple[int, str]
) -> None:
    await shop.checkout(payment="p1")
    status, code = refusal
    assert await shop.phone(path, asked) == (status, {"error": code})


async def test_a_desk_that_is_told_no_json_refuses(shop: Shop) -> None:
    async with shop.session.post(f"{shop.world.url}/phone/provider/resend", data=b"{") as answer:
        assert answer.status == 400
