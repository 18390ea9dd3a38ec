"""The card page as a payer uses it: forms over HTTP, every outcome, and once in a browser."""

import re
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from simulator.provider import cards
from simulator.provider.books import PHONE_KOPECKS
from simulator.provider.words import WORDS, roubles
from tests.simulator.peers import Shop

GOOD = {"number": "4276 8500 0003 7173", "expiry": "12/40", "cvc": "123"}
MASK = "4276 85 xxxx 7173"


@dataclass
class Seen:
    """One page: its HTML, and what it marks for tests."""

    status: int
    path: str
    html: str

    def marked(self, testid: str) -> list[str]:
        return [text.strip() for text in re.findall(rf'data-testid="{testid}"[^>]*>([^<]*)<', self.html)]

    @property
    def form(self) -> str:
        found = re.search(r'name="form" value="([^"]+)"', self.html)
        assert found, self.html
        return found[1]


class Payer:
    def __init__(self, shop: Shop, url: str) -> None:
        self.shop = shop
        self.url = url

    async def look(self, query: str = "") -> Seen:
        async with self.shop.session.get(self.url + query) as answer:
            return await self._seen(answer)

    async def pay(self, form: str | None = None, **given: str) -> Seen:
        data = {**GOOD, "form": form or (await self.look("?other=1")).form, **given}
        async with self.shop.session.post(self.url, data=data) as answer:
            return await self._seen(answer)

    async def _seen(self, answer: aiohttp.ClientResponse) -> Seen:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return Seen(answer.status, answer.url.path, await answer.text())


async def payer(shop: Shop, **order: Any) -> Payer:
    _, answer = await shop.checkout(**order)
    return Payer(shop, answer["url"])


async def test_a_card_pays_and_the_result_names_mask_sum_and_transaction(shop: Shop) -> None:
    who = await payer(shop, payment="p1", amount=1_234_50)
    assert (await who.look()).marked("card-amount") == ["1\u00a0234,50\u00a0₽"]
    result = await who.pay()
    assert result.path.endswith("/result")
    assert result.marked("result-status") == ["Оплата прошла"]
    assert result.marked("result-mask") == [MASK]
    assert result.marked("result-amount") == ["1\u00a0234,50\u00a0₽"]
    (event,) = await shop.heard()
    assert (event["kind"], event["method"], event["amount"]) == ("payment.succeeded", "card", 1_234_50)
    assert event["card"] == {"mask": MASK, "saved": False}
    assert result.marked("result-transaction") == [event["id"]]
    assert 'href="http://127.0.0.1/paid"' in result.html
    assert [(one["status"], one["card_mask"]) for one in await shop.payments("p1")] == [("succeeded", MASK)]


@pytest.mark.parametrize(
    "given,message",
    [
        ({"number": "4276 8500 0003 7174"}, "wrong_number"),
        ({"number": ""}, "wrong_number"),
        ({"number": "4276 8500 0003"}, "wrong_number"),
        ({"number": "٤276850000037173"}, "wrong_number"),
        ({"expiry": "13/40"}, "wrong_expiry"),
        ({"expiry": "soon"}, "wrong_expiry"),
        ({"expiry": "01/20"}, "expired"),
        ({"expiry": "01/99"}, "expired"),
        ({"cvc": "12"}, "wrong_cvc"),
        ({"cvc": "12a"}, "wrong_cvc"),
    ],
)
async def test_a_mistake_in_the_card_is_named_and_nothing_is_paid(
    shop: Shop, given: dict[str, str], message: str
) -> None:
    who = await payer(shop, payment="p1")
    page = await who.pay(**given)
    assert page.status == 422
    assert page.marked("card-error") == [WORDS["ru"][message]]
    assert GOOD["cvc"] not in re.sub(r"<script.*|<td>.*", "", page.html)
    assert [one["status"] for one in await shop.payments("p1")] == ["pending"]


async def test_the_same_form_twice_pays_once(shop: Shop) -> None:
    who = await payer(shop, payment="p1")
    form = (await who.look()).form
    first, second = await who.pay(form), await who.pay(form)
    assert first.marked("result-transaction") == second.marked("result-transaction")
    assert len(await shop.heard()) == 1
    assert len(await shop.payments("p1")) == 1


async def test_two_tabs_pay_once(shop: Shop) -> None:
    who = await payer(shop)
    one, other = (await who.look()).form, (await who.look()).form
    await who.pay(one)
    assert (await who.pay(other)).marked("result-status") == ["Оплата прошла"]
    assert (await who.look()).path.endswith("/result")
    assert len(await shop.heard()) == 1


@pytest.mark.parametrize("number,reason", cards.DECLINES.items())
async def test_a_declined_card_can_be_followed_by_one_that_pays(shop: Shop, number: str, reason: str) -> None:
    who = await payer(shop, payment="p1")
    form = (await who.look()).form
    declined = await who.pay(form, number=number)
    assert declined.marked("result-status") == ["Банк отклонил оплату"]
    assert declined.marked("result-reason") == [WORDS["ru"][reason]]
    assert (await who.pay(form)).marked("result-status") == ["Банк отклонил оплату"]
    assert (await who.pay()).marked("result-status") == ["Оплата прошла"]
    events = await shop.heard(2)
    assert {(event["kind"], event["reason"]) for event in events} == {
        ("payment.declined", reason),
        ("payment.succeeded", None),
    }
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_a_card_can_stay_with_the_bank(shop: Shop) -> None:
    who = await payer(shop, payment="p1")
    assert (await who.pay(number=cards.PENDING_CARD)).marked("result-status") == ["Банк проверяет оплату"]
    assert (await who.look()).path.endswith("/result")
    assert shop.told == []
    await shop.phone("provider/settle", {"payment": "p1", "status": "declined"})
    assert (await who.look("/result")).marked("result-reason") == [WORDS["ru"]["other"]]


async def test_a_remembered_card_asks_for_its_cvc_alone(shop: Shop) -> None:
    await (await payer(shop)).pay(remember="on")
    assert (await shop.heard())[0]["card"] == {"mask": MASK, "saved": True}
    again = await payer(shop)
    page = await again.look()
    assert page.marked("card-saved") == [MASK]
    assert 'name="number"' not in page.html
    wrong = await again.pay(page.form, card="saved", number="", expiry="", cvc="1")
    assert wrong.marked("card-error") == [WORDS["ru"]["wrong_cvc"]]
    assert wrong.marked("card-saved") == [MASK]
    paid = await again.pay(wrong.form, card="saved", number="", expiry="", cvc="321")
    assert paid.marked("result-mask") == [MASK]
    assert (await shop.heard(2))[1]["card"] == {"mask": MASK, "saved": True}


async def test_another_card_can_be_paid_with_and_forgets_nothing(shop: Shop) -> None:
    await (await payer(shop)).pay(remember="on")
    again = await payer(shop)
    assert 'name="number"' in (await again.look("?other=1")).html
    assert (await again.pay(number="2200850000000002")).marked("result-mask") == ["2200 85 xxxx 0002"]
    assert (await shop.heard(2))[1]["card"] == {"mask": "2200 85 xxxx 0002", "saved": False}
    assert (await (await payer(shop)).look()).marked("card-saved") == [MASK]


async def test_a_card_is_shown_to_its_payer_only(shop: Shop) -> None:
    await (await payer(shop)).pay(remember="on")
    other = await payer(shop, payer="telegram:1002")
    assert (await other.look()).marked("card-saved") == []
    assert 'name="number"' in (await other.pay(card="saved")).html


async def test_no_card_number_is_kept(shop: Shop) -> None:
    who = await payer(shop)
    await who.pay(remember="on")
    kept = repr([vars_of(one) for one in (shop.world.provider.books, shop.world.provider.books.all())])
    assert "4276850000037173" not in kept
    assert MASK in kept


def vars_of(thing: object) -> object:
    return vars(thing) if hasattr(thing, "__dict__") else thing


async def test_a_checkout_that_does_not_exist_has_a_page_that_says_so(shop: Shop) -> None:
    nobody = Payer(shop, f"{shop.world.url}/provider/card/123")
    assert [(await nobody.look()).status, (await nobody.look("/result")).status] == [404, 404]
    assert (await nobody.pay("form")).status == 404
    _, mobile = await shop.charge()
    assert (await Payer(shop, f"{shop.world.url}/provider/card/{mobile['id']}").look()).status == 404


async def test_a_result_before_the_payment_leads_to_the_form(shop: Shop) -> None:
    assert (await (await payer(shop)).look("/result")).marked("card-amount")


async def test_the_page_speaks_english_when_asked(shop: Shop) -> None:
    who = await payer(shop, amount=1_234_50)
    page = await who.look("?lang=en")
    assert page.marked("card-amount") == ["1\u00a0234.50\u00a0₽"]
    assert WORDS["ru"].keys() == WORDS["en"].keys()
    assert roubles(PHONE_KOPECKS, "en") == "5\u00a0000.00\u00a0₽"


async def test_a_payer_pays_in_a_browser_with_the_test_card_offered(shop: Shop, page: Page) -> None:
    who = await payer(shop)
    await page.goto(who.url)
    await page.get_by_test_id("card-pay").click()
    await expect(page.get_by_test_id("card-error")).to_have_count(3)
    await page.get_by_test_id("card-number").press_sequentially("42768500000371739999")
    await expect(page.get_by_test_id("card-number")).to_have_value("4276 8500 0003 7173 999")
    await page.get_by_test_id("card-fill-test").click()
    await expect(page.get_by_test_id("card-number")).to_have_value("4276 8500 0003 7173")
    await page.get_by_test_id("card-remember").check()
    await page.get_by_test_id("card-pay").click()
    await expect(page.get_by_test_id("result-mask")).to_have_text(MASK)
    await expect(page.get_by_test_id("result-back")).to_have_attribute("href", "http://127.0.0.1/paid")
    assert (await shop.heard())[0]["card"] == {"mask": MASK, "saved": True}
