"""/alerts: what is told of a low balance, and how. A change is told by a notice, on the same screen."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from core.profile import Profile
from core.use_cases.accounts import Accounts
from core.use_cases.alert_settings import AlertSettings
from core.use_cases.subscribers import Subscriber
from handlers.locale import read_money
from handlers.telegram import buttons_alerts as to
from handlers.telegram import texts_alerts
from handlers.telegram.chosen import of_number
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, screen_of
from handlers.telegram.states import AlertLevel

router = Router(name="alerts")


@router.message(Says("alerts"))
async def alerts_asked(
    message: Message, who: Subscriber, words: Html, accounts: Accounts, alert_settings: AlertSettings
) -> Screen:
    return await _show(to.ToAlerts(), who, words, accounts, alert_settings)


@router.callback_query(to.ToAlerts.filter())
async def alerts_pressed(
    query: CallbackQuery,
    callback_data: to.ToAlerts,
    who: Subscriber,
    words: Html,
    accounts: Accounts,
    alert_settings: AlertSettings,
) -> Screen:
    return await _show(callback_data, who, words, accounts, alert_settings)


@router.callback_query(to.ToAlertAccounts.filter())
async def pick(query: CallbackQuery, who: Subscriber, words: Html, accounts: Accounts) -> Screen:
    return texts_alerts.which(words, await accounts.linked(who.payer))


@router.callback_query(to.AlertDay.filter())
@router.callback_query(to.AlertThreshold.filter())
@router.callback_query(to.AlertNegative.filter())
@router.callback_query(to.AlertTelegram.filter())
@router.callback_query(to.AlertSms.filter())
@router.callback_query(to.AlertsOff.filter())
async def change(
    query: CallbackQuery,
    callback_data: to.SetAlert,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    alert_settings: AlertSettings,
) -> Screen:
    place = of_number(await accounts.linked(who.payer), callback_data.number)
    await alert_settings.change(who.payer, place.id, callback_data.change, screen=screen_of(query))
    await state.clear()
    return texts_alerts.done(words)


@router.callback_query(to.AlertsUsual.filter())
async def usual(
    query: CallbackQuery,
    callback_data: to.AlertsUsual,
    who: Subscriber,
    words: Html,
    accounts: Accounts,
    alert_settings: AlertSettings,
) -> Screen:
    place = of_number(await accounts.linked(who.payer), callback_data.number)
    as_usual = alert_settings.usual
    await alert_settings.change(who.payer, place.id, lambda _now: as_usual, screen=screen_of(query))
    return texts_alerts.done(words)


@router.callback_query(to.AskThreshold.filter())
async def ask_threshold(
    query: CallbackQuery,
    callback_data: to.AskThreshold,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    profile: Profile,
    accounts: Accounts,
    alert_settings: AlertSettings,
) -> Screen:
    place = of_number(await accounts.linked(who.payer), callback_data.number)
    held = await alert_settings.of(who.payer, place.id)
    await state.set_state(AlertLevel.amount)
    await state.set_data({"number": place.number})
    return texts_alerts.ask_threshold(words, held, profile.alerts.threshold_most)


@router.message(StateFilter(AlertLevel.amount))
async def threshold_typed(
    message: Message,
    who: Subscriber,
    words: Html,
    state: FSMContext,
    accounts: Accounts,
    alert_settings: AlertSettings,
) -> Screen | None:
    amount, number = read_money(message.text or ""), (await state.get_data())["number"]
    place = of_number(await accounts.linked(who.payer), number)
    wished = to.AlertThreshold(number=number, kopecks=amount.kopecks)
    before = await alert_settings.of(who.payer, place.id)
    after = await alert_settings.change(who.payer, place.id, wished.change)
    await state.clear()
    # A change is told by its notice; what was so before has none.
    return texts_alerts.settings(words, after) if before.settings == after.settings else None


async def _show(
    asked: to.ToAlerts, who: Subscriber, words: Html, accounts: Accounts, alert_settings: AlertSettings
) -> Screen:
    linked = await accounts.linked(who.payer)
    if not linked:
        return texts_alerts.none_linked(words)
    place = of_number(linked, asked.number, who.current_account)
    return texts_alerts.settings(words, await alert_settings.of(who.payer, place.id))
