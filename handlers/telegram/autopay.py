"""/autopay: how it stands on an account; pause, resume, skip, delete. What was done is told by a notice."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.errors import NotYours, StaleScreen
from core.ids import MandateId
from core.use_cases.autopay import Autopay
from core.use_cases.provider_mandates import ProviderMandates
from core.use_cases.subscribers import Subscriber
from handlers.telegram import buttons_autopay as to
from handlers.telegram import texts_autopay
from handlers.telegram.autopay_screens import AutopayScreens
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, screen_of

router = Router(name="autopay")


@router.message(Says("autopay"))
async def autopay_asked(
    message: Message, who: Subscriber, words: Html, autopay_screens: AutopayScreens
) -> Screen:
    return await autopay_screens.show(words, who.payer, current=who.current_account)


@router.callback_query(to.ToAutopay.filter())
async def autopay_pressed(
    query: CallbackQuery,
    callback_data: to.ToAutopay,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
) -> Screen:
    return await autopay_screens.show(words, who.payer, callback_data.number, who.current_account)


@router.callback_query(to.ToAutopays.filter())
async def pick(query: CallbackQuery, who: Subscriber, words: Html, autopay_screens: AutopayScreens) -> Screen:
    return texts_autopay.which(words, await autopay_screens.places(who.payer))


@router.callback_query(to.PauseAutopay.filter())
async def pause(
    query: CallbackQuery,
    callback_data: to.PauseAutopay,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
    autopay: Autopay,
) -> Screen:
    place = await autopay_screens.place(who.payer, callback_data.number)
    return texts_autopay.done(words, await autopay.pause(who.payer, place.id, screen=screen_of(query)))


@router.callback_query(to.ResumeAutopay.filter())
async def resume(
    query: CallbackQuery,
    callback_data: to.ResumeAutopay,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
    autopay: Autopay,
) -> Screen:
    """Everybody linked was told of the pause, and only who agreed may take it up."""
    place = await autopay_screens.place(who.payer, callback_data.number)
    try:
        held = await autopay.resume(who.payer, place.id, screen=screen_of(query))
    except NotYours:
        return texts_autopay.not_yours(words)
    return texts_autopay.done(words, held)


@router.callback_query(to.SkipCharge.filter())
async def skip(
    query: CallbackQuery, callback_data: to.SkipCharge, who: Subscriber, words: Html, autopay: Autopay
) -> Screen:
    """Also from a warning: the mandate and the date are the button's own."""
    try:
        await autopay.skip(
            who.payer, MandateId(callback_data.mandate), callback_data.on, screen=screen_of(query)
        )
    except StaleScreen:
        return texts_autopay.too_late(words)
    return texts_autopay.skipped(words)


@router.callback_query(to.AskDelete.filter())
async def ask_delete(
    query: CallbackQuery,
    callback_data: to.AskDelete,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
) -> Screen:
    place = await autopay_screens.place(who.payer, callback_data.number)
    return texts_autopay.ask_delete(words, place.number)


@router.callback_query(to.DeleteAutopay.filter())
async def delete(
    query: CallbackQuery,
    callback_data: to.DeleteAutopay,
    who: Subscriber,
    words: Html,
    autopay_screens: AutopayScreens,
    autopay: Autopay,
) -> Screen:
    place = await autopay_screens.place(who.payer, callback_data.number)
    await autopay.delete(who.payer, place.id, screen=screen_of(query))
    return texts_autopay.gone(words)


@router.callback_query(to.AskEnd.filter())
async def ask_end(query: CallbackQuery, callback_data: to.AskEnd, words: Html) -> Screen:
    return texts_autopay.ask_end(words, callback_data)


@router.callback_query(to.EndAtProvider.filter())
async def end_at_provider(
    query: CallbackQuery,
    callback_data: to.EndAtProvider,
    who: Subscriber,
    words: Html,
    provider_mandates: ProviderMandates,
) -> Screen:
    ended = await provider_mandates.delete(who.payer, callback_data.mandate)
    return texts_autopay.ending(words, ended.number)
