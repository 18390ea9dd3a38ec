"""Refusals in words, and the one catch-all of the Telegram door."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.exceptions import TelegramAPIError, TelegramForbiddenError
from aiogram.types import CallbackQuery, Message, TelegramObject

from core import errors
from core.ids import new_id
from core.use_cases.subscribers import Subscribers
from handlers.telegram import (
    buttons,
    keyboards,
    texts,
    texts_alerts,
    texts_autopay,
    texts_desk_refusals,
    texts_draft,
    texts_top_up,
)
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, show

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
STALE = (errors.StaleScreen, errors.NotYours, errors.NoOpenQuote, errors.NotLinked)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incident:
    """Something broke in a handler; the id joins the log and what the person was told."""

    id: str


class Answering(BaseMiddleware):
    """Shows what a handler returns, says a refusal in words, ends every button's waiting."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Message | CallbackQuery)
        words, who, bot = data["words"], data["who"], data["bot"]
        try:
            await _show(await _answer(handler, event, data), event, bot)
        except TelegramForbiddenError:
            await self._subscribers.set_reachable(who.payer, reachable=False)
        except TelegramAPIError as error:
            # An answer states nothing that is not stored: it may be lost, the person asks again.
            log.warning("answer lost", error=type(error).__name__, reason=error.message)
        except Exception:
            incident = Incident(new_id().hex[-8:])
            log.exception("handler broke", incident=incident.id)
            await _apologise(incident, event, bot, words)
            return incident
        return None


async def _answer(handler: Handler, event: Message | CallbackQuery, data: dict[str, Any]) -> Any:
    try:
        return await handler(event, data)
    except SkipHandler:
        return None
    except errors.Refusal as refusal:
        return refused(refusal, data["words"], pressed=isinstance(event, CallbackQuery))


async def _show(answer: Any, event: Message | CallbackQuery, bot: Bot) -> None:
    screens = answer if isinstance(answer, list) else [answer]
    for screen in screens:
        if isinstance(screen, Screen):
            await show(screen, event, bot)
        elif isinstance(event, CallbackQuery):
            await show(Screen(), event, bot)


async def _apologise(incident: Incident, event: Message | CallbackQuery, bot: Bot, words: Html) -> None:
    text = words("Something broke on our side. We are told; its number is {id}.", id=incident.id)
    screen = (
        Screen(toast=text, alert=True)
        if isinstance(event, CallbackQuery)
        else Screen(text, keyboards.to_menu(words))
    )
    try:
        await show(screen, event, bot)
    except TelegramAPIError as error:
        log.warning("apology lost", incident=incident.id, error=type(error).__name__)


def refused(refusal: errors.Refusal, words: Html, *, pressed: bool) -> Screen | None:
    """None: silence by rule. A button's stale or expired screen is replaced, else the no is a toast."""
    if isinstance(refusal, errors.TooManyUnknownAccounts):
        return None
    if isinstance(refusal, errors.QuoteExpired):
        return texts_top_up.expired(words)
    if isinstance(refusal, STALE) and pressed:
        return texts.stale(words)
    if (screen := _in_place(refusal, words)) is not None:
        return screen
    text = told(refusal, words)
    return Screen(toast=text, alert=True) if pressed else Screen(text, keyboards.to_menu(words))


def _in_place(refusal: errors.Refusal, words: Html) -> Screen | None:
    """A refusal that has a next step shows it, with its button."""
    match refusal:
        case errors.FullAccessNeeded():
            prove = keyboards.button(words("Log in or get a code"), buttons.ToLinking())
            return Screen(told(refusal, words), keyboards.rows([prove], keyboards.back(words)))
        case errors.ConsentOutdated():
            return texts_draft.consent_outdated(words)
        case errors.CardNeeded():
            return texts_autopay.card_needed(words)
    return None


def told(refusal: errors.Refusal, words: Html) -> str:
    """Facts here are amounts, digits and durations: the text is fit for a toast and a message alike."""
    match refusal:
        case errors.StaffRefusal():
            return texts_desk_refusals.told(words, refusal)
        case errors.UnknownAccount(number):
            return words(
                "There is no account {number}. Please check the number and type it again.", number=number
            )
        case errors.AmountTooSmall(least):
            return words("The least amount is {least}. Please type another.", least=words.money(least))
        case errors.AmountTooLarge(most):
            return words("The largest amount is {most}. Please type another.", most=words.money(most))
        case errors.AmountMalformed():
            return words("Please type one amount in roubles, for example 500 or 691,91.")
        case errors.MethodUnavailable():
            return words("Payment by card is not available now. Please try later.")
        case errors.AlreadyConfirmed():
            return words("This top-up is already confirmed.")
    return _told_of_linking(refusal, words)


def _told_of_linking(refusal: errors.Refusal, words: Html) -> str:
    match refusal:
        case errors.NotLinked():
            return words("No such account is linked to this chat: /accounts.")
        case errors.AlreadyLinked(number):
            return words("Account {number} is linked to this chat already.", number=number)
        case errors.NoRegisteredPhone():
            return words("This phone number is not registered at any account. Please link by the login page.")
        case errors.ForeignContact():
            return words("This is not your own number. Please use the button below the chat.")
        case errors.CodeWrong(0):
            return words("Wrong code, and it is of no use any more. Please start again: /accounts.")
        case errors.CodeWrong(left):
            return words.plural("Wrong code. {n} try is left.", "Wrong code. {n} tries are left.", left)
        case errors.CodeExpired() | errors.LinkExpired():
            return words("The code has expired. Please start again: /accounts.")
        case errors.TooManyTries(retry_after):
            return words("Too many tries. Please try again in {time}.", time=_duration(words, retry_after))
    return _told_of_autopay(refusal, words)


def _told_of_autopay(refusal: errors.Refusal, words: Html) -> str:
    match refusal:
        case errors.FullAccessNeeded():
            return texts_autopay.needs_full_access(words)
        case errors.MandateExists(number):
            return words("Account {number} has autopay already: /autopay.", number=number)
        case errors.NoMandate():
            return words("There is no autopay on this account any more: /autopay.")
        case errors.PeriodOutOfRange(least, most):
            return words("Please type a number from {least} to {most}.", least=least, most=most)
        case errors.DaysOutOfRange(most):
            return texts_alerts.days_out_of_range(words, most)
        case errors.UntilTooEarly(first):
            return words(
                "The first charge would be on {date}: the end date cannot be before it.",
                date=words.date(first),
            )
    return words("This is not possible now. Please start again: /start.")


def _duration(words: Html, left: timedelta) -> str:
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    if minutes < 60:
        return words.plural("{n} minute", "{n} minutes", minutes)
    return words.plural("{n} hour", "{n} hours", -(-minutes // 60))
