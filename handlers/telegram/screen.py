"""What a handler returns: a screen, shown in place of the pressed one or as a new message."""

from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardMarkup,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

TOAST_LARGEST = 200  # Bot API, answerCallbackQuery


@dataclass(frozen=True, slots=True)
class Screen:
    """`toast` is shown over the chat; a screen without a text is a toast alone."""

    text: str = ""
    keyboard: InlineKeyboardMarkup | None = None
    below: ReplyKeyboardMarkup | ReplyKeyboardRemove | None = None  # the keyboard below the chat
    toast: str = ""
    alert: bool = False  # the toast waits for a tap: it says that something did not happen


def screen_of(query: CallbackQuery) -> str | None:
    """The message that holds the pressed button: a notice replaces it."""
    return None if query.message is None else str(query.message.message_id)


async def show(screen: Screen, event: Message | CallbackQuery, bot: Bot) -> None:
    """A button's screen replaces the one that holds the button; a message is answered by a message."""
    if screen.text:
        if isinstance(event, Message):
            await send(screen, bot, event.chat.id)
        elif event.message is not None:
            chat, message = event.message.chat.id, event.message.message_id
            if screen.below is not None or not await edit(screen, bot, chat, message):
                await send(screen, bot, chat)
    if isinstance(event, CallbackQuery):
        await answer(event, bot, screen.toast, alert=screen.alert)


async def send(screen: Screen, bot: Bot, chat: int) -> int:
    """Returns the message's id."""
    markup = screen.below or screen.keyboard
    return (await bot(SendMessage(chat_id=chat, text=screen.text, reply_markup=markup))).message_id


async def edit(screen: Screen, bot: Bot, chat: int, message: int) -> bool:
    """False where the message is gone or too old to be edited."""
    change = EditMessageText(chat_id=chat, message_id=message, text=screen.text, reply_markup=screen.keyboard)
    try:
        await bot(change)
    except TelegramBadRequest as error:
        return "message is not modified" in error.message
    return True


async def answer(query: CallbackQuery, bot: Bot, toast: str = "", *, alert: bool = False) -> None:
    """Ends the button's waiting."""
    text = toast[:TOAST_LARGEST] or None
    try:
        await bot(AnswerCallbackQuery(callback_query_id=query.id, text=text, show_alert=alert or None))
    except TelegramBadRequest:
        return  # Telegram forgets a query after a while; by then nobody sees the button wait.
