"""What the outbox tells in a chat: each notice's template has a text here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.money import Money
from handlers.telegram import (
    keyboards,
    texts_alerts,
    texts_autopay_notices,
    texts_broadcast,
    texts_desk_notices,
)
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

Params = dict[str, Any]


def notice(words: Html, template: str, params: Params, *, repeat: bool) -> Screen:
    """`repeat`: it may have been sent before, and says so."""
    screen = TEMPLATES[template](words, params)
    if not repeat:
        return screen
    mark = words("<i>Repeated: this message may have come to you before.</i>")
    return Screen(f"{mark}\n\n{screen.text}", screen.keyboard)


def paid(words: Html, params: Params) -> Screen:
    total = Money(params["total"])
    lines = [
        words("<b>The money is on the account</b>"),
        words("Account: {number}", number=params["number"]),
        words("Amount: {amount}", amount=_amount(words, params)),
    ]
    if params["commission"]:
        lines.append(words("Commission: {amount}", amount=words.money(Money(params["commission"]))))
        lines.append(words("Paid in total: {total}", total=words.money(total)))
    if params["card_mask"]:
        lines.append(words("Card: {mask}", mask=params["card_mask"]))
    if params["transaction"]:
        lines.append(words("Transaction: {transaction}", transaction=params["transaction"]))
    if params["at"]:
        lines.append(words("Time: {moment}", moment=words.moment(datetime.fromisoformat(params["at"]))))
    if params["late"]:
        lines.append(words("The payment went through later than we had told you."))
    return Screen("\n".join(lines), keyboards.to_menu(words))


def declined(words: Html, params: Params) -> Screen:
    text = words(
        "The top-up of account {number} by {amount} did not go through: the payment was declined. "
        "Nothing was charged.",
        number=params["number"],
        amount=_amount(words, params),
    )
    return Screen(text, keyboards.to_menu(words))


def pending(words: Html, params: Params) -> Screen:
    text = words(
        "The top-up of account {number} by {amount} is being checked with the payment provider. "
        "Please do not pay again: the result comes here.",
        number=params["number"],
        amount=_amount(words, params),
    )
    return Screen(text, keyboards.to_menu(words))


def held(words: Html, params: Params) -> Screen:
    text = words(
        "Your payment of {amount} for account {number} has come, and does not match the request. "
        "Our staff is looking at it.",
        number=params["number"],
        amount=_amount(words, params),
    )
    return Screen(text, keyboards.to_menu(words))


def refunded(words: Html, params: Params) -> Screen:
    lines = [
        words(
            "<b>Refund: {amount}</b>\nThe sum was returned to you and has left account {number}.",
            number=params["number"],
            amount=_amount(words, params),
        )
    ]
    match params["reason"]:
        case "autopay_deleted":
            lines.append(words("It was charged while autopay was being deleted."))
        case "card_unlinked":
            lines.append(words("It was charged while the card was being unlinked."))
    return Screen("\n".join(lines), keyboards.to_menu(words))


def checkout_ready(words: Html, params: Params) -> Screen:
    text = words(
        "Account <b>{number}</b>, {amount}: pay on the card page. The receipt comes here.",
        number=params["number"],
        amount=_amount(words, params),
    )
    page = keyboards.link(words("Open the payment page"), params["url"])
    return Screen(text, keyboards.rows([page]))


def linked(words: Html, params: Params) -> Screen:
    if params["by_other"]:
        text = words(
            "Account {number} was linked to one more chat. If it was not you, change the cabinet password "
            "and call support: /help.",
            number=params["number"],
        )
    else:
        text = words("Account {number} is linked to this chat now.", number=params["number"])
    return Screen(text, keyboards.to_menu(words))


def unlinked(words: Html, params: Params) -> Screen:
    text = words("Account {number} was unlinked from another chat.", number=params["number"])
    return Screen(text, keyboards.to_menu(words))


def _amount(words: Html, params: Params) -> str:
    return words.money(Money(params["amount"]))


TEMPLATES: dict[str, Callable[[Html, Params], Screen]] = {
    "paid": paid,
    "declined": declined,
    "pending": pending,
    "held": held,
    "refunded": refunded,
    "checkout_ready": checkout_ready,
    "linked": linked,
    "unlinked": unlinked,
    **texts_alerts.TEMPLATES,
    **texts_autopay_notices.TEMPLATES,
    **texts_broadcast.TEMPLATES,
    **texts_desk_notices.TEMPLATES,
}
