"""/cancel: out of any dialogue."""

from aiogram import Router
from aiogram.types import Message

from handlers.telegram import texts
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="cancel")


@router.message(Says("cancel"))
async def cancelled(message: Message, words: Html) -> list[Screen]:
    """The dialogue is left already: every command leaves it (bot/dialogue.py)."""
    return texts.cancelled(words)
