"""The demo page in a browser: the SMS phone, the card page over it, the ledger beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import smpp34
from aiohttp import web
from playwright.async_api import Page, expect

from simulator.world import Options, World, open_world
from tests.simulator.conftest import PHONES, USERS
from tests.simulator.peers import KEY, Shop

PHONE = "79140000001"
BARE = Options(provider_key=KEY.decode(), users=USERS, phones=PHONES)


async def open_link(page: Page, url: str) -> None:
    """As the Telegram phone does when a button with a link is tapped."""
    script = """url => document.getElementById("telegram").dispatchEvent(
        new CustomEvent("open-url", { bubbles: true, detail: { url } }))"""
    await page.evaluate(script, url)


async def test_an_sms_goes_out_and_its_answer_comes_back(world: World, page: Page) -> None:
    product = await smpp34.Client("127.0.0.1", world.smpp_port or 0, "demo", "demo").connect()
    await page.goto(world.url)
    await page.get_by_test_id("sms-hint").first.click()
    await page.get_by_test_id("sms-send").click()
    event = await product.next()
    assert isinstance(event, smpp34.DeliverSmEvent)
    assert (event.source_addr, event.short_message) == (PHONE, b"aliance 100080 100")
    text = "<b>Счёт</b> 100080"
    await product.submit_sm(PHONE, text.encode("utf-16-be"), source_addr="3116", data_coding=8)
    bubbles = page.get_by_test_id("sms-message")
    await expect(bubbles).to_have_count(2)
    await expect(bubbles.nth(0)).to_contain_text("доставлено")
    await expect(bubbles.nth(1)).to_contain_text(text)


async def test_the_line_to_write_in_counts_what_a_text_costs(world: World, page: Page) -> None:
    await page.goto(world.url)
    line, count = page.get_by_test_id("sms-input"), page.locator(".sms-count")
    await expect(page.get_by_test_id("sms-send")).to_be_disabled()
    for text, shown in (("100€", "5/160"), ("да", "2/70"), ("ж" * 71, "2 SMS"), ("x" * 161, "2 SMS")):
        await line.fill(text)
        await expect(count).to_have_text(shown)
    await line.fill("да")
    await line.press("Enter")
    await expect(line).to_have_value("")
    await expect(page.get_by_test_id("sms-message")).to_contain_text("отправляется")


async def test_a_long_answer_shows_its_parts(world: World, page: Page) -> None:
    product = await smpp34.Client("127.0.0.1", world.smpp_port or 0, "demo", "demo").connect()
    for number in (1, 2):
        part = bytes((5, 0, 3, 7, 2, number)) + b"x" * 100
        await product.submit_sm(PHONE, part, source_addr="Info", esm_class=0x40)
    await page.goto(world.url)
    bubble = page.get_by_test_id("sms-message")
    await expect(bubble).to_contain_text("2 SMS")
    await expect(bubble).to_contain_text("от Info")


async def test_another_phone_shows_its_own_texts(world: World, page: Page) -> None:
    assert world.smsc
    world.smsc.send(PHONE, to="3116", text="первый")
    await page.goto(world.url)
    await expect(page.get_by_test_id("sms-message")).to_contain_text("первый")
    await page.get_by_test_id("phone-picker").select_option("79020000002")
    await expect(page.get_by_test_id("sms-message")).to_have_count(0)
    world.smsc.send("79020000002", to="3116", text="второй")
    await expect(page.get_by_test_id("sms-message")).to_contain_text("второй")


async def test_the_phone_shows_what_a_charge_leaves_on_its_account(shop: Shop, page: Page) -> None:
    await page.goto(shop.world.url)
    balance = page.get_by_test_id("phone-balance")
    await expect(balance).to_contain_text("5 000,00")
    await shop.charge(amount=113_00)
    await expect(balance).to_contain_text("4 887,00")


async def test_the_card_page_opens_over_the_page_and_closes_itself(shop: Shop, page: Page) -> None:
    await page.goto(shop.world.url)
    await expect(page.get_by_test_id("sms-message")).to_have_count(0)
    _, checkout = await shop.checkout()
    await open_link(page, checkout["url"])
    overlay, card = page.get_by_test_id("card-overlay"), page.frame_locator("[data-testid=card-frame]")
    await expect(overlay).to_be_visible()
    await page.get_by_test_id("overlay-close").click()
    await expect(overlay).to_be_hidden()
    await open_link(page, checkout["url"])
    await card.get_by_test_id("card-fill-test").click()
    await card.get_by_test_id("card-pay").click()
    await card.get_by_test_id("result-back").click()
    await expect(overlay).to_be_hidden()


async def test_a_login_page_opens_in_a_window_of_its_own_and_a_script_nowhere(
    world: World, page: Page
) -> None:
    await page.goto(world.url)
    await open_link(page, "javascript:document.title='broken'")
    async with page.expect_popup() as opened:
        await open_link(page, f"{world.url}/phone/config")
    assert (await opened.value).url == f"{world.url}/phone/config"
    await expect(page.get_by_test_id("card-overlay")).to_be_hidden()
    await expect(page).to_have_title("Aliance")
    assert len(page.context.pages) == 2


async def test_the_page_speaks_two_languages_and_remembers(world: World, page: Page) -> None:
    await page.goto(world.url)
    await expect(page.get_by_test_id("hint")).to_have_text("100080 / secret")
    await expect(page.get_by_test_id("sms-input")).to_have_attribute("placeholder", "Сообщение")
    await page.get_by_test_id("language").click()
    await expect(page.get_by_test_id("sms-input")).to_have_attribute("placeholder", "Message")
    await page.reload()
    await expect(page.get_by_text("Pay by SMS.")).to_be_visible()


@asynccontextmanager
async def ledger_on(port: int) -> AsyncIterator[str]:
    async def show(_: web.Request) -> web.Response:
        return web.Response(text="<p>100080</p>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/ledger/100080", show)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/ledger/100080?token=x"
    await runner.cleanup()


async def test_the_ledger_opens_once_the_product_runs(page: Page) -> None:
    async with ledger_on(0) as url:
        port = int(url.split(":")[2].split("/")[0])
    async with open_world(replace(BARE, ledger_url=url)) as world:
        await page.goto(world.url)
        await expect(page.locator("#ledger .note")).to_be_visible()
        async with ledger_on(port):
            frame = page.frame_locator("[data-testid=ledger-frame]")
            await expect(frame.get_by_text("100080")).to_be_visible()


async def test_what_is_replaced_by_the_real_thing_is_said(page: Page) -> None:
    async with open_world(replace(BARE, smsc=False)) as world:
        await page.goto(world.url)
        await expect(page.get_by_test_id("sms-phone")).to_contain_text("внешний SMS-центр")
        await expect(page.get_by_test_id("telegram-phone")).to_contain_text("внешний Telegram")
        await expect(page.locator("#ledger")).to_contain_text("--ledger-url")


async def test_nothing_sticks_out_of_the_screen(world: World, page: Page) -> None:
    await page.goto(world.url)
    await expect(page.get_by_test_id("sms-input")).to_be_attached()
    for width, height in ((1440, 900), (820, 1180), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        await page.get_by_test_id("sms-send").scroll_into_view_if_needed()
        await expect(page.get_by_test_id("sms-send")).to_be_in_viewport()
