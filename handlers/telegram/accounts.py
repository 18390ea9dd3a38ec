"""/accounts: the linked accounts, linking by login page or by shared contact."""

import re

from aiogram import Router
from aiogram.filters import Filter, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.errors import ForeignContact
from core.use_cases.accounts import Accounts
from core.use_cases.links import Links
from core.use_cases.subscribers import Subscriber
from handlers.telegram import texts
from handlers.telegram.buttons import ToAccount, ToAccounts, ToContact, ToLinking
from handlers.telegram.chosen import chosen
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen
from handlers.telegram.states import Linking

CODE = re.compile(r"\d{6}")

router = Router(name="accounts")


class HasContact(Filter):
    async def __call__(self, message: Message) -> bool:
        return message.contact is not None


@router.message(Says("accounts"))
async def accounts_asked(message: Message, who: Subscriber, words: Html, accounts: Accounts) -> Screen:
    return texts.accounts(words, await accounts.linked(who.payer))


@router.callback_query(ToAccounts.filter())
async def accounts_pressed(query: CallbackQuery, who: Subscriber, words: Html, accounts: Accounts) -> Screen:
    return texts.accounts(words, await accounts.linked(who.payer))


@router.callback_query(ToAccount.filter())
async def account(
    query: CallbackQuery, callback_data: ToAccount, who: Subscriber, words: Html, accounts: Accounts
) -> Screen:
    return texts.account(words, chosen(await accounts.linked(who.payer), callback_data.account))


@router.callback_query(ToLinking.filter())
async def start_linking(
    query: CallbackQuery, who: Subscriber, words: Html, state: FSMContext, links: Links, offered: Offered
) -> Screen:
    start = await links.start(who.payer, query.from_user.full_name)
    await state.set_state(Linking.code)
    return texts.linking(words, start, by_sms=offered.sms_codes)


@router.message(StateFilter(Linking.code))
async def code_typed(
    message: Message, who: Subscriber, words: Html, state: FSMContext, links: Links, accounts: Accounts
) -> Screen:
    code = code_in(message)
    if code is None:
        return texts.not_a_code(words)
    number = await links.complete(who.payer, code)
    await state.clear()
    return texts.linked(words, number, await accounts.linked(who.payer))


def code_in(message: Message) -> str | None:
    code = re.sub(r"[\s-]", "", message.text or "")
    return code if CODE.fullmatch(code) else None


@router.callback_query(ToContact.filter())
async def ask_contact(query: CallbackQuery, words: Html, state: FSMContext) -> Screen:
    await state.set_state(Linking.contact)
    return texts.ask_contact(words)


@router.message(HasContact())
async def contact_shared(
    message: Message, who: Subscriber, words: Html, state: FSMContext, links: Links, accounts: Accounts
) -> list[Screen]:
    """Only the sender's own contact, and not one that was passed on: anybody can forward a contact."""
    assert message.contact is not None
    own = message.from_user is not None and message.contact.user_id == message.from_user.id
    if not own or message.forward_origin is not None:
        raise ForeignContact
    numbers = await links.by_contact(who.payer, re.sub(r"\D", "", message.contact.phone_number))
    await state.clear()
    linked = await accounts.linked(who.payer)
    return [texts.contact_taken(words, numbers), texts.accounts(words, linked)]
