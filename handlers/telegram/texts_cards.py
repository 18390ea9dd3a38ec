"""Screens of saved cards."""

from collections.abc import Sequence

from core.use_cases.cards import CardView
from handlers.telegram import keyboards_autopay
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


def cards(words: Html, held: Sequence[CardView], *, toast: str = "") -> Screen:
    if not held:
        text = words(
            "No card is remembered. Tick “Remember my card” at a top-up, and the next one takes one tap."
        )
    else:
        text = "\n".join([words("Your cards:"), *(_line(words, each) for each in held)])
    return Screen(text, keyboards_autopay.cards(words, held), toast=toast)


def card(words: Html, card: CardView, numbers: Sequence[str]) -> Screen:
    """`numbers`: the accounts whose autopay charges it, and is paused when it is unlinked."""
    lines = [_line(words, card)]
    if numbers:
        lines.append(
            words.plural(
                "Autopay of account {numbers} charges it. To unlink the card pauses this autopay.",
                "Autopay of accounts {numbers} charges it. To unlink the card pauses them.",
                len(numbers),
                numbers=", ".join(numbers),
            )
        )
    lines.append(words("Unlinking works at once: nothing is charged from the card after it."))
    return Screen("\n".join(lines), keyboards_autopay.card(words, card))


def chosen(words: Html, held: Sequence[CardView], mask: str) -> Screen:
    return cards(words, held, toast=words("Card {mask} is offered first.", mask=mask))


def unlinked(words: Html, mask: str) -> Screen:
    return Screen(toast=words("Card {mask} is unlinked.", mask=mask))


def _line(words: Html, card: CardView) -> str:
    parts = [card.mask]
    if card.expires is not None:
        expires = f"{card.expires:%m/%Y}"
        parts.append(
            words("expired {expires}", expires=expires)
            if card.expired
            else words("until {expires}", expires=expires)
        )
    if card.default:
        parts.append(words("offered first"))
    return ", ".join(parts)
