"""Unlinking an account: asked once more, and proven by a code where one can be sent by SMS."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.use_cases.accounts import Accounts
from core.use_cases.autopay import Autopay
from core.use_cases.links_by_sms import LinksBySms
from core.use_cases.subscribers import Subscriber
from handlers.telegram import texts
from handlers.telegram.accounts import code_in
from handlers.telegram.buttons import AskUnlink, Unlink
from handlers.telegram.chosen import chosen
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen
from handlers.telegram.states import Linking

router = Router(name="unlink")


@router.callback_query(AskUnlink.filter())
async def ask_unlink(
    query: CallbackQuery,
    callback_data: AskUnlink,
    who: Subscriber,
    words: Html,
    accounts: Accounts,
    autopay: Autopay,
) -> Screen:
    one = chosen(await accounts.linked(who.payer), callback_data.account)
    agreed_on = {each.id for each in await autopay.agreed_on(who.payer)}
    return texts.ask_unlink(words, one, autopay=one.id in agreed_on)


@router.callback_query(Unlink.filter())
async def unlink(
    query: CallbackQuery,
    callback_data: Unlink,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    links_by_sms: LinksBySms,
) -> Screen:
    one = chosen(await accounts.linked(who.payer), callback_data.account)
    if await links_by_sms.unlink(who.payer, one.id):
        return texts.unlinked(words, one.number, await accounts.linked(who.payer))
    await state.set_state(Linking.unlink_code)
    return texts.ask_unlink_code(words, one)


@router.message(StateFilter(Linking.unlink_code))
async def code_typed(
    message: Message,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    links_by_sms: LinksBySms,
) -> Screen:
    code = code_in(message)
    if code is None:
        return texts.not_an_sms_code(words)
    number = await links_by_sms.complete_unlink(who.payer, code)
    await state.clear()
    return texts.unlinked(words, number, await accounts.linked(who.payer))
