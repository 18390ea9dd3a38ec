"""Screens on which the terms of autopay are chosen, shown and agreed to."""

from collections.abc import Sequence
from datetime import date

from core.money import Money
from core.profile import Autopay as Limits
from core.use_cases.agreements import Terms
from core.use_cases.cards import CardView
from core.use_cases.provider_mandates import ProviderMandate
from handlers.telegram import buttons, keyboards, keyboards_autopay, texts_agreement, texts_autopay
from handlers.telegram import buttons_autopay as to
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen
from handlers.telegram.texts_agreement import Facts


def offer(
    words: Html,
    draft: to.Draft,
    agree: to.Draft,
    facts: Facts,
    kept: Sequence[ProviderMandate],
    *,
    consent: str,
) -> Screen:
    """No autopay on the account yet: what it would be."""
    head = [
        words("Account <b>{number}</b> has no autopay.", number=draft.number),
        words("It tops the account up by itself, without commission. It would be:"),
    ]
    lines = [*head, "", *texts_agreement.lines(words, facts), "", _consent(words, consent)]
    text = "\n".join([*lines, *texts_autopay.kept_lines(words, kept)])
    return Screen(text, keyboards_autopay.draft(words, draft, agree, kept, home=None))


def draft(words: Html, draft: to.Draft, agree: to.Draft, facts: Facts, *, consent: str) -> Screen:
    """The terms as they stand, with the date that follows from them."""
    head = words("Autopay of account <b>{number}</b>: please check the terms.", number=draft.number)
    text = "\n".join([head, "", *texts_agreement.lines(words, facts), "", _consent(words, consent)])
    home = to.ToAutopay(number=draft.number)
    return Screen(text, keyboards_autopay.draft(words, draft, agree, (), home=home))


def facts_of(terms: Terms, card: CardView | None, next_on: date) -> Facts:
    mask = None if card is None else card.mask
    return Facts(terms.amount, terms.period, mask, terms.until, next_on)


def amount(words: Html, draft: to.Draft, offered: Sequence[Money], limits: Limits) -> Screen:
    text = words(
        "How much at a time? Choose an amount or type it: from {least} to {most}.",
        least=words.money(limits.least),
        most=words.money(limits.most),
    )
    return Screen(text, keyboards_autopay.amounts(words, draft, offered))


def days(words: Html, draft: to.Draft, offered: Sequence[int], limits: Limits) -> Screen:
    text = words(
        "Every how many days? Choose a number or type it: from {least} to {most}.",
        least=limits.days_least,
        most=limits.days_most,
    )
    return Screen(text, keyboards_autopay.days(words, draft, offered))


def day_of_month(words: Html, draft: to.Draft) -> Screen:
    text = words(
        "On which day of the month? Choose it or type it. A shorter month is charged on its last day."
    )
    return Screen(text, keyboards_autopay.days_of_month(words, draft))


def until(words: Html, draft: to.Draft) -> Screen:
    text = words("Until which date? Type it, for example 31.12.2027.")
    return Screen(text, keyboards_autopay.until(words, draft))


def card(words: Html, draft: to.Draft, cards: Sequence[CardView]) -> Screen:
    if cards:
        text = words("Which card is charged?")
    else:
        text = words("No card is remembered. A top-up with “Remember my card” ticked saves one.")
    return Screen(text, keyboards_autopay.card_choice(words, draft, cards))


def not_a_number(words: Html, draft: to.Draft) -> Screen:
    text = words("Please type one number.")
    return Screen(text, keyboards.rows([keyboards.button(words("Back"), to.to(to.ToDraft, draft))]))


def not_a_date(words: Html, draft: to.Draft) -> Screen:
    text = words("Please type a date: day, month and year, for example 31.12.2027.")
    return Screen(text, keyboards.rows([keyboards.button(words("Back"), to.to(to.ToDraft, draft))]))


def consent_outdated(words: Html) -> Screen:
    text = words("The terms of autopay have changed since. Nothing was agreed to: please look at them again.")
    again = keyboards.button(words("Autopay"), to.ToAutopay())
    menu = keyboards.button(words("Menu"), buttons.ToMenu())
    return Screen(text, keyboards.rows([again], [menu]))


def _consent(words: Html, version: str) -> str:
    return words(
        "With the first button you agree that this amount is charged from the card on these days without "
        "asking you again. A day before each charge we write, and you may skip it. You may change, pause or "
        "delete autopay and unlink the card here at any time. Terms of {version}.",
        version=version,
    )
