"""Screens of a top-up, from the account to the card page."""

from collections.abc import Sequence

from core.states import Method, PaymentState
from core.use_cases.accounts import LinkedAccount
from core.use_cases.history import Chips
from core.use_cases.quote import Quote
from core.use_cases.top_ups import Confirmed
from handlers.telegram import buttons, keyboards
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen
from handlers.telegram.ways import Choice

CARD_PAGE_ALONE = Choice()


def whose(words: Html, linked: Sequence[LinkedAccount]) -> Screen:
    return Screen(words("Which account to top up?"), keyboards.payees(words, linked))


def ask_number(words: Html) -> Screen:
    text = words("Which account to top up? Type its number, for example 100080.")
    return Screen(text, keyboards.rows(keyboards.back(words)))


def not_a_number(words: Html) -> Screen:
    text = words("An account number has 1 to 10 digits. Please type it again.")
    return Screen(text, keyboards.rows(keyboards.back(words)))


def ask_amount(words: Html, number: str) -> Screen:
    text = words(
        "Top up account <b>{number}</b>. How many roubles? Type the amount, for example 500.", number=number
    )
    return Screen(text, keyboards.rows(keyboards.back(words, buttons.ToTopUp())))


def chips(words: Html, number: str, chips: Chips) -> Screen:
    text = words("Top up account <b>{number}</b>. Choose an amount or type it.", number=number)
    return Screen(text, keyboards.chips(words, number, chips))


def quote(words: Html, quote: Quote, choice: Choice = CARD_PAGE_ALONE, *, remember: bool = False) -> Screen:
    """`remember`: the tick by which the card page is asked to remember the card."""
    lines = [
        words("Account: <b>{number}</b>", number=quote.number),
        words("Goes to the account: <b>{amount}</b>", amount=words.money(quote.amount)),
        _commission(words, quote),
        words("You pay: <b>{total}</b>", total=words.money(quote.total)),
        "",
        _after_it(words, quote),
        *_of_cards(words, quote, choice, remember=remember),
        words("Valid until {until}.", until=words.moment(quote.expires_at)),
    ]
    return Screen("\n".join(lines), keyboards.quote(words, quote, choice, remember=remember))


def _after_it(words: Html, quote: Quote) -> str:
    if quote.method == Method.SBP:
        return words(
            "After you confirm, you get a link to the SBP page: your bank's application pays. The money goes "
            "to account {number} and is spent on its fees. Please check the number.",
            number=quote.number,
        )
    return words(
        "After you confirm, you get a link to the card page. The money goes to account {number} and is "
        "spent on its fees. Please check the number.",
        number=quote.number,
    )


def _of_cards(words: Html, quote: Quote, choice: Choice, *, remember: bool) -> list[str]:
    if quote.method != Method.CARD:
        return []
    said = []
    if choice.cards:
        said.append(
            words("A remembered card pays in one tap; the bank may ask for its CVC or a code on its page.")
        )
    if remember:
        said.append(
            words("The card will be remembered: here its masked number alone. Unlink it at any time: /cards.")
        )
    return said


def confirmed(words: Html, confirmed: Confirmed, *, saved_card: bool = False) -> Screen:
    """A late tap never puts an older screen over the receipt: it is told what became of the first."""
    if saved_card and (screen := _by_saved_card(words, confirmed)) is not None:
        return screen
    quote = confirmed.quote
    facts = {"amount": words.money(quote.amount), "number": quote.number}
    match confirmed.state:
        case PaymentState.PENDING if confirmed.checkout_url is not None:
            return Screen(_page(words, quote), keyboards.checkout(words, confirmed))
        case PaymentState.INTENT | PaymentState.SENDING | PaymentState.UNKNOWN:
            text = words(
                "The card page for the top-up of account <b>{number}</b> by {amount} is being prepared. "
                "Its link comes here.",
                **facts,
            )
            return Screen(text, keyboards.to_menu(words))
        case PaymentState.SUCCEEDED:
            return Screen(toast=words("This top-up is already paid."), alert=True)
        case PaymentState.DECLINED:
            return Screen(toast=words("This payment was declined. Nothing was charged."), alert=True)
        case _:
            return Screen(toast=words("The payment is being checked. The result comes here."), alert=True)


def _page(words: Html, quote: Quote) -> str:
    facts = {"amount": words.money(quote.amount), "number": quote.number}
    if quote.method == Method.SBP:
        return words(
            "Account <b>{number}</b>, {amount}: pay on the SBP page. The receipt comes here.", **facts
        )
    return words("Account <b>{number}</b>, {amount}: pay on the card page. The receipt comes here.", **facts)


def _by_saved_card(words: Html, confirmed: Confirmed) -> Screen | None:
    """What differs from the card page: the outcome may be there at once, and a notice tells it."""
    facts = {"amount": words.money(confirmed.quote.amount), "number": confirmed.quote.number}
    match confirmed.state:
        case PaymentState.PENDING if confirmed.checkout_url is not None:
            text = words(
                "Account <b>{number}</b>, {amount}: the bank asks for the card's CVC or a code. Please "
                "confirm on its page. The receipt comes here.",
                **facts,
            )
            return Screen(text, keyboards.checkout(words, confirmed))
        case PaymentState.SUCCEEDED | PaymentState.DECLINED if not confirmed.repeated:
            return Screen()
        case PaymentState.SUCCEEDED | PaymentState.DECLINED:
            return None
    text = words(
        "The top-up of account <b>{number}</b> by {amount} is under way. Please do not pay again: the result "
        "comes here.",
        **facts,
    )
    return Screen(text, keyboards.to_menu(words))


def expired(words: Html) -> Screen:
    text = words("The time to confirm has passed. Nothing was charged.")
    again = keyboards.button(words("Start again"), buttons.ToTopUp())
    return Screen(text, keyboards.rows([again], keyboards.back(words)))


def dropped(words: Html) -> Screen:
    return Screen(words("The top-up is cancelled. Nothing was charged."), keyboards.to_menu(words))


def _commission(words: Html, quote: Quote) -> str:
    if not quote.commission:
        return words("Commission: none")
    amount = words.money(quote.commission)
    if quote.commission_from:
        return words("Commission: from {amount}", amount=amount)
    return words("Commission: {amount}", amount=amount)
