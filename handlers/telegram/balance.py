"""/balance: the account screen, and the picker where there are several accounts."""

from uuid import UUID

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.use_cases.subscribers import Subscribers
from core.use_cases.visits import Visit, Visits
from handlers.telegram import texts, texts_balance
from handlers.telegram.buttons import ToBalance, ToBalances
from handlers.telegram.chosen import chosen
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen

router = Router(name="balance")


@router.message(Says("balance"))
async def balance_asked(
    message: Message,
    visit: Visit,
    words: Html,
    visits: Visits,
    subscribers: Subscribers,
    offered: Offered,
) -> Screen:
    return await _balance(None, visit, words, visits, subscribers, offered)


@router.callback_query(ToBalance.filter())
async def balance_pressed(
    query: CallbackQuery,
    callback_data: ToBalance,
    visit: Visit,
    words: Html,
    visits: Visits,
    subscribers: Subscribers,
    offered: Offered,
) -> Screen:
    return await _balance(callback_data.account, visit, words, visits, subscribers, offered)


@router.callback_query(ToBalances.filter())
async def pick(query: CallbackQuery, visit: Visit, words: Html) -> Screen:
    return texts_balance.which_balance(words, visit.linked)


async def _balance(
    account: UUID | None,
    visit: Visit,
    words: Html,
    visits: Visits,
    subscribers: Subscribers,
    offered: Offered,
) -> Screen:
    if not visit.linked:
        return texts.accounts(words, visit.linked)
    one = chosen(visit.linked, account, visit.who.current_account)
    if one.id != visit.who.current_account:
        await subscribers.choose_account(visit.who.payer, one.id)
    several, screen = len(visit.linked) > 1, visits.screen(visit, one.id)
    return texts_balance.balance(words, one.id, screen, several=several, autopay=offered.cards)
