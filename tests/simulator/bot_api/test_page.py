"""The Telegram phone in a browser, on the demo's own page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import FilePayload, Page, expect

from simulator.world import Options, Person, World, open_world
from tests.simulator.bot_api.served import TOKEN, USER

CONTACT = {"keyboard": [["Баланс"], [{"text": "Мой номер", "request_contact": True}]]}
INLINE = {
    "inline_keyboard": [
        [{"text": "Пополнить", "callback_data": "pay"}, {"text": "Копия", "copy_text": {"text": "100080"}}],
        [{"text": "Оплатить", "url": "http://127.0.0.1:9/provider/pay"}],
    ]
}


@dataclass
class Demo:
    """The page with a phone on it, and the bot on its other side."""

    page: Page
    world: World
    session: aiohttp.ClientSession
    problems: list[str]

    async def bot(self, method: str, **arguments: object) -> Any:
        place = f"{self.world.url}/bot{TOKEN}/{method}"
        async with self.session.post(place, json=arguments) as answer:
            body = await answer.json()
        assert body["ok"], body
        return body["result"]

    async def says(self, text: str, **more: object) -> int:
        sent = await self.bot("sendMessage", chat_id=USER, text=text, parse_mode="HTML", **more)
        message_id: int = sent["message_id"]
        return message_id

    async def heard(self) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = await self.bot("getUpdates")
        return updates

    async def start(self) -> None:
        await self.page.get_by_test_id("telegram-start").click()
        await expect(self.messages).to_have_count(1)

    @property
    def messages(self) -> Any:
        return self.page.get_by_test_id("telegram-message")

    def button(self, text: str) -> Any:
        return self.page.get_by_test_id("telegram-button").filter(has_text=text)


@pytest.fixture
async def demo(page: Page) -> AsyncIterator[Demo]:
    problems: list[str] = []
    page.on("console", lambda told: problems.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    options = Options(
        provider_key="k", bot_token=TOKEN, smsc=False, users=(Person(str(USER), "Абонент"),), phones=()
    )
    async with open_world(options) as world, aiohttp.ClientSession() as session:
        await page.set_viewport_size({"width": 380, "height": 900})
        await page.goto(world.url)
        opened = Demo(page, world, session, problems)
        yield opened
        await page.goto("about:blank")
        assert problems == []


async def test_a_chat_begins_with_the_start_button_and_the_bots_description(demo: Demo) -> None:
    await demo.bot("setMyDescription", description="Баланс и пополнение")
    await expect(demo.page.get_by_text("Баланс и пополнение")).to_be_visible()
    await demo.start()
    assert [update["message"]["text"] for update in await demo.heard()] == ["/start"]
    await expect(demo.page.get_by_test_id("telegram-input")).to_be_visible()


async def test_entities_become_elements_and_markup_in_a_text_stays_text(demo: Demo) -> None:
    await demo.start()
    await demo.says(
        "<b>👍 Счёт <i>1</i></b> <code>152,40</code> &lt;img src=x&gt; <a href='a.b'>сайт</a> /help"
    )
    shown = demo.messages.last
    await expect(shown.locator("b")).to_have_text("👍 Счёт 1")
    await expect(shown.locator("b i")).to_have_text("1")
    await expect(shown.locator("code")).to_have_text("152,40")
    await expect(shown.locator("img")).to_have_count(0)
    await expect(shown).to_contain_text("<img src=x>")
    await expect(shown.get_by_role("link", name="сайт")).to_have_attribute("href", "http://a.b/")
    await shown.get_by_role("link", name="/help").click()
    await expect(demo.messages).to_have_count(3)
    assert (await demo.heard())[-1]["message"]["text"] == "/help"


async def test_what_a_person_writes_is_sent_as_it_is(demo: Demo) -> None:
    await demo.start()
    line = demo.page.get_by_test_id("telegram-input")
    await line.fill("<b>1 & 2</b> 👍")
    await line.press("Enter")
    await expect(demo.messages.last).to_contain_text("<b>1 & 2</b> 👍")
    await expect(line).to_have_value("")
    await line.fill("ещё")
    await demo.page.get_by_test_id("telegram-send").click()
    await expect(demo.messages).to_have_count(3)
    assert [update["message"]["text"] for update in await demo.heard()][1:] == ["<b>1 & 2</b> 👍", "ещё"]


async def test_a_press_waits_for_its_answer_and_an_edit_stands_in_the_same_place(demo: Demo) -> None:
    await demo.start()
    message_id = await demo.says("Счёт", reply_markup=INLINE)
    await demo.says("ниже")
    await demo.button("Пополнить").click()
    await expect(demo.page.locator(".waits")).to_have_text("Пополнить")
    query = (await demo.heard())[-1]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("pay", message_id)
    await demo.bot("answerCallbackQuery", callback_query_id=query["id"], text="Готово")
    await expect(demo.page.get_by_test_id("telegram-toast")).to_have_text("Готово")
    await expect(demo.page.locator(".waits")).to_have_count(0)
    await demo.bot("editMessageText", chat_id=USER, message_id=message_id, text="Оплата")
    await expect(demo.messages.nth(1)).to_contain_text("Оплата")
    await expect(demo.messages.nth(1)).to_contain_text("изменено")
    await expect(demo.button("Пополнить")).to_have_count(0)
    await demo.bot("deleteMessage", chat_id=USER, message_id=message_id)
    await expect(demo.messages).to_have_count(2)


async def test_an_alert_waits_to_be_closed(demo: Demo) -> None:
    await demo.start()
    await demo.says("Счёт", reply_markup=INLINE)
    await demo.button("Пополнить").click()
    await expect(demo.page.locator(".waits")).to_have_count(1)
    query = (await demo.heard())[-1]["callback_query"]
    await demo.bot(
        "answerCallbackQuery", callback_query_id=query["id"], text="Меню устарело", show_alert=True
    )
    await expect(demo.page.get_by_test_id("telegram-dialog")).to_contain_text("Меню устарело")
    await demo.page.get_by_role("button", name="Понятно").click()
    await expect(demo.page.get_by_test_id("telegram-dialog")).to_have_count(0)


async def test_a_link_is_the_pages_to_open_but_one_to_the_bot_starts_it(demo: Demo) -> None:
    await demo.start()
    await demo.page.evaluate(
        "document.addEventListener('open-url', (event) => {"
        " window.opened = event.detail.url; event.stopImmediatePropagation(); }, true)"
    )
    await demo.says("<a href='https://t.me/aliance_demo_bot?start=tok-1'>бот</a>", reply_markup=INLINE)
    await demo.button("Оплатить").click()
    await demo.page.wait_for_function("window.opened === 'http://127.0.0.1:9/provider/pay'")
    await demo.page.get_by_role("link", name="бот").click()
    await expect(demo.messages.last).to_contain_text("/start tok-1")


async def test_a_contact_is_shared_only_after_a_question(demo: Demo) -> None:
    await demo.start()
    await demo.says("Номер?", reply_markup=CONTACT)
    await demo.button("Мой номер").click()
    await demo.page.get_by_role("button", name="Отмена").click()
    await expect(demo.messages).to_have_count(2)
    await demo.button("Мой номер").click()
    await demo.page.get_by_test_id("telegram-dialog").get_by_role("button", name="Отправить").click()
    await expect(demo.messages.last).to_contain_text("79140001001")
    await demo.button("Баланс").click()
    await expect(demo.messages.last).to_contain_text("Баланс")
    await demo.says("Спасибо", reply_markup={"remove_keyboard": True})
    await expect(demo.button("Баланс")).to_have_count(0)


async def test_commands_are_offered_for_a_slash(demo: Demo) -> None:
    await demo.bot(
        "setMyCommands",
        commands=[
            {"command": "balance", "description": "Баланс"},
            {"command": "pay", "description": "Пополнить"},
        ],
    )
    await demo.start()
    items = demo.page.get_by_test_id("telegram-item")
    await demo.page.get_by_test_id("telegram-commands").click()
    await expect(items).to_have_count(2)
    await demo.page.get_by_test_id("telegram-commands").click()
    await expect(items).to_have_count(0)
    await demo.page.get_by_test_id("telegram-input").fill("/p")
    await expect(items).to_have_count(1)
    await items.click()
    await expect(demo.messages.last).to_contain_text("/pay")
    await expect(demo.page.get_by_test_id("telegram-input")).to_have_value("")


async def test_a_blocked_bot_can_only_be_unblocked(demo: Demo) -> None:
    await demo.start()
    await demo.page.get_by_test_id("telegram-menu").click()
    await demo.page.get_by_text("Заблокировать бота").click()
    await demo.page.get_by_test_id("telegram-unblock").click()
    await expect(demo.messages).to_have_count(2)
    kinds = [next(kind for kind in update if kind != "update_id") for update in await demo.heard()]
    assert kinds == ["message", "my_chat_member", "my_chat_member", "message"]


async def test_the_chat_stays_at_its_end_and_nothing_is_wider_than_the_phone(demo: Demo) -> None:
    await demo.start()
    assert demo.world.bot_api is not None
    demo.world.bot_api.set_faults({"rates": False})
    for number in range(12):
        await demo.says(f"Строка {number} " + "длинноесловобезпробелов" * 4, reply_markup=INLINE)
    await expect(demo.messages).to_have_count(13)
    await expect(demo.button("Оплатить").last).to_be_in_viewport()
    size = await demo.page.locator(".tg-log").evaluate("log => [log.scrollWidth, log.clientWidth]")
    assert size[0] == size[1]


async def test_the_phone_speaks_the_language_of_the_page_and_tells_the_bot(demo: Demo) -> None:
    await demo.start()
    await demo.page.get_by_test_id("language").click()
    await expect(demo.page.get_by_test_id("telegram-input")).to_have_attribute("placeholder", "Message")
    await demo.page.get_by_test_id("telegram-input").fill("hello")
    await demo.page.get_by_test_id("telegram-send").click()
    await expect(demo.messages).to_have_count(2)
    assert (await demo.heard())[-1]["message"]["from"]["language_code"] == "en"


async def test_a_document_is_sent_by_the_clip_and_saved_from_its_bubble(demo: Demo) -> None:
    await demo.start()
    sent: FilePayload = {"name": "list.csv", "mimeType": "text/csv", "buffer": b"100080\n"}
    await demo.page.get_by_test_id("telegram-file").set_input_files(sent)
    mine = demo.messages.last.get_by_test_id("telegram-document")
    await expect(mine).to_contain_text("list.csv")
    document = (await demo.heard())[-1]["message"]["document"]
    await demo.bot("sendDocument", chat_id=USER, document=document["file_id"], caption="<b>", parse_mode="")
    back = demo.messages.last
    await expect(back).to_contain_text("<b>")
    async with demo.page.expect_download() as saved:
        await back.get_by_test_id("telegram-document").click()
    assert (await saved.value).suggested_filename == "list.csv"
    assert Path(await (await saved.value).path()).read_bytes() == b"100080\n"
