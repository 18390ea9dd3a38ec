"""/pay: account, amount, quote, confirmation, card page. The receipt comes by the outbox."""

import re
from dataclasses import replace

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.errors import UnknownAccount
from core.ids import CardId, TopUpId
from core.money import Money
from core.states import Method
from core.use_cases.accounts import Accounts
from core.use_cases.subscribers import Subscriber
from core.use_cases.top_ups import TopUps
from handlers.locale import read_money
from handlers.telegram import buttons, texts_top_up
from handlers.telegram.chosen import chosen
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, screen_of
from handlers.telegram.states import TopUp
from handlers.telegram.ways import Ways

NUMBER = re.compile(r"\d{1,10}")

router = Router(name="top_up")


@router.message(Says("pay"))
async def pay_asked(
    message: Message, who: Subscriber, words: Html, state: FSMContext, accounts: Accounts, top_ups: TopUps
) -> Screen:
    return await _choose_amount(buttons.ToTopUp(), who, words, state, accounts, top_ups)


@router.callback_query(buttons.ToTopUp.filter())
async def pay_pressed(
    query: CallbackQuery,
    callback_data: buttons.ToTopUp,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    top_ups: TopUps,
) -> Screen:
    return await _choose_amount(callback_data, who, words, state, accounts, top_ups)


@router.callback_query(buttons.WhoseTopUp.filter())
async def whose(query: CallbackQuery, who: Subscriber, words: Html, accounts: Accounts) -> Screen:
    return texts_top_up.whose(words, await accounts.linked(who.payer))


@router.callback_query(buttons.OtherNumber.filter())
async def other_number(query: CallbackQuery, words: Html, state: FSMContext) -> Screen:
    await state.set_state(TopUp.account)
    return texts_top_up.ask_number(words)


@router.message(StateFilter(TopUp.account))
async def number_typed(message: Message, words: Html, state: FSMContext) -> Screen:
    number = re.sub(r"[\s№]", "", message.text or "")
    if not NUMBER.fullmatch(number):
        return texts_top_up.not_a_number(words)
    await _wait_for_amount(state, number)
    return texts_top_up.ask_amount(words, number)


@router.callback_query(buttons.OtherAmount.filter())
async def other_amount(
    query: CallbackQuery, callback_data: buttons.OtherAmount, words: Html, state: FSMContext
) -> Screen:
    await _wait_for_amount(state, callback_data.number)
    return texts_top_up.ask_amount(words, callback_data.number)


@router.message(StateFilter(TopUp.amount))
async def amount_typed(
    message: Message, who: Subscriber, words: Html, state: FSMContext, top_ups: TopUps, ways: Ways
) -> Screen:
    amount = read_money(message.text or "")
    number = (await state.get_data())["number"]
    try:
        quote = await top_ups.quote(
            who.payer, number=number, amount=amount, method=ways.first, locale=words.code
        )
    except UnknownAccount:
        await state.set_state(TopUp.account)  # what is typed next is another number
        raise
    await state.clear()
    return texts_top_up.quote(words, quote, await ways.of(who.payer))


@router.callback_query(buttons.Chip.filter())
async def chip_pressed(
    query: CallbackQuery,
    callback_data: buttons.Chip,
    who: Subscriber,
    words: Html,
    top_ups: TopUps,
    ways: Ways,
) -> Screen:
    number, amount = callback_data.number, Money(callback_data.kopecks)
    quote = await top_ups.quote(who.payer, number=number, amount=amount, method=ways.first, locale=words.code)
    return texts_top_up.quote(words, quote, await ways.of(who.payer))


@router.callback_query(buttons.SaveCard.filter())
async def save_card(
    query: CallbackQuery,
    callback_data: buttons.SaveCard,
    who: Subscriber,
    words: Html,
    top_ups: TopUps,
    ways: Ways,
) -> Screen:
    """For autopay, which waits for a card: the tick is set, and only the card page can save one."""
    number, amount = callback_data.number, Money(callback_data.kopecks)
    quote = await top_ups.quote(
        who.payer, number=number, amount=amount, method=Method.CARD, locale=words.code
    )
    choice = replace(await ways.of(who.payer), methods=(Method.CARD,), cards=[])
    return texts_top_up.quote(words, quote, choice, remember=True)


@router.callback_query(buttons.Remember.filter())
async def remember(
    query: CallbackQuery,
    callback_data: buttons.Remember,
    who: Subscriber,
    words: Html,
    top_ups: TopUps,
    ways: Ways,
) -> Screen:
    quote = await top_ups.quoted(TopUpId(callback_data.top_up), by=who.payer)
    return texts_top_up.quote(words, quote, await ways.of(who.payer), remember=callback_data.on)


@router.callback_query(buttons.OtherMethod.filter())
async def other_method(
    query: CallbackQuery,
    callback_data: buttons.OtherMethod,
    who: Subscriber,
    words: Html,
    top_ups: TopUps,
    ways: Ways,
) -> Screen:
    """A quote has one method: the new one takes the place of the old."""
    old = await top_ups.quoted(TopUpId(callback_data.top_up), by=who.payer)
    quote = await top_ups.quote(
        who.payer, number=old.number, amount=old.amount, method=callback_data.method, locale=words.code
    )
    await top_ups.cancel(old.id, by=who.payer)
    return texts_top_up.quote(words, quote, await ways.of(who.payer))


@router.callback_query(buttons.Confirm.filter())
async def confirm(
    query: CallbackQuery, callback_data: buttons.Confirm, who: Subscriber, words: Html, top_ups: TopUps
) -> Screen:
    """The receipt will replace this screen: the core is told its message."""
    card_id = None if callback_data.card is None else CardId(callback_data.card)
    confirmed = await top_ups.confirm(
        TopUpId(callback_data.top_up),
        by=who.payer,
        screen=screen_of(query),
        card_id=card_id,
        save_card=callback_data.remember,
    )
    return texts_top_up.confirmed(words, confirmed, saved_card=card_id is not None)


@router.callback_query(buttons.Drop.filter())
async def drop(
    query: CallbackQuery, callback_data: buttons.Drop, who: Subscriber, words: Html, top_ups: TopUps
) -> Screen:
    await top_ups.cancel(TopUpId(callback_data.top_up), by=who.payer)
    return texts_top_up.dropped(words)


async def _choose_amount(
    to: buttons.ToTopUp,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    top_ups: TopUps,
) -> Screen:
    linked = await accounts.linked(who.payer)
    if not linked:
        await state.set_state(TopUp.account)
        return texts_top_up.ask_number(words)
    one = chosen(linked, to.account, who.current_account)
    await _wait_for_amount(state, one.number)
    return texts_top_up.chips(words, one.number, await top_ups.chips(who.payer, one.id))


async def _wait_for_amount(state: FSMContext, number: str) -> None:
    await state.set_state(TopUp.amount)
    await state.set_data({"number": number})
