"""The buttons under the screens of saved cards and autopay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiogram.types import InlineKeyboardMarkup

from core.money import Money
from core.states import Access, MandateState
from core.use_cases.accounts import LinkedAccount
from core.use_cases.autopay import AutopayScreen
from core.use_cases.cards import CardView
from core.use_cases.provider_mandates import ProviderMandate
from core.use_cases.schedules import EveryDays, Monthly
from handlers.telegram import buttons
from handlers.telegram import buttons_autopay as to
from handlers.telegram.html import Html
from handlers.telegram.keyboards import Row, back, button, rows

DAYS_IN_A_ROW = 7
LAST_DAY = 31
PROVIDER_NAMES = {"arsenalpay": "ArsenalPay", "yookassa": "YooKassa"}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may do with a mandate: who agreed to it may always end it."""

    change: bool
    end: bool

    @classmethod
    def of(cls, place: LinkedAccount, held: AutopayScreen) -> "Rights":
        full = place.access == Access.FULL
        return cls(change=held.mine and full, end=held.mine or full)


def state(
    words: Html, held: AutopayScreen, may: Rights, kept: Sequence[ProviderMandate], *, several: bool
) -> InlineKeyboardMarkup:
    number, lines = held.number, list[Row]()
    # A refused or unlinked card is charged again only where it is chosen anew.
    useless = held.card is None or held.reason == "card_needed"
    now = to.draft(number, replace(held.terms, card_id=None) if useless else held.terms)
    if may.change:
        lines += _next_step(words, held, now)
        lines.append([button(words("Change"), now)])
    if may.end and held.state == MandateState.ACTIVE:
        if held.next_on is not None:
            skip = to.SkipCharge(mandate=held.mandate_id, on=held.next_on)
            lines.append([button(words("Skip the next charge"), skip)])
        lines.append([button(words("Pause"), to.PauseAutopay(number=number))])
    if may.end:
        lines.append([button(words("Delete"), to.AskDelete(number=number))])
    if not may.end or (held.mine and not may.change):
        lines.append(_prove(words))
    return rows(*lines, *_kept(words, number, kept), _others(words, several=several), back(words))


def _next_step(words: Html, held: AutopayScreen, now: to.ToDraft) -> list[Row]:
    """What brings it back to work."""
    if held.state == MandateState.REQUESTED:
        save = buttons.SaveCard(number=held.number, kopecks=held.terms.amount.kopecks)
        return [
            [button(words("Top up and save the card"), save)],
            [button(words("Choose a card"), to.to(to.DraftCard, now))],
        ]
    if held.state == MandateState.PAUSED and held.reason == "card_needed":
        return [[button(words("Choose a card"), to.to(to.DraftCard, now))]]
    if held.state == MandateState.PAUSED:
        return [[button(words("Resume"), to.ResumeAutopay(number=held.number))]]
    return []


def reader(
    words: Html, place: LinkedAccount, kept: Sequence[ProviderMandate], *, several: bool
) -> InlineKeyboardMarkup:
    return rows(
        _prove(words), *_kept(words, place.number, kept), _others(words, several=several), back(words)
    )


def kept(words: Html, number: str, kept: Sequence[ProviderMandate]) -> InlineKeyboardMarkup:
    return rows(*_kept(words, number, kept), back(words))


def which(words: Html, places: Sequence[LinkedAccount]) -> InlineKeyboardMarkup:
    return rows(*([button(one.number, to.ToAutopay(number=one.number))] for one in places), back(words))


def draft(
    words: Html,
    draft: to.Draft,
    agree: to.Draft,
    kept: Sequence[ProviderMandate],
    *,
    home: buttons.Button | None,
) -> InlineKeyboardMarkup:
    label = words("Connect") if isinstance(agree, to.Connect) else words("Save the changes")
    monthly = isinstance(draft.period, Monthly)
    return rows(
        [button(label, agree)],
        [
            button(words("Amount"), to.to(to.DraftAmount, draft)),
            button(words("How often"), to.to(to.DraftDayOfMonth if monthly else to.DraftDays, draft)),
        ],
        [
            button(words("End date"), to.to(to.DraftUntil, draft)),
            button(words("Card"), to.to(to.DraftCard, draft)),
        ],
        *_kept(words, draft.number, kept),
        back(words, home),
    )


def amounts(words: Html, draft: to.Draft, offered: Sequence[Money]) -> InlineKeyboardMarkup:
    chips = [
        button(words.money(amount), to.to(to.ToDraft, draft, kopecks=amount.kopecks)) for amount in offered
    ]
    return rows(*_in_rows(chips, 2), _undo(words, draft))


def days(words: Html, draft: to.Draft, offered: Sequence[int]) -> InlineKeyboardMarkup:
    chips = [
        button(words.plural("{n} day", "{n} days", each), to.to(to.ToDraft, draft, period=EveryDays(each)))
        for each in offered
    ]
    monthly = button(words("On a day of the month"), to.to(to.DraftDayOfMonth, draft))
    return rows(*_in_rows(chips, 3), [monthly], _undo(words, draft))


def days_of_month(words: Html, draft: to.Draft) -> InlineKeyboardMarkup:
    chips = [
        button(str(day), to.to(to.ToDraft, draft, period=Monthly(day))) for day in range(1, LAST_DAY + 1)
    ]
    often = button(words("Every so many days"), to.to(to.DraftDays, draft))
    return rows(*_in_rows(chips, DAYS_IN_A_ROW), [often], _undo(words, draft))


def until(words: Html, draft: to.Draft) -> InlineKeyboardMarkup:
    endless = button(words("No end date"), to.to(to.ToDraft, draft, until=None))
    return rows([endless], _undo(words, draft))


def card_choice(words: Html, draft: to.Draft, cards: Sequence[CardView]) -> InlineKeyboardMarkup:
    save = buttons.SaveCard(number=draft.number, kopecks=draft.kopecks)
    return rows(
        *([button(card.mask, to.to(to.ToDraft, draft, card=card.id))] for card in cards),
        [button(words("Top up and save a card"), save)],
        _undo(words, draft),
    )


def cards(words: Html, cards: Sequence[CardView]) -> InlineKeyboardMarkup:
    return rows(
        *([button(card.mask, to.ToCard(card=card.id))] for card in cards),
        back(words, buttons.ToSettings()),
    )


def card(words: Html, card: CardView) -> InlineKeyboardMarkup:
    default = [button(words("Offer it first"), to.DefaultCard(card=card.id))]
    return rows(
        [] if card.default or card.expired else default,
        [button(words("Unlink the card"), to.UnlinkCard(card=card.id))],
        back(words, to.ToCards()),
    )


def provider_name(kept: ProviderMandate) -> str:
    return PROVIDER_NAMES.get(kept.provider, kept.provider)


def _kept(words: Html, number: str, kept: Sequence[ProviderMandate]) -> list[Row]:
    return [
        [
            button(
                words("Delete the autopay of {provider}", provider=provider_name(each)),
                to.AskEnd(number=number, mandate=each.id),
            )
        ]
        for each in kept
        if not each.deleting
    ]


def _prove(words: Html) -> Row:
    return [button(words("Log in or get a code"), buttons.ToLinking())]


def _others(words: Html, *, several: bool) -> Row:
    return [button(words("Another account"), to.ToAutopays())] if several else []


def _undo(words: Html, draft: to.Draft) -> Row:
    return [button(words("Back"), to.to(to.ToDraft, draft))]


def _in_rows(chips: Row, width: int) -> list[Row]:
    return [chips[at : at + width] for at in range(0, len(chips), width)]
