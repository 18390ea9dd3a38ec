"""/balance: the account screen, and the picker where there are several accounts."""

from uuid import UUID

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.use_cases.accounts import Accounts
from core.use_cases.subscribers import Subscriber, Subscribers
from handlers.telegram import texts, texts_balance
from handlers.telegram.buttons import ToBalance, ToBalances
from handlers.telegram.chosen import chosen
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

router = Router(name="balance")


@router.message(Says("balance"))
async def balance_asked(
    message: Message, who: Subscriber, words: Html, accounts: Accounts, subscribers: Subscribers
) -> Screen:
    return await _balance(None, who, words, accounts, subscribers)


@router.callback_query(ToBalance.filter())
async def balance_pressed(
    query: CallbackQuery,
    callback_data: ToBalance,
    who: Subscriber,
    words: Html,
    accounts: Accounts,
    subscribers: Subscribers,
) -> Screen:
    return await _balance(callback_data.account, who, words, accounts, subscribers)


@router.callback_query(ToBalances.filter())
async def pick(query: CallbackQuery, who: Subscriber, words: Html, accounts: Accounts) -> Screen:
    return texts_balance.which_balance(words, await accounts.linked(who.payer))


async def _balance(
    account: UUID | None, who: Subscriber, words: Html, accounts: Accounts, subscribers: Subscribers
) -> Screen:
    linked = await accounts.linked(who.payer)
    if not linked:
        return texts.accounts(words, linked)
    one = chosen(linked, account, who.current_account)
    if one.id != who.current_account:
        await subscribers.choose_account(who.payer, one.id)
    return texts_balance.balance(words, one.id, await accounts.screen(one.id), several=len(linked) > 1)
