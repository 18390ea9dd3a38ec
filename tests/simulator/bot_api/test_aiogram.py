"""A small bot on aiogram against the server: what the product's library makes of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.filters import CommandStart
from aiogram.methods import SendMessage
from aiogram.types import (
    BotCommand,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from tests.deadlines import until
from tests.simulator.bot_api.served import TOKEN, USER, Served, listening
from tests.simulator.bot_api.tasks import beside

MORE = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Ещё", callback_data="more")]])
SECRET = "webhook_secret"


class SmallBot:
    """Echoes, counts presses of a button by editing its message, and notes blocks."""

    def __init__(self, url: str) -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base(url))
        self.bot = Bot(TOKEN, session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML))
        self.refusals: list[str] = []
        self.statuses: list[str] = []
        router = Router()
        router.message(CommandStart())(self.start)
        router.message(F.contact)(self.contact)
        router.message()(self.echo)
        router.callback_query()(self.more)
        router.my_chat_member()(self.membership)
        self.dispatcher = Dispatcher()
        self.dispatcher.include_router(router)

    async def start(self, message: Message) -> None:
        await message.answer("<b>Счёт</b>: 0", reply_markup=MORE)

    async def contact(self, message: Message) -> None:
        assert message.contact is not None
        await message.answer(f"Номер {message.contact.phone_number}")

    async def echo(self, message: Message) -> SendMessage:
        return SendMessage(chat_id=message.chat.id, text=message.html_text)

    async def more(self, query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.answer("Прибавлено")
        for _ in range(2):
            try:
                await query.message.edit_text("<b>Счёт</b>: 1", reply_markup=MORE)
            except TelegramBadRequest as refusal:
                self.refusals.append(refusal.message)

    async def membership(self, change: ChatMemberUpdated) -> None:
        self.statuses.append(change.new_chat_member.status)


@pytest.fixture
async def small_bot(api: Served) -> AsyncIterator[SmallBot]:
    made = SmallBot(api.url)
    yield made
    await made.bot.session.close()


@asynccontextmanager
async def polling(small: SmallBot) -> AsyncIterator[None]:
    async with beside(small.dispatcher.start_polling(small.bot, handle_signals=False)):
        yield
        await small.dispatcher.stop_polling()


@asynccontextmanager
async def webhook(small: SmallBot) -> AsyncIterator[None]:
    app = web.Application()
    handler = SimpleRequestHandler(
        small.dispatcher, small.bot, handle_in_background=False, secret_token=SECRET
    )
    handler.register(app, path="/hook")
    async with listening(app) as url:
        await small.bot.set_webhook(f"{url}/hook", secret_token=SECRET)
        yield
        await small.bot.delete_webhook()


@pytest.mark.parametrize("door", [polling, webhook])
async def test_a_bot_of_the_products_library_works(
    api: Served, small_bot: SmallBot, door: Callable[[SmallBot], AbstractAsyncContextManager[None]]
) -> None:
    async def shown() -> list[str]:
        return [message["text"] for message in (await api.screen())["messages"]]

    async with door(small_bot):
        await api.phone("text", text="/start")
        await until(lambda: len(api.bot_api.chats.of(USER).messages) == 2)
        assert await shown() == ["/start", "Счёт: 0"]
        await api.phone("text", text="1 < 2 & 👍")
        await until(lambda: len(api.bot_api.chats.of(USER).messages) == 4)
        assert (await shown())[-1] == "1 < 2 & 👍"
        screen = (await api.screen())["messages"][1]
        await api.phone("press", message_id=screen["message_id"], data="more")
        await until(lambda: small_bot.refusals)
        assert (await shown())[1] == "Счёт: 1"
        assert "message is not modified" in small_bot.refusals[0]
        assert (await api.screen())["toasts"][0]["text"] == "Прибавлено"
        await api.phone("contact", own=True)
        await until(lambda: len(api.bot_api.chats.of(USER).messages) == 6)
        assert (await shown())[-1] == "Номер 79140001001"
        await api.phone("block", blocked=True)
        await until(lambda: small_bot.statuses == ["kicked"])
        with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
            await small_bot.bot.send_message(USER, "a")


async def test_the_library_reads_every_answer(api: Served, small_bot: SmallBot) -> None:
    bot = small_bot.bot
    api.bot_api.phones.write(USER, "/start")
    assert (await bot.get_me()).username == "aliance_demo_bot"
    assert (await bot.get_chat(USER)).first_name == "Абонент 1001"
    await bot.set_my_commands([BotCommand(command="start", description="Начать")])
    assert [command.command for command in await bot.get_my_commands()] == ["start"]
    await bot.set_my_description("Баланс и оплата", language_code="ru")
    assert (await bot.get_my_description("ru")).description == "Баланс и оплата"
    assert (await bot.get_my_short_description()).short_description == ""
    assert (await bot.get_my_name()).name == "Альянс"
    assert (await bot.get_chat_menu_button()).type == "default"
    assert (await bot.get_webhook_info()).url == ""
    assert await bot.send_chat_action(USER, "typing")
    sent = await bot.send_message(USER, "a")
    assert await bot.delete_message(USER, sent.message_id)
    api.bot_api.set_faults({"too_many_requests": {"retry_after": 5}})
    with pytest.raises(TelegramRetryAfter) as refusal:
        await bot.send_message(USER, "a")
    assert refusal.value.retry_after == 5
