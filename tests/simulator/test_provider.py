"""The sandbox provider as the product meets it: signatures, keys, charges, callbacks, faults."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.deadlines import until
from tests.simulator.peers import Shop, sign


async def books(shop: Shop) -> list[dict[str, Any]]:
    async with shop.session.get(f"{shop.world.url}/provider/books") as answer:
        charges: list[dict[str, Any]] = (await answer.json())["charges"]
        return charges


async def told(shop: Shop, count: int = 1) -> list[dict[str, Any]]:
    await until(lambda: len(shop.told) >= count)
    return shop.told


async def test_a_mobile_charge_takes_money_from_the_phone_at_once(shop: Shop) -> None:
    status, answer = await shop.charge(payment="p1", amount=113_00)
    assert (status, answer["status"], answer["reason"]) == (200, "succeeded", None)
    (event,) = await told(shop)
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
    assert [(one["id"], one["status"]) for one in await books(shop)] == [(answer["id"], "pending")]


async def test_a_payment_key_is_not_used_for_another_sum(shop: Shop) -> None:
    await shop.checkout(payment="p1")
    assert await shop.checkout(payment="p1", amount=200_00) == (409, {"error": "payment_reused"})


async def test_an_unknown_payment_never_arrived(shop: Shop) -> None:
    assert await shop.payments("nobody") == []


@pytest.mark.parametrize("path", ["/provider/checkouts", "/provider/mobile-charges"])
async def test_a_request_with_another_key_is_refused(shop: Shop, path: str) -> None:
    assert await shop.post(path, shop.order(), key=b"other") == (401, {"error": "signature"})
    assert await books(shop) == []


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
    assert await books(shop) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_object_is_refused(shop: Shop, body: bytes) -> None:
    assert await shop.post("/provider/checkouts", body) == (400, {"error": "malformed"})


async def test_a_phone_without_money_is_declined(shop: Shop) -> None:
    assert await shop.phone("provider/balance/79140000001", {"kopecks": 50_00}) == (200, {"kopecks": 50_00})
    _, answer = await shop.charge()
    assert (answer["status"], answer["reason"]) == ("declined", "insufficient_funds")
    (event,) = await told(shop)
    assert (event["kind"], event["reason"]) == ("payment.declined", "insufficient_funds")


async def test_a_charge_can_stay_pending_until_it_is_settled(shop: Shop) -> None:
    await shop.faults(mobile_pending=1)
    _, answer = await shop.charge(payment="p1")
    assert answer["status"] == "pending"
    assert shop.told == []
    status, settled = await shop.phone("provider/settle", {"payment": "p1", "status": "succeeded"})
    assert (status, settled["status"]) == (200, "succeeded")
    assert (await told(shop))[0]["kind"] == "payment.succeeded"
    assert await shop.phone("provider/settle", {"id": answer["id"], "status": "declined"}) == (
        409,
        {"error": "settled"},
    )


async def test_a_success_may_follow_a_decline(shop: Shop) -> None:
    await shop.faults(mobile_declined=1)
    _, answer = await shop.charge()
    await told(shop)
    await shop.phone("provider/settle", {"id": answer["id"], "status": "declined"})
    await shop.phone("provider/settle", {"id": answer["id"], "status": "succeeded"})
    assert sorted(event["kind"] for event in await told(shop, 3)) == [
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


async def test_a_callback_is_repeated_until_it_is_answered_ok(shop: Shop) -> None:
    shop.answers = [(500, ""), (200, "YES"), (404, "OK")]
    await shop.charge()
    events = await told(shop, 4)
    assert events == [events[0]] * 4
    assert shop.genuine == [True] * 4


async def test_a_callback_waits_for_a_shop_that_is_down(shop: Shop) -> None:
    knocks: list[asyncio.StreamWriter] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append(writer)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await shop.charge(callback_url=f"http://127.0.0.1:{port}/")
        await until(lambda: len(knocks) >= 3)


async def test_an_old_callback_can_be_sent_again_word_for_word(shop: Shop) -> None:
    _, answer = await shop.charge()
    await told(shop)
    await shop.phone("provider/resend", {"id": answer["id"]})
    first, second = await told(shop, 2)
    assert first == second


async def test_callbacks_come_as_often_as_told(shop: Shop) -> None:
    await shop.faults(callback_times=10)
    await shop.charge()
    events = await told(shop, 10)
    assert events == [events[0]] * 10


async def test_callbacks_can_be_off_and_the_books_know_all_the_same(shop: Shop) -> None:
    await shop.faults(callbacks=False)
    _, silent = await shop.charge()
    await shop.faults(callbacks=True)
    _, loud = await shop.charge()
    assert [event["id"] for event in await told(shop)] == [loud["id"]]
    assert {one["id"] for one in await books(shop)} == {silent["id"], loud["id"]}


async def test_a_delayed_callback_comes_after_one_that_is_not(shop: Shop) -> None:
    await shop.faults(callback_delay=0.2)
    _, late = await shop.charge()
    await shop.faults(callback_delay=0.0)
    _, prompt = await shop.charge()
    assert [event["id"] for event in await told(shop, 2)] == [prompt["id"], late["id"]]


@pytest.mark.parametrize(
    "field,lie", [("amount", 101_00), ("currency", "USD"), ("account", "9999999999"), ("test", False)]
)
async def test_a_callback_can_lie_about_one_field(shop: Shop, field: str, lie: object) -> None:
    shop.answers = [(400, "no")]
    await shop.faults(callback_wrong=field)
    _, first = await shop.charge()
    await told(shop)
    await shop.faults(callback_wrong="")
    await shop.charge()
    wrong, right = await told(shop, 2)  # a lie comes once, though it was refused
    assert shop.genuine == [True, True]
    assert wrong == {**right, "event": wrong["event"], "at": wrong["at"], "id": first["id"], field: lie,
                     "payment": wrong["payment"]}  # fmt: skip


async def test_a_forged_signature_comes_once(shop: Shop) -> None:
    shop.answers = [(403, "no")]
    await shop.faults(forge_signature=1)
    await shop.charge()
    await told(shop)
    await shop.charge()
    await told(shop, 2)
    assert shop.genuine == [False, True]


async def test_refusing_with_500_charges_nothing(shop: Shop) -> None:
    await shop.faults(refuse_500=1)
    assert await shop.charge() == (500, {"error": "out_of_order"})
    assert await books(shop) == []
    assert (await shop.charge())[0] == 200


async def test_charging_then_500_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_500=1)
    assert (await shop.charge(payment="p1"))[0] == 500
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_charging_then_a_reset_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_reset=1)
    with pytest.raises(aiohttp.ClientError):
        await shop.charge(payment="p1")
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_an_answer_after_the_client_gave_up_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_late=1, late_seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await shop.charge(payment="p1")
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_a_late_answer_is_the_right_one(shop: Shop) -> None:
    await shop.faults(charge_then_late=1, late_seconds=0.01)
    assert (await shop.charge())[1]["status"] == "succeeded"


@pytest.mark.parametrize(
    "asked",
    [
        {"provider": {"unknown": 1}},
        {"provider": {"refuse_500": -1}},
        {"provider": {"refuse_500": True}},
        {"provider": {"callbacks": 1}},
        {"provider": {"callback_delay": "1"}},
        {"provider": {"callback_wrong": "payment"}},
        {"smsc": {"throttle": 1.5}},
        {"bot_api": {"unknown": True}},
        {"weather": {}},
        {"smsc": 1},
        [],
    ],
)
async def test_a_fault_that_does_not_exist_is_refused(shop: Shop, asked: object) -> None:
    status, answer = await shop.phone("faults", asked)
    assert status == 400
    assert answer["error"]


async def test_faults_can_be_calmed(shop: Shop) -> None:
    await shop.faults(refuse_500=5, callbacks=False)
    assert await shop.phone("faults", {"provider": None, "smsc": None, "bot_api": None}) == (200, {})
    assert (await shop.charge())[0] == 200
    await told(shop)
