"""/cards: the saved cards; the one offered first; unlinking, which works at once."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from core.errors import NotYours
from core.ids import CardId
from core.use_cases.cards import Cards
from core.use_cases.subscribers import Subscriber
from handlers.telegram import buttons_autopay as to
from handlers.telegram import texts_autopay, texts_cards
from handlers.telegram.autopay_screens import AutopayScreens
from handlers.telegram.commands import Says
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen, screen_of

router = Router(name="cards")


@router.message(Says("cards"))
async def cards_asked(message: Message, who: Subscriber, words: Html, cards: Cards) -> Screen:
    return await _list(who, words, cards)


@router.callback_query(to.ToCards.filter())
async def cards_pressed(query: CallbackQuery, who: Subscriber, words: Html, cards: Cards) -> Screen:
    return await _list(who, words, cards)


@router.callback_query(to.ToCard.filter())
async def card(
    query: CallbackQuery,
    callback_data: to.ToCard,
    who: Subscriber,
    words: Html,
    cards: Cards,
    autopay_screens: AutopayScreens,
) -> Screen:
    """The consequence of unlinking is named before the button for it."""
    shown = next((each for each in await cards.of(who.payer) if each.id == callback_data.card), None)
    if shown is None:
        raise NotYours
    return texts_cards.card(words, shown, await autopay_screens.accounts_charging(who.payer, shown))


@router.callback_query(to.DefaultCard.filter())
async def choose(
    query: CallbackQuery, callback_data: to.DefaultCard, who: Subscriber, words: Html, cards: Cards
) -> Screen:
    await cards.choose(who.payer, CardId(callback_data.card))
    held = await cards.of(who.payer)
    first = next(card for card in held if card.default)
    return texts_cards.chosen(words, held, first.mask)


@router.callback_query(to.UnlinkCard.filter())
async def unlink(
    query: CallbackQuery, callback_data: to.UnlinkCard, who: Subscriber, words: Html, cards: Cards
) -> Screen:
    """A notice replaces the screen and names what was paused; a second tap is told the same."""
    gone = await cards.unlink(who.payer, CardId(callback_data.card), screen=screen_of(query))
    return texts_cards.unlinked(words, gone.mask)


async def _list(who: Subscriber, words: Html, cards: Cards) -> Screen:
    if not cards.enabled:
        return texts_autopay.unavailable(words)
    return texts_cards.cards(words, await cards.of(who.payer))
