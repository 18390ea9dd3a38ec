"""Remembered cards at the sandbox provider: tokens, charges with and without the payer, declines, refunds."""

from typing import Any

import pytest

from simulator.provider.words import WORDS
from tests.simulator.peers import Shop
from tests.simulator.test_card_page import MASK, Payer, payer


async def remembered(shop: Shop) -> str:
    """The token of a card that a payer paid with and had remembered."""
    who = await payer(shop, payment="first", save=True)
    await who.pay(remember="on")
    saved = (await shop.payments("first"))[0]["saved"]
    assert (saved["mask"], saved["expires"]) == (MASK, "2040-12")
    token: str = saved["token"]
    return token


async def charge(shop: Shop, token: str, **changes: Any) -> tuple[int, dict[str, Any]]:
    order = shop.order(payer="telegram:1001", token=token) | changes
    return await shop.post("/provider/saved-charges", order)


async def mood(shop: Shop, named: str) -> None:
    assert await shop.phone("provider/saved-cards", {"mood": named}) == (200, {"mood": named})


@pytest.mark.parametrize("wished, checked", [(True, True), (False, False)])
async def test_the_box_is_ticked_where_the_product_said_so(shop: Shop, wished: bool, checked: bool) -> None:
    page = await (await payer(shop, save=wished)).look()
    assert ("checked" in page.html) is checked


async def test_a_card_whose_box_is_not_ticked_leaves_no_token(shop: Shop) -> None:
    await (await payer(shop, payment="p1", save=True)).pay()
    assert (await shop.payments("p1"))[0]["saved"] is None


async def test_the_token_is_told_to_who_asks_with_the_key_and_to_nobody_else(shop: Shop) -> None:
    token = await remembered(shop)
    (event,) = await shop.heard()
    assert event["card"] == {"mask": MASK, "saved": True}
    assert token not in repr((event, await shop.books(), shop.world.provider.books.all()))


async def test_a_card_remembered_twice_has_one_token(shop: Shop) -> None:
    token = await remembered(shop)
    await (await payer(shop, payment="p2")).pay(remember="on")
    assert (await shop.payments("p2"))[0]["saved"]["token"] == token


async def test_a_mandates_charge_is_made_once_however_often_it_is_asked_for(shop: Shop) -> None:
    token = await remembered(shop)
    order = shop.order(payer="telegram:1001", token=token, payment="p1")
    first = await shop.post("/provider/saved-charges", order)
    await mood(shop, "insufficient_funds")
    assert await shop.post("/provider/saved-charges", order) == first
    status, answer = first
    assert (status, answer["status"], answer["card_mask"], answer["url"]) == (200, "succeeded", MASK, None)
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]
    events = await shop.heard(2)
    assert (events[1]["kind"], events[1]["id"]) == ("payment.succeeded", answer["id"])
    assert (await charge(shop, token, payment="p1", amount=200_00))[0] == 409


async def test_a_mandates_charge_has_no_page(shop: Shop) -> None:
    _, answer = await charge(shop, await remembered(shop))
    nobody = Payer(shop, f"{shop.world.url}/provider/card/{answer['id']}")
    assert (await nobody.look()).status == 404


async def test_a_payer_who_is_there_gives_the_cvc_alone(shop: Shop) -> None:
    token = await remembered(shop)
    status, answer = await charge(shop, token, payment="p1", return_url="http://127.0.0.1/paid")
    assert (status, answer["status"]) == (200, "pending")
    who = Payer(shop, answer["url"])
    page = await who.look()
    assert page.marked("card-saved") == [MASK]
    assert 'name="number"' not in page.html
    paid = await who.pay(page.form, card="saved", number="", expiry="", cvc="321")
    assert paid.marked("result-mask") == [MASK]
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


@pytest.mark.parametrize("reason", ["insufficient_funds", "card_lost"])
async def test_remembered_cards_do_what_the_visitor_chose(shop: Shop, reason: str) -> None:
    token = await remembered(shop)
    await mood(shop, reason)
    _, answer = await charge(shop, token)
    assert (answer["status"], answer["reason"]) == ("declined", reason)
    who = await payer(shop)
    declined = await who.pay((await who.look()).form, card="saved", number="", expiry="")
    assert declined.marked("result-reason") == [WORDS["ru"][reason]]
    await mood(shop, "pays")
    assert (await charge(shop, token))[1]["status"] == "succeeded"
    assert await shop.phone("provider/saved-cards", {"mood": "cheerful"}) == (400, {"error": "mood"})


async def test_a_forgotten_card_is_neither_charged_nor_offered(shop: Shop) -> None:
    token = await remembered(shop)
    asked = {"merchant": "alianstelecom-demo", "token": token, "test": True}
    for _ in range(2):
        assert await shop.post("/provider/cards/forget", asked) == (200, {"status": "forgotten"})
    for there in ({}, {"return_url": "http://127.0.0.1/paid"}):
        _, answer = await charge(shop, token, **there)
        assert (answer["status"], answer["reason"], answer["url"]) == ("declined", "card_forgotten", None)
    assert (await (await payer(shop)).look()).marked("card-saved") == []


def refund(charge_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "merchant": "alianstelecom-demo",
        "refund": "r1",
        "id": charge_id,
        "amount": 60_00,
        "currency": "RUB",
        "test": True,
    } | changes


async def test_a_refund_is_made_once_a_key_and_never_above_the_charge(shop: Shop) -> None:
    _, paid = await charge(shop, await remembered(shop))
    first = await shop.post("/provider/refunds", refund(paid["id"]))
    assert first == await shop.post("/provider/refunds", refund(paid["id"]))
    assert (first[0], first[1]["of"], first[1]["amount"]) == (200, paid["id"], 60_00)
    assert (await shop.post("/provider/refunds", refund(paid["id"], amount=10_00)))[0] == 409
    assert await shop.post("/provider/refunds", refund(paid["id"], refund="r2")) == (422, {"error": "amount"})
    assert (await shop.post("/provider/refunds", refund(paid["id"], refund="r2", amount=40_00)))[0] == 200
    assert shop.world.provider.books.refunded(paid["id"]) == 100_00


@pytest.mark.parametrize(
    "changes, refusal",
    [
        ({"id": "404"}, (404, "charge")),
        ({"amount": 0}, (422, "amount")),
        ({"amount": 1.5}, (400, "malformed")),
        ({"currency": "USD"}, (422, "currency")),
        ({"merchant": "another"}, (422, "merchant")),
        ({"test": False}, (422, "test_only")),
        ({"refund": ""}, (400, "malformed")),
    ],
)
async def test_a_refund_that_is_not_as_agreed_is_refused(
    shop: Shop, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    _, paid = await charge(shop, await remembered(shop))
    status, code = refusal
    assert await shop.post("/provider/refunds", refund(paid["id"], **changes)) == (status, {"error": code})


async def test_a_charge_that_was_not_paid_is_not_refunded(shop: Shop) -> None:
    _, open_page = await shop.checkout()
    assert await shop.post("/provider/refunds", refund(open_page["id"])) == (404, {"error": "charge"})


@pytest.mark.parametrize("path", ["saved-charges", "refunds", "cards/forget"])
async def test_what_is_signed_with_another_key_is_refused(shop: Shop, path: str) -> None:
    assert await shop.post(f"/provider/{path}", {}, key=b"other") == (401, {"error": "signature"})
    assert await shop.post(f"/provider/{path}", {}) == (400, {"error": "malformed"})
