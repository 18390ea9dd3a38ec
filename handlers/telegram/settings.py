"""/settings: the language of the chat, and whether advertising comes to it."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.errors import StaleScreen
from core.profile import Profile
from core.use_cases.consents import Consents
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
async def settings_asked(
    message: Message, who: Subscriber, words: Html, profile: Profile, consents: Consents, offered: Offered
) -> Screen:
    advertising = await consents.lives(who.payer)
    return texts.settings(words, profile.locales, offered, advertising=advertising)


@router.callback_query(ToSettings.filter())
async def settings_pressed(
    query: CallbackQuery, who: Subscriber, words: Html, profile: Profile, consents: Consents, offered: Offered
) -> Screen:
    advertising = await consents.lives(who.payer)
    return texts.settings(words, profile.locales, offered, advertising=advertising)


@router.callback_query(SetLanguage.filter())
async def set_language(
    query: CallbackQuery,
    callback_data: SetLanguage,
    who: Subscriber,
    profile: Profile,
    subscribers: Subscribers,
    catalogues: Catalogues,
    consents: Consents,
    offered: Offered,
) -> Screen:
    if callback_data.code not in profile.locales:
        raise StaleScreen
    await subscribers.set_locale(who.payer, callback_data.code)
    words = Html(catalogues.words("telegram", callback_data.code))
    advertising = await consents.lives(who.payer)
    return texts.settings(words, profile.locales, offered, advertising=advertising)
