"""The commands a person can type, and the filter that knows them."""

from aiogram.filters import Filter
from aiogram.types import BotCommand, Message

from handlers.locale import Words
from handlers.telegram.offered import Offered


class Says(Filter):
    """Asynchronous: aiogram gives every synchronous filter a thread."""

    def __init__(self, command: str) -> None:
        self._command = f"/{command}"

    async def __call__(self, message: Message) -> bool:
        first, _, _ = (message.text or "").partition(" ")
        return first.partition("@")[0].lower() == self._command


def menu(words: Words, offered: Offered) -> list[BotCommand]:
    """What Telegram shows behind the menu button, in one language."""
    saved = [
        BotCommand(command="autopay", description=words("Pay by itself")),
        BotCommand(command="cards", description=words("Remembered cards")),
    ]
    return [
        BotCommand(command="balance", description=words("Balance and days left")),
        BotCommand(command="pay", description=words("Top up an account")),
        *(saved if offered.cards else []),
        BotCommand(command="alerts", description=words("When the money runs low")),
        BotCommand(command="accounts", description=words("My accounts")),
        BotCommand(command="settings", description=words("Language and accounts")),
        BotCommand(command="help", description=words("What the bot does, contacts")),
        BotCommand(command="privacy", description=words("What the bot knows about you")),
        BotCommand(command="cancel", description=words("Leave the current step")),
        BotCommand(command="start", description=words("Start from the beginning")),
    ]
