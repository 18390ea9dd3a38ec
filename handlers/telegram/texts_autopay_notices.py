"""Notices of saved cards and autopay in a chat: what happened, and the buttons for what comes next."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from aiogram.types import InlineKeyboardMarkup

from core.money import Money
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Monthly
from handlers.telegram import buttons, keyboards, texts_agreement
from handlers.telegram import buttons_autopay as to
from handlers.telegram.html import Html
from handlers.telegram.keyboards import Row
from handlers.telegram.screen import Screen
from handlers.telegram.texts_agreement import Facts

Params = dict[str, Any]


def offer(words: Html, params: Params) -> Screen:
    amount, days = Money(params["amount"]), params["days"]
    text = words(
        "Pay account {number} by itself? <b>{amount}</b> {period}, next on {date}, without commission.",
        number=params["number"],
        amount=words.money(amount),
        period=texts_agreement.period(words, EveryDays(days)),
        date=words.date(_date(params["next_on"])),
    )
    draft = to.draft(params["number"], Terms(amount, EveryDays(days)))
    return Screen(
        text,
        keyboards.rows(
            [keyboards.button(words("Connect autopay"), draft)],
            [keyboards.button(words("Not now"), buttons.ToMenu())],
        ),
    )


def connected(words: Html, params: Params) -> Screen:
    head = words("<b>Autopay of account {number} is connected</b>", number=params["number"])
    return _agreed(words, params, head)


def requested(words: Html, params: Params) -> Screen:
    head = words("<b>Autopay of account {number}: one step is left</b>", number=params["number"])
    last = words(
        "It begins with the next top-up of this account whose card is remembered. Within a day, please."
    )
    save = buttons.SaveCard(number=params["number"], kopecks=params["amount"])
    button = keyboards.button(words("Top up and save the card"), save)
    # The first charge is counted from that top-up: no date is certain before it.
    shown = _agreed(words, params | {"next_on": None}, head, [button])
    return Screen(f"{shown.text}\n\n{last}", shown.keyboard)


def changed(words: Html, params: Params) -> Screen:
    return _agreed(
        words, params, words("<b>Autopay of account {number} is changed</b>", number=params["number"])
    )


def resumed(words: Html, params: Params) -> Screen:
    return _agreed(
        words, params, words("<b>Autopay of account {number} goes on</b>", number=params["number"])
    )


def warning(words: Html, params: Params) -> Screen:
    lines = [
        words(
            "On {date} autopay tops account {number} up by <b>{amount}</b>.",
            date=words.date(_date(params["on"])),
            number=params["number"],
            amount=_amount(words, params),
        )
    ]
    if params["mask"]:
        lines.append(words("Card: {mask}", mask=params["mask"]))
    skip = to.SkipCharge(mandate=UUID(params["mandate_id"]), on=_date(params["period"]))
    return Screen(
        "\n".join(lines), _keyboard(words, params, [keyboards.button(words("Skip this one"), skip)])
    )


def skipped(words: Html, params: Params) -> Screen:
    lines = [
        words(
            "The charge of {date} for account {number} is skipped.",
            date=words.date(_date(params["on"])),
            number=params["number"],
        ),
        *_next(words, params),
    ]
    return Screen(_by(words, params, lines), _keyboard(words, params))


def declined(words: Html, params: Params) -> Screen:
    lines = [
        words(
            "Autopay could not charge {amount} for account {number}.",
            amount=_amount(words, params),
            number=params["number"],
        ),
        texts_agreement.reason(words, params["reason"]),
    ]
    if params["mask"]:
        lines.append(words("Card: {mask}", mask=params["mask"]))
    if params["retry_on"]:
        again = words.date(_date(params["retry_on"]))
        lines.append(words("It will be tried again on {date}.", date=again))
    else:
        lines += [words("This charge will not be tried again."), *_next(words, params)]
    pay = buttons.Chip(number=params["number"], kopecks=params["amount"])
    return Screen("\n".join(lines), _keyboard(words, params, [keyboards.button(words("Top up now"), pay)]))


def card_needed(words: Html, params: Params) -> Screen:
    lines = [
        words("<b>Autopay of account {number} needs another card</b>", number=params["number"]),
        texts_agreement.reason(words, params["reason"]),
        *([words("Card: {mask}", mask=params["mask"])] if params["mask"] else []),
        words("It is paused: nothing is charged until you choose a card."),
    ]
    choose = keyboards.button(words("Choose a card"), to.ToAutopay(number=params["number"]))
    save = buttons.SaveCard(number=params["number"], kopecks=params["amount"])
    return Screen(
        "\n".join(lines),
        keyboards.rows(
            [choose],
            [keyboards.button(words("Top up and save a card"), save)],
            [keyboards.button(words("Menu"), buttons.ToMenu())],
        ),
    )


def paused(words: Html, params: Params) -> Screen:
    lines = [words("<b>Autopay of account {number} is paused</b>", number=params["number"])]
    if params["reason"] == "failed":
        lines.append(words("Three charges one after another did not go through."))
    lines.append(words("Nothing is charged until you resume it."))
    resume = to.ResumeAutopay(number=params["number"])
    return Screen(
        _by(words, params, lines),
        _keyboard(words, params, [keyboards.button(words("Resume"), resume)]),
    )


def deleted(words: Html, params: Params) -> Screen:
    lines = [words("<b>Autopay of account {number} is deleted</b>", number=params["number"])]
    if params["in_flight"]:
        lines.append(
            words("A charge was under way: if it goes through, the money comes back to the card by itself.")
        )
    else:
        lines.append(words("Nothing more is charged."))
    return Screen(_by(words, params, lines), keyboards.to_menu(words))


def ended(words: Html, params: Params) -> Screen:
    if params["reason"] == "no_card":
        why = words("No card was saved within a day.")
    else:
        why = words("Its end date has come.")
    head = words("<b>Autopay of account {number} has ended</b>", number=params["number"])
    return Screen(f"{head}\n{why}", _keyboard(words, params))


def card_saved(words: Html, params: Params) -> Screen:
    text = words(
        "Card {mask} is remembered. Next time it pays in one tap. Unlink it at any time: /cards.",
        mask=params["mask"],
    )
    return Screen(text, _cards(words))


def card_expiring(words: Html, params: Params) -> Screen:
    lines = [
        words(
            "Card {mask} expires on {date}.",
            mask=params["mask"],
            date=words.date(_date(params["expires"])),
        )
    ]
    if numbers := params["numbers"]:
        lines.append(
            words.plural(
                "Autopay of account {numbers} charges it: please choose another card in time.",
                "Autopay of accounts {numbers} charges it: please choose another card in time.",
                len(numbers),
                numbers=", ".join(numbers),
            )
        )
    return Screen("\n".join(lines), _cards(words, numbers))


def card_unlinked(words: Html, params: Params) -> Screen:
    lines = [words("<b>Card {mask} is unlinked</b>", mask=params["mask"])]
    if numbers := params["numbers"]:
        lines.append(
            words.plural(
                "Autopay of account {numbers} is paused until you choose another card.",
                "Autopay of accounts {numbers} is paused until you choose another card.",
                len(numbers),
                numbers=", ".join(numbers),
            )
        )
    if params["in_flight"]:
        lines.append(
            words("A charge was under way: if it goes through, the money comes back to the card by itself.")
        )
    return Screen("\n".join(lines), _cards(words, numbers))


def _agreed(words: Html, params: Params, head: str, *rows: Row) -> Screen:
    facts = Facts(
        amount=Money(params["amount"]),
        period=_period(params["period"]),
        mask=params["mask"],
        until=_date(params["until"]) if params["until"] else None,
        next_on=_date(params["next_on"]) if params["next_on"] else None,
    )
    lines = [head, *texts_agreement.lines(words, facts)]
    return Screen(_by(words, params, lines), _keyboard(words, params, *rows))


def _by(words: Html, params: Params, lines: Sequence[str]) -> str:
    """Who did it is not named, and that it was not the reader is."""
    other = [words("Another person linked to this account did it.")] if params["by_other"] else []
    return "\n".join([*lines, *other])


def _next(words: Html, params: Params) -> list[str]:
    if not params["next_on"]:
        return []
    return [words("Next charge: <b>{date}</b>", date=words.date(_date(params["next_on"])))]


def _keyboard(words: Html, params: Params, *rows: Row) -> InlineKeyboardMarkup:
    settings = keyboards.button(words("Autopay"), to.ToAutopay(number=params["number"]))
    return keyboards.rows(*rows, [settings, keyboards.button(words("Menu"), buttons.ToMenu())])


def _cards(words: Html, numbers: Sequence[str] = ()) -> InlineKeyboardMarkup:
    return keyboards.rows(
        *(
            [
                keyboards.button(
                    words("Autopay of account {number}", number=number), to.ToAutopay(number=number)
                )
            ]
            for number in numbers
        ),
        [
            keyboards.button(words("Cards"), to.ToCards()),
            keyboards.button(words("Menu"), buttons.ToMenu()),
        ],
    )


def _amount(words: Html, params: Params) -> str:
    return words.money(Money(params["amount"]))


def _date(iso: str) -> date:
    return date.fromisoformat(iso)


def _period(facts: dict[str, int]) -> EveryDays | Monthly:
    return EveryDays(facts["days"]) if "days" in facts else Monthly(facts["day"])


TEMPLATES: dict[str, Callable[[Html, Params], Screen]] = {
    "autopay_offer": offer,
    "autopay_connected": connected,
    "autopay_requested": requested,
    "autopay_changed": changed,
    "autopay_resumed": resumed,
    "autopay_warning": warning,
    "autopay_skipped": skipped,
    "autopay_declined": declined,
    "autopay_card_needed": card_needed,
    "autopay_paused": paused,
    "autopay_deleted": deleted,
    "autopay_ended": ended,
    "card_saved": card_saved,
    "card_expiring": card_expiring,
    "card_unlinked": card_unlinked,
}
