"""A card number typed into the chat: the core has masked it, the person is warned."""

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import Message

from handlers.telegram import texts
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="card_numbers")


class HadCard(Filter):
    async def __call__(self, message: Message, card_masked: bool) -> bool:
        return card_masked


@router.message(HadCard())
async def card_number_seen(message: Message, words: Html) -> Screen:
    return texts.card_number_seen(words)
