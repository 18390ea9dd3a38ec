"""Linking by a code that goes by SMS to the account's registered phone and is typed in the chat."""

import re

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.errors import StaleScreen
from core.use_cases.accounts import Accounts
from core.use_cases.links_by_sms import LinksBySms
from core.use_cases.subscribers import Subscriber
from handlers.telegram import texts, texts_top_up
from handlers.telegram.accounts import code_in
from handlers.telegram.buttons import ToSmsLink
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen
from handlers.telegram.states import Linking
from handlers.telegram.top_up import NUMBER

router = Router(name="link_by_sms")


@router.callback_query(ToSmsLink.filter())
async def ask_number(query: CallbackQuery, words: Html, state: FSMContext, offered: Offered) -> Screen:
    if not offered.sms_codes:
        raise StaleScreen
    await state.set_state(Linking.number)
    return texts.ask_number_to_link(words)


@router.message(StateFilter(Linking.number))
async def number_typed(
    message: Message, who: Subscriber, words: Html, state: FSMContext, links_by_sms: LinksBySms
) -> Screen:
    """The answer is the same for an account that has a phone, has none, or is none."""
    number = re.sub(r"[\s№]", "", message.text or "")
    if not NUMBER.fullmatch(number):
        return texts_top_up.not_a_number(words)
    await links_by_sms.start(who.payer, number)
    await state.set_state(Linking.sms_code)
    return texts.ask_sms_code(words, number)


@router.message(StateFilter(Linking.sms_code))
async def code_typed(
    message: Message,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    links_by_sms: LinksBySms,
    accounts: Accounts,
) -> Screen:
    code = code_in(message)
    if code is None:
        return texts.not_an_sms_code(words)
    number = await links_by_sms.complete(who.payer, code)
    await state.clear()
    return texts.linked(words, number, await accounts.linked(who.payer))
