"""The way to the product's clock: passed on word for word, and the page's control for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from simulator.world import World, open_world
from tests.deadlines import until
from tests.simulator.test_page import BARE


@dataclass
class Product:
    """Has a clock, and goes where it is sent when it is let."""

    url: str = ""
    now: str = "2026-04-27T10:00:00+10:00"
    moving: bool = False
    days_left: int = 0
    refuses: int = 0
    asked: list[bytes] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        assert request.query["token"] == "x"
        if self.refuses:
            raise web.HTTPConflict
        if request.method == "POST":
            self.asked.append(await request.read())
            self.moving, self.days_left = True, 30
        told = {"now": self.now, "zone": "Asia/Vladivostok"}
        return web.json_response({**told, "moving": self.moving, "days_left": self.days_left})


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    there, app = Product(), web.Application()
    app.router.add_route("*", "/clock", there.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/clock?token=x"
    yield there
    await runner.cleanup()


@pytest.fixture
async def timed(product: Product) -> AsyncIterator[World]:
    async with open_world(replace(BARE, clock_url=product.url)) as world:
        yield world


async def ask(world: World, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    method = "GET" if body is None else "POST"
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{world.url}/phone/clock", data=body) as answer,
    ):
        return answer.status, await answer.json()


async def test_what_the_page_asks_is_passed_on(timed: World, product: Product) -> None:
    told = {"now": product.now, "zone": "Asia/Vladivostok", "moving": False, "days_left": 0}
    assert await ask(timed) == (200, told)
    assert (await ask(timed, b'{"days": 30}'))[1]["moving"] is True
    assert product.asked == [b'{"days": 30}']
    product.refuses = 1
    assert await ask(timed, b'{"days": 30}') == (409, {"error": "refused"})


async def test_a_product_that_is_away_is_said_to_be(product: Product) -> None:
    nowhere = replace(BARE, clock_url="http://127.0.0.1:9/clock?token=x")
    async with open_world(nowhere) as world:
        assert await ask(world) == (502, {"error": "no_answer"})


async def test_without_an_address_there_is_no_clock_and_no_control(world: World, page: Page) -> None:
    assert await ask(world) == (404, {"error": "no_clock"})
    await page.goto(world.url)
    await expect(page.get_by_test_id("sms-input")).to_be_attached()
    await expect(page.get_by_test_id("time")).to_be_hidden()


async def test_the_date_follows_the_clock_while_it_moves(timed: World, product: Product, page: Page) -> None:
    await page.goto(timed.url)
    shown, progress = page.get_by_test_id("time-now"), page.get_by_test_id("time-progress")
    await expect(shown).to_contain_text("27 апреля 2026")
    await expect(progress).to_be_hidden()
    await page.get_by_test_id("time-30").click()
    await expect(progress).to_be_visible()
    assert product.asked == [b'{"days":30}']
    for button in ("time-1", "time-7", "time-30"):
        await expect(page.get_by_test_id(button)).to_be_disabled()
    product.now, product.days_left = "2026-05-07T10:00:00+10:00", 20
    await expect(shown).to_contain_text("7 мая 2026")
    await expect(progress).to_have_js_property("value", 10)
    product.now, product.moving, product.days_left = "2026-05-27T10:00:00+10:00", False, 0
    await expect(shown).to_contain_text("27 мая 2026 г. в 10:00")
    await expect(progress).to_be_hidden()
    await expect(page.get_by_test_id("time-1")).to_be_enabled()


async def test_a_date_waits_for_a_product_that_is_not_there_yet(product: Product, page: Page) -> None:
    product.refuses = 1
    async with open_world(replace(BARE, clock_url=product.url)) as world:
        await page.goto(world.url)
        await expect(page.get_by_test_id("time-now")).to_have_text("Ждём Aliance")
        await expect(page.get_by_test_id("time-1")).to_be_disabled()
        product.refuses = 0
        await expect(page.get_by_test_id("time-now")).to_contain_text("27 апреля 2026")


async def test_what_the_remembered_card_does_is_chosen_on_the_page(timed: World, page: Page) -> None:
    mood = f"{timed.url}/phone/provider/saved-cards"

    async def chosen() -> str:
        async with aiohttp.ClientSession() as http, http.get(mood) as answer:
            return str((await answer.json())["mood"])

    await page.goto(timed.url)
    choice = page.get_by_test_id("card-mood")
    await expect(choice).to_have_value("pays")
    await choice.select_option("card_lost")
    await until(lambda: _is(chosen, "card_lost"))
    async with aiohttp.ClientSession() as http, http.post(mood, json={"mood": "pays"}) as answer:
        assert answer.status == 200
    await expect(choice).to_have_value("pays")


async def _is(chosen: Any, wanted: str) -> bool:
    return bool(await chosen() == wanted)


async def test_the_time_fits_beside_the_title(timed: World, page: Page) -> None:
    await page.goto(timed.url)
    await expect(page.get_by_test_id("time-now")).to_contain_text("2026")
    for width, height in ((1440, 900), (820, 1180), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        boxes = [await page.locator(each).bounding_box() for each in ("h1", "#time", "#language")]
        assert all(boxes)
        for one, other in ((0, 1), (1, 2)):
            a, b = boxes[one], boxes[other]
            assert a
            assert b
            beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            apart = a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
            assert beside or apart, width
