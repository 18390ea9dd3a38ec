"""The history of an account, a page at a time."""

from aiogram import Router
from aiogram.types import CallbackQuery

from core.ids import TransferId
from core.use_cases.accounts import Accounts
from core.use_cases.subscribers import Subscriber
from core.use_cases.top_ups import TopUps
from handlers.telegram import texts_balance
from handlers.telegram.buttons import ToHistory
from handlers.telegram.chosen import chosen
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

PAGE = 8  # fits a phone's screen without scrolling

router = Router(name="history")


@router.callback_query(ToHistory.filter())
async def history(
    query: CallbackQuery,
    callback_data: ToHistory,
    who: Subscriber,
    words: Html,
    accounts: Accounts,
    top_ups: TopUps,
) -> Screen:
    one = chosen(await accounts.linked(who.payer), callback_data.account)
    before = None if callback_data.before is None else TransferId(callback_data.before)
    page = await top_ups.history(one.id, before=before, limit=PAGE)
    return texts_balance.history(words, one, page, first=before is None)
