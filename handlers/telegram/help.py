"""/help: what the bot does, the SMS form, contacts."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.profile import Profile
from handlers.telegram import texts
from handlers.telegram.buttons import ToHelp
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen

router = Router(name="help")


@router.message(Says("help"))
async def help_asked(message: Message, words: Html, profile: Profile, offered: Offered) -> Screen:
    return texts.help_(words, profile, offered)


@router.callback_query(ToHelp.filter())
async def help_pressed(query: CallbackQuery, words: Html, profile: Profile, offered: Offered) -> Screen:
    return texts.help_(words, profile, offered)
