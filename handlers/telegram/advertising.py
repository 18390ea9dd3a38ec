"""Consent to advertising: ended by the button under an advertisement, given and ended at /settings."""

from aiogram import Router
from aiogram.types import CallbackQuery

from core.profile import Profile
from core.use_cases.consents import Consents
from core.use_cases.subscribers import Subscriber
from handlers.telegram import texts
from handlers.telegram.buttons import Advertising, NoAdvertising
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen

HOW = "telegram settings"  # where it was agreed to, as the consent keeps it

router = Router(name="advertising")


@router.callback_query(NoAdvertising.filter())
async def no_more(query: CallbackQuery, who: Subscriber, words: Html, consents: Consents) -> Screen:
    """The advertisement stays where it is; a second press ends nothing and is answered the same."""
    await consents.end(who.payer)
    return texts.advertising_ended(words)


@router.callback_query(Advertising.filter())
async def switched(
    query: CallbackQuery,
    callback_data: Advertising,
    who: Subscriber,
    words: Html,
    profile: Profile,
    consents: Consents,
    offered: Offered,
) -> Screen:
    """As the button says it is to be: the same press twice changes nothing more."""
    if callback_data.on:
        await consents.give(who.payer, HOW)
    else:
        await consents.end(who.payer)
    return texts.settings(words, profile.locales, offered, advertising=callback_data.on)
