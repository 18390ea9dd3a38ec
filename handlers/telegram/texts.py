"""Screens of the menu, accounts, linking, settings and help."""

from collections.abc import Sequence

from aiogram.types import ReplyKeyboardRemove

from core.profile import Profile
from core.use_cases.accounts import LinkedAccount
from core.use_cases.links import LinkStart
from handlers.telegram import buttons, keyboards
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.screen import Screen


def welcome(words: Html, profile: Profile, linked: Sequence[LinkedAccount]) -> Screen:
    lines = [
        words("This is the bot of {operator}.", operator=profile.name[words.code]),
        words("It shows the balance of your account and tops up any account by card."),
    ]
    if not linked:
        lines.append(words("To see a balance, link your account first."))
    return Screen("\n".join(lines), keyboards.menu(words, may_link=not linked))


def menu(words: Html, *, toast: str = "") -> Screen:
    text = words("What would you like to do?")
    return Screen(text, keyboards.menu(words), toast=toast, alert=bool(toast))


def stale(words: Html) -> Screen:
    return menu(words, toast=words("This menu is old. Here is a new one."))


def not_understood(words: Html) -> Screen:
    text = words("I did not understand that. Please choose from the menu.")
    return Screen(text, keyboards.menu(words))


def cancelled(words: Html) -> list[Screen]:
    gone = Screen(words("The current step is left. Nothing was changed."), below=ReplyKeyboardRemove())
    return [gone, menu(words)]


def card_number_seen(words: Html) -> Screen:
    return Screen(
        words(
            "Your message looked like a card number. I did not keep it: please delete it here. "
            "A card number is entered on the payment page only."
        ),
        keyboards.to_menu(words),
    )


def accounts(words: Html, linked: Sequence[LinkedAccount]) -> Screen:
    if not linked:
        text = words("No account is linked to this chat.")
    else:
        text = words.plural(
            "{n} account is linked to this chat.", "{n} accounts are linked to this chat.", len(linked)
        )
    return Screen(text, keyboards.accounts(words, linked))


def account(words: Html, one: LinkedAccount) -> Screen:
    lines = [words("Account <b>{number}</b>", number=one.number)]
    if one.tariff:
        lines.append(words("Tariff: {tariff}", tariff=one.tariff))
    lines.append(
        words("Access: full")
        if one.access == "full"
        else words("Access: balance and history, by phone number")
    )
    return Screen("\n".join(lines), keyboards.account(words, one.id, one.number))


def ask_unlink(words: Html, one: LinkedAccount, *, autopay: bool = False) -> Screen:
    """`autopay`: the person's own charges go on after it."""
    lines = [
        words(
            "Unlink account <b>{number}</b> from this chat? Its balance will not be shown here any more. "
            "The account itself does not change.",
            number=one.number,
        )
    ]
    if autopay:
        lines.append(words("Your autopay of this account goes on: to end it, delete it at /autopay."))
    return Screen("\n".join(lines), keyboards.unlink(words, one.id))


def ask_unlink_code(words: Html, one: LinkedAccount) -> Screen:
    text = words(
        "To unlink account <b>{number}</b>, type the code of six digits that is on its way by SMS to the "
        "phone registered at the account. It holds for 5 minutes.",
        number=one.number,
    )
    return Screen(text, keyboards.rows(keyboards.back(words, buttons.ToAccount(account=one.id))))


def linking(words: Html, start: LinkStart, *, by_sms: bool = False) -> Screen:
    text = words(
        "1. Open the login page and log in to your account.\n"
        "2. The page shows a one-time code of six digits.\n"
        "3. Type that code here.\n\n"
        "The link works once, until {until}. Never type your password in this chat.",
        until=words.moment(start.expires_at),
    )
    return Screen(text, keyboards.linking(words, start.url, by_sms=by_sms))


def ask_number_to_link(words: Html) -> Screen:
    text = words("Which account? Type its number: a code is sent by SMS to the phone registered at it.")
    return Screen(text, keyboards.rows(keyboards.back(words, buttons.ToLinking())))


def ask_sms_code(words: Html, number: str) -> Screen:
    text = words(
        "If account <b>{number}</b> exists and has a phone registered, a code of six digits is on its way "
        "there by SMS. Type it here within 5 minutes.",
        number=number,
    )
    return Screen(text, keyboards.rows(keyboards.back(words, buttons.ToLinking())))


def not_an_sms_code(words: Html) -> Screen:
    text = words("The code has six digits: it comes by SMS to the phone registered at the account.")
    return Screen(text, keyboards.to_menu(words))


def not_a_code(words: Html) -> Screen:
    text = words("The code has six digits: it is shown on the login page after you log in.")
    return Screen(text, keyboards.to_menu(words))


def linked(words: Html, number: str, linked: Sequence[LinkedAccount]) -> Screen:
    text = words("Account {number} is linked to this chat now.", number=number)
    return Screen(text, keyboards.accounts(words, linked))


def unlinked(words: Html, number: str, left: Sequence[LinkedAccount]) -> Screen:
    text = words("Account {number} is unlinked from this chat.", number=number)
    return Screen(text, keyboards.accounts(words, left))


def ask_contact(words: Html) -> Screen:
    text = words(
        "If your mobile number is registered at your account, share it with the button below: "
        "you will see balance and history."
    )
    return Screen(text, below=keyboards.contact(words))


def contact_taken(words: Html, numbers: Sequence[str]) -> Screen:
    text = words.plural(
        "Your number is registered at account {numbers}.",
        "Your number is registered at accounts {numbers}.",
        len(numbers),
        numbers=", ".join(numbers),
    )
    return Screen(text, below=ReplyKeyboardRemove())


def settings(words: Html, locales: Sequence[str], offered: Offered, *, advertising: bool = False) -> Screen:
    text = words("Settings. Choose the language of this chat:")
    return Screen(text, keyboards.settings(words, locales, offered, advertising=advertising))


def advertising_ended(words: Html) -> Screen:
    """Over the advertisement, which stays."""
    text = words("You get no advertising any more. Notices about your account still come.")
    return Screen(toast=text, alert=True)


def help_(words: Html, profile: Profile, offered: Offered) -> Screen:
    sms = profile.sms
    example = f"{sms.keyword} 100080 100"
    lines = [
        words("/balance: balance, charges, days left"),
        words("/pay: top up your account or any other"),
        *([words("/autopay: pay by itself"), words("/cards: remembered cards")] if offered.cards else []),
        words("/alerts: when the money runs low"),
        words("/accounts: link and unlink accounts"),
        words("/settings: language"),
        "",
        words(
            "Without Internet: send <code>{example}</code> by SMS to {short_code} (account, then roubles) "
            "and confirm by a reply.",
            example=example,
            short_code=sms.short_code,
        ),
        "",
        words(
            "Information {information_hours}, support {support_hours}:",
            information_hours=profile.information_hours[words.code],
            support_hours=profile.support_hours[words.code],
        ),
        *(_city(words, profile, place) for place in range(len(profile.cities))),
        "",
        words("Cabinet: {cabinet}. Site: {site}.", cabinet=profile.cabinet, site=profile.site),
    ]
    return Screen("\n".join(lines), keyboards.help_(words))


def privacy(words: Html, profile: Profile) -> Screen:
    text = words(
        "The bot stores your Telegram number, name and language, the phone number that proved an account "
        "yours, the accounts you linked, your top-ups and the texts you send, and uses them only to answer "
        "you. It stores no card numbers and asks for no "
        "passwords: the card is entered on the payment provider's page, the login on the page of "
        "{operator}. Of a card that you ask to remember it stores the masked number, the expiry date and the "
        "provider's reference, encrypted.\n\n"
        "/accounts unlinks an account. To have the rest erased, ask support: see /help.",
        operator=profile.name[words.code],
    )
    return Screen(text, keyboards.to_menu(words))


def _city(words: Html, profile: Profile, place: int) -> str:
    city = profile.cities[place]
    return words(
        "{city}: information {information}, support {support}",
        city=city.name[words.code],
        information=city.information,
        support=city.support,
    )
