"""/settings: the language of the chat."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.errors import StaleScreen
from core.profile import Profile
from core.use_cases.subscribers import Subscriber, Subscribers
from handlers.locale import Catalogues
from handlers.telegram import texts
from handlers.telegram.buttons import SetLanguage, ToSettings
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen

router = Router(name="settings")


@router.message(Says("settings"))
async def settings_asked(message: Message, words: Html, profile: Profile, offered: Offered) -> Screen:
    return texts.settings(words, profile.locales, offered)


@router.callback_query(ToSettings.filter())
async def settings_pressed(query: CallbackQuery, words: Html, profile: Profile, offered: Offered) -> Screen:
    return texts.settings(words, profile.locales, offered)


@router.callback_query(SetLanguage.filter())
async def set_language(
    query: CallbackQuery,
    callback_data: SetLanguage,
    who: Subscriber,
    profile: Profile,
    subscribers: Subscribers,
    catalogues: Catalogues,
    offered: Offered,
) -> Screen:
    if callback_data.code not in profile.locales:
        raise StaleScreen
    await subscribers.set_locale(who.payer, callback_data.code)
    words = Html(catalogues.words("telegram", callback_data.code))
    return texts.settings(words, profile.locales, offered)
