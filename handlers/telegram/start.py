"""/start and the menu, and what no other handler took."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.profile import Profile
from core.use_cases.accounts import Accounts
from core.use_cases.subscribers import Subscriber
from handlers.telegram import texts
from handlers.telegram.buttons import ToMenu
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="start")
last_router = Router(name="last")


@router.message(Says("start"))
async def started(
    message: Message, who: Subscriber, words: Html, profile: Profile, accounts: Accounts
) -> Screen:
    return texts.welcome(words, profile, await accounts.linked(who.payer))


@router.callback_query(ToMenu.filter())
async def menu(query: CallbackQuery, words: Html) -> Screen:
    return texts.menu(words)


@last_router.message()
async def not_understood(message: Message, words: Html) -> Screen:
    return texts.not_understood(words)


@last_router.callback_query()
async def stale(query: CallbackQuery, words: Html) -> Screen:
    """A button of an older version of the bot, or a forged one."""
    return texts.stale(words)
