"""The demo in a browser: a person with two phones tops an account up and sees the ledger follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Locator, Page, expect

from commands.demo_people import APPROVER, CROWD, SENDER

PATIENCE_MILLISECONDS = 30_000


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    yield
    expect.set_options(timeout=None)


class Telegram:
    """The phone on the page, as fingers use it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.screen = page.get_by_test_id("telegram-phone")

    @property
    def newest(self) -> Locator:
        return self.screen.get_by_test_id("telegram-message").last

    async def write(self, text: str) -> None:
        await self.screen.get_by_test_id("telegram-input").fill(text)
        await self.screen.get_by_test_id("telegram-input").press("Enter")

    async def press(self, text: str) -> None:
        await self.newest.get_by_test_id("telegram-button").filter(has_text=text).click()

    def message(self, *texts: str) -> Locator:
        """The newest of those that hold all of this."""
        found = self.screen.get_by_test_id("telegram-message")
        for text in texts:
            found = found.filter(has_text=text)
        return found.last

    async def sees(self, *texts: str) -> None:
        for text in texts:
            await expect(self.newest).to_contain_text(text)


async def posted(ledger: FrameLocator, kopecks: int) -> None:
    await expect(ledger.locator("#posted")).to_have_attribute("data-kopecks", str(kopecks))


async def link(telegram: Telegram) -> None:
    await telegram.screen.get_by_test_id("telegram-start").click()
    await telegram.press("Привязать счёт")
    await expect(telegram.newest).to_contain_text("одноразовый код")
    async with telegram.page.expect_popup() as opened:
        await telegram.press("Открыть страницу входа")
    login = await opened.value
    await expect(login.locator(".who")).to_contain_text("1001")
    await login.locator("#login").fill("100080")
    await login.locator("#password").fill("wrong-password")
    await login.locator("button").click()
    await expect(login.get_by_role("alert")).to_contain_text("не подошли")
    await login.locator("#login").fill("100080")
    await login.locator("#password").fill("demo-1000")
    await login.locator("button").click()
    code = await login.locator("#code").inner_text()
    await login.close()
    await telegram.write(code)
    await telegram.sees("100080", "привязан")


async def pay_by_card(telegram: Telegram, *, remember: bool = False) -> None:
    await telegram.write("/pay")
    await telegram.sees("100080")
    await telegram.write("500")
    await telegram.sees("500,00", "100080")
    if remember:
        await telegram.press("Запомнить карту")
        await telegram.sees("Карта будет запомнена")
    await telegram.press("Подтвердить")
    await expect(telegram.newest.get_by_test_id("telegram-button").first).to_contain_text("Открыть")
    await telegram.press("Открыть страницу оплаты")
    card = telegram.page.frame_locator("[data-testid=card-frame]")
    await expect(card.get_by_test_id("card-remember")).to_be_checked(checked=remember)
    await card.get_by_test_id("card-fill-test").click()
    await card.get_by_test_id("card-pay").click()
    await expect(card.get_by_test_id("result-mask")).to_have_text("4276 85 xxxx 7173")
    await card.get_by_test_id("result-back").click()
    await expect(telegram.page.get_by_test_id("card-overlay")).to_be_hidden()
    await expect(telegram.message("Деньги на счёте", "500,00", "4276 85 xxxx 7173")).to_be_visible()


async def pay_by_sms(page: Page) -> None:
    bubbles = page.get_by_test_id("sms-message")
    for text, answer in (("aliance 100080 100", "113"), ("да", "Оплачено"), ("баланс", "100080")):
        before = await bubbles.count()
        await page.get_by_test_id("sms-input").fill(text)
        await page.get_by_test_id("sms-send").click()
        await expect(bubbles).to_have_count(before + 2)
        await expect(bubbles.last).to_contain_text(answer)


async def connect_autopay(telegram: Telegram) -> None:
    offer = telegram.message("Пополнять счёт 100080 автоматически?", "500,00")
    await offer.get_by_test_id("telegram-button").first.click()
    agree = telegram.message("проверьте условия", "4276 85 xxxx 7173")
    await agree.get_by_test_id("telegram-button").first.click()
    await expect(telegram.message("Автоплатёж счёта 100080 подключён")).to_be_visible()


async def broadcast(telegram: Telegram) -> None:
    """One of the staff writes, another approves by the notice, and the report is saved from the chat."""
    person = telegram.page.get_by_test_id("user-picker")
    await person.select_option(str(SENDER))
    await telegram.screen.get_by_test_id("telegram-start").click()
    await telegram.sees("бот компании")
    await telegram.write("/broadcast")
    for seen, then in (
        ("Рассылки", "Новая рассылка"), ("Как назвать", "Работы"), ("Пришлите текст", "Связь есть"),
        ("черновик", "Только днём"), ("черновик", "Посчитать и отправить"),
        ("второй сотрудник", "Отдать на утверждение"),
    ):  # fmt: skip
        await telegram.sees(seen)
        asked = seen in ("Как назвать", "Пришлите текст")
        await (telegram.write(then) if asked else telegram.press(then))
    await telegram.sees("ждёт второго сотрудника")
    await person.select_option(str(APPROVER))
    await telegram.sees("просит утвердить")
    await telegram.press("Утвердить")
    await person.select_option(str(SENDER))
    await telegram.sees("завершена", "100 %")
    await telegram.press("Отчёт файлом")
    await telegram.sees("Отчёт о рассылке 1")
    async with telegram.page.expect_download() as saved:
        await telegram.newest.get_by_test_id("telegram-document").click()
    lines = Path(await (await saved.value).path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) > CROWD


async def pass_time(page: Page, days: int) -> None:
    await page.get_by_test_id(f"time-{days}").click()
    await expect(page.get_by_test_id("time-1")).to_be_disabled()
    await expect(page.get_by_test_id("time-1")).to_be_enabled()


async def test_a_month_of_autopay_on_the_demo_page(demo_url: str, page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(demo_url)
    ledger = page.frame_locator("[data-testid=ledger-frame]")
    telegram = Telegram(page)
    await link(telegram)
    await pay_by_card(telegram, remember=True)
    await connect_autopay(telegram)
    before = await page.get_by_test_id("time-now").get_attribute("datetime")

    await pass_time(page, 30)
    assert await page.get_by_test_id("time-now").get_attribute("datetime") != before
    await expect(telegram.message("автоплатёж пополнит счёт 100080", "500,00")).to_be_visible()
    paid = telegram.screen.get_by_test_id("telegram-message").filter(has_text="Деньги на счёте")
    await expect(paid).to_have_count(2)
    await expect(ledger.locator("tr[data-kind=top_up]")).to_have_count(2)

    await page.get_by_test_id("card-mood").select_option("insufficient_funds")
    await pass_time(page, 30)
    await expect(telegram.message("не смог списать 500,00", "недостаточно денег", "Повторим")).to_be_visible()
    await pass_time(page, 7)
    await expect(telegram.message("не смог списать 500,00", "повторять не будем")).to_be_visible()
    await expect(paid).to_have_count(2)
    assert complaints == []


async def test_the_handbooks_scenarios_on_the_demo_page(demo_url: str, page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    await page.goto(demo_url)
    ledger = page.frame_locator("[data-testid=ledger-frame]")
    await posted(ledger, 198_19)

    telegram = Telegram(page)
    await link(telegram)
    await telegram.write("/balance")
    await telegram.sees("Лицевой счёт 100080", "198,1", "Своя Москва")
    await pay_by_card(telegram)
    await posted(ledger, 698_19)
    await pay_by_sms(page)
    await posted(ledger, 798_19)
    await expect(ledger.locator("tr[data-kind=top_up]")).to_have_count(2)
    await broadcast(telegram)
    assert complaints == []
