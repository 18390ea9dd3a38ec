"""/privacy: what is kept about a person."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.profile import Profile
from handlers.telegram import texts
from handlers.telegram.buttons import ToPrivacy
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="privacy")


@router.message(Says("privacy"))
async def privacy_asked(message: Message, words: Html, profile: Profile) -> Screen:
    return texts.privacy(words, profile)


@router.callback_query(ToPrivacy.filter())
async def privacy_pressed(query: CallbackQuery, words: Html, profile: Profile) -> Screen:
    return texts.privacy(words, profile)
