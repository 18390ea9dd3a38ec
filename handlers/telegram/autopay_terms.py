"""The terms of autopay: chosen one by one, shown with the next date, agreed to."""

import re
from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from core.errors import ConsentOutdated
from core.ids import Payer
from core.money import Money
from core.profile import Profile
from core.states import MandateState
from core.use_cases.autopay import Autopay
from core.use_cases.cards import Cards
from core.use_cases.schedules import EveryDays, Monthly
from core.use_cases.subscribers import Subscriber
from core.use_cases.top_ups import TopUps
from handlers.locale import read_date, read_money
from handlers.telegram import buttons_autopay as to
from handlers.telegram import texts_autopay, texts_draft
from handlers.telegram.autopay_screens import AutopayScreens
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, screen_of
from handlers.telegram.states import Agreement

AMOUNTS = (Money.roubles(300), Money.roubles(500), Money.roubles(1000))
DAYS = (7, 14, 28, 30, 60, 90)
NUMBER = re.compile(r"[0-9]{1,3}")

router = Router(name="autopay_terms")


@router.callback_query(to.ToDraft.filter())
async def draft(
    query: CallbackQuery,
    callback_data: to.ToDraft,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
) -> Screen:
    return await autopay_screens.draft(words, who.payer, callback_data)


@router.callback_query(to.DraftAmount.filter())
async def choose_amount(
    query: CallbackQuery,
    callback_data: to.DraftAmount,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    profile: Profile,
    autopay_screens: AutopayScreens,
    top_ups: TopUps,
) -> Screen:
    place = await autopay_screens.place(who.payer, callback_data.number)
    usual = await top_ups.chips(who.payer, place.id)
    limits = profile.autopay
    offered = {amount for amount in (usual.monthly, usual.last, *AMOUNTS) if amount is not None}
    fit = sorted(amount for amount in offered if limits.least <= amount <= limits.most)
    await _wait(state, Agreement.amount, callback_data)
    return texts_draft.amount(words, callback_data, fit, limits)


@router.message(StateFilter(Agreement.amount))
async def amount_typed(
    message: Message, who: Subscriber, words: Html, state: FSMContext, autopay_screens: AutopayScreens
) -> Screen:
    amount = read_money(message.text or "")
    changed = to.to(to.ToDraft, await _waiting(state), kopecks=min(amount.kopecks, to.KOPECKS_MOST) or 1)
    return await _taken(words, who.payer, state, autopay_screens, changed)


@router.callback_query(to.DraftDays.filter())
async def choose_days(
    query: CallbackQuery, callback_data: to.DraftDays, words: Html, state: FSMContext, profile: Profile
) -> Screen:
    limits = profile.autopay
    await _wait(state, Agreement.days, callback_data)
    return texts_draft.days(words, callback_data, _within(DAYS, limits.days_least, limits.days_most), limits)


@router.callback_query(to.DraftDayOfMonth.filter())
async def choose_day_of_month(
    query: CallbackQuery, callback_data: to.DraftDayOfMonth, words: Html, state: FSMContext
) -> Screen:
    await _wait(state, Agreement.day_of_month, callback_data)
    return texts_draft.day_of_month(words, callback_data)


@router.message(StateFilter(Agreement.days, Agreement.day_of_month))
async def number_typed(
    message: Message,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    raw_state: str,
    autopay_screens: AutopayScreens,
) -> Screen:
    waiting, number = await _waiting(state), (message.text or "").strip()
    if not NUMBER.fullmatch(number):
        return texts_draft.not_a_number(words, waiting)
    monthly = raw_state == Agreement.day_of_month.state
    period = Monthly(int(number)) if monthly else EveryDays(int(number))
    changed = to.to(to.ToDraft, waiting, period=period)
    return await _taken(words, who.payer, state, autopay_screens, changed)


@router.callback_query(to.DraftUntil.filter())
async def choose_until(
    query: CallbackQuery, callback_data: to.DraftUntil, words: Html, state: FSMContext
) -> Screen:
    await _wait(state, Agreement.until, callback_data)
    return texts_draft.until(words, callback_data)


@router.message(StateFilter(Agreement.until))
async def until_typed(
    message: Message, who: Subscriber, words: Html, state: FSMContext, autopay_screens: AutopayScreens
) -> Screen:
    waiting, until = await _waiting(state), read_date(message.text or "")
    if until is None:
        return texts_draft.not_a_date(words, waiting)
    changed = to.to(to.ToDraft, waiting, until=until)
    return await _taken(words, who.payer, state, autopay_screens, changed)


@router.callback_query(to.DraftCard.filter())
async def choose_card(
    query: CallbackQuery, callback_data: to.DraftCard, who: Subscriber, words: Html, cards: Cards
) -> Screen:
    usable = [card for card in await cards.of(who.payer) if not card.expired]
    return texts_draft.card(words, callback_data, usable)


@router.callback_query(to.Connect.filter())
async def connect(
    query: CallbackQuery,
    callback_data: to.Connect,
    who: Subscriber,
    words: Html,
    profile: Profile,
    autopay_screens: AutopayScreens,
    autopay: Autopay,
) -> Screen:
    place = await autopay_screens.place(who.payer, callback_data.number)
    consent = _agreed_to(callback_data.mark, profile)
    held = await autopay.connect(
        who.payer, place.id, callback_data.terms, consent=consent, screen=screen_of(query)
    )
    return texts_autopay.done(words, held)


@router.callback_query(to.Change.filter())
async def change(
    query: CallbackQuery,
    callback_data: to.Change,
    who: Subscriber,
    words: Html,
    profile: Profile,
    autopay_screens: AutopayScreens,
    autopay: Autopay,
) -> Screen:
    """A second tap finds the terms in force, and tells nobody of a change that was none."""
    place = await autopay_screens.place(who.payer, callback_data.number)
    consent, terms = _agreed_to(callback_data.mark, profile), callback_data.terms
    held = await autopay.state(who.payer, place.id)
    if held is not None and held.state == MandateState.ACTIVE and held.terms == terms:
        return texts_autopay.unchanged(words)
    changed = await autopay.change(who.payer, place.id, terms, consent=consent, screen=screen_of(query))
    return texts_autopay.done(words, changed)


def _agreed_to(mark: str, profile: Profile) -> str:
    """The version that the person saw is still the present one."""
    if mark != to.mark_of(profile.autopay.consent):
        raise ConsentOutdated
    return profile.autopay.consent


async def _wait(state: FSMContext, where: State, draft: to.Draft) -> None:
    await state.set_state(where)
    await state.set_data({"draft": to.to(to.ToDraft, draft).pack()})


async def _waiting(state: FSMContext) -> to.ToDraft:
    return to.ToDraft.unpack((await state.get_data())["draft"])


async def _taken(
    words: Html, payer: Payer, state: FSMContext, screens: AutopayScreens, changed: to.ToDraft
) -> Screen:
    """What cannot be agreed to is refused before the question is closed: the person types another."""
    shown = await screens.draft(words, payer, changed)
    await state.clear()
    return shown


def _within(offered: Sequence[int], least: int, most: int) -> list[int]:
    return [each for each in offered if least <= each <= most]
