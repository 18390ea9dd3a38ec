"""The buttons under each screen."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup

from core.ids import AccountId
from core.money import Money
from core.states import Method
from core.use_cases.accounts import LinkedAccount
from core.use_cases.history import Chips, HistoryPage
from core.use_cases.quote import Quote
from core.use_cases.top_ups import Confirmed
from handlers.telegram import buttons
from handlers.telegram.buttons import Button
from handlers.telegram.buttons_alerts import ToAlerts
from handlers.telegram.buttons_autopay import ToAutopay, ToCards
from handlers.telegram.html import Html
from handlers.telegram.offered import Offered
from handlers.telegram.ways import Choice

LANGUAGE_NAMES = {"ru": "Русский", "en": "English"}

Row = list[InlineKeyboardButton]


def button(text: str, to: Button) -> InlineKeyboardButton:
    return _button(text, to.pack())


@lru_cache(maxsize=1000)  # most buttons are the same on every screen of a language
def _button(text: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data)


def link(text: str, url: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, url=url)


def rows(*lines: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[list(line) for line in lines if line])


def back(words: Html, to: Button | None = None) -> Row:
    return [button(words("Back"), to or buttons.ToMenu())]


def menu(words: Html, *, may_link: bool = False) -> InlineKeyboardMarkup:
    return rows(
        [button(words("Link an account"), buttons.ToLinking())] if may_link else [],
        [button(words("Balance"), buttons.ToBalance()), button(words("Top up"), buttons.ToTopUp())],
        [button(words("Accounts"), buttons.ToAccounts()), button(words("Settings"), buttons.ToSettings())],
        [button(words("Help"), buttons.ToHelp())],
    )


def balance(
    words: Html, account: AccountId, number: str, *, several: bool, autopay: bool = False
) -> InlineKeyboardMarkup:
    other = [button(words("Another account"), buttons.ToBalances())] if several else []
    return rows(
        [
            button(words("Top up"), buttons.ToTopUp(account=account)),
            button(words("History"), buttons.ToHistory(account=account)),
        ],
        [button(words("Autopay"), ToAutopay(number=number))] if autopay else [],
        [button(words("Refresh"), buttons.ToBalance(account=account)), *other],
        back(words),
    )


def balances(words: Html, linked: Iterable[LinkedAccount]) -> InlineKeyboardMarkup:
    return rows(*([button(one.number, buttons.ToBalance(account=one.id))] for one in linked), back(words))


def payees(words: Html, linked: Iterable[LinkedAccount]) -> InlineKeyboardMarkup:
    return rows(
        *([button(one.number, buttons.ToTopUp(account=one.id))] for one in linked),
        [button(words("Another number"), buttons.OtherNumber())],
        back(words),
    )


def chips(words: Html, number: str, chips: Chips) -> InlineKeyboardMarkup:
    def chip(text: str, amount: Money) -> Row:
        return [button(text, buttons.Chip(number=number, kopecks=amount.kopecks))]

    lines: list[Row] = []
    if chips.recommended:
        amount = words.money(chips.recommended)
        lines.append(chip(words("Recommended: {amount}", amount=amount), chips.recommended))
    if chips.monthly:
        amount = words.money(chips.monthly)
        lines.append(chip(words("Month's fee: {amount}", amount=amount), chips.monthly))
    if chips.last:
        amount = words.money(chips.last)
        lines.append(chip(words("As last time: {amount}", amount=amount), chips.last))
    return rows(
        *lines,
        [button(words("Another amount"), buttons.OtherAmount(number=number))],
        [button(words("Another account"), buttons.WhoseTopUp())],
        back(words),
    )


def quote(words: Html, quote: Quote, choice: Choice, *, remember: bool) -> InlineKeyboardMarkup:
    total, by_card = words.money(quote.total), quote.method == Method.CARD
    cards = choice.cards if by_card else []
    tick = "☑ " if remember else "☐ "
    return rows(
        *(
            [
                button(
                    words("{total} by {mask}", total=total, mask=card.mask),
                    buttons.Confirm(top_up=quote.id, card=card.id),
                )
            ]
            for card in cards
        ),
        [
            button(
                words("{total} by another card", total=total)
                if cards
                else words("Confirm {total}", total=total),
                buttons.Confirm(top_up=quote.id, remember=remember and by_card),
            )
        ],
        [button(tick + words("Remember my card"), buttons.Remember(top_up=quote.id, on=not remember))]
        if choice.remembers and by_card
        else [],
        *(
            [button(_by(words, method), buttons.OtherMethod(top_up=quote.id, method=method))]
            for method in choice.methods
            if method != quote.method
        ),
        [
            button(words("Another amount"), buttons.OtherAmount(number=quote.number)),
            button(words("Cancel the top-up"), buttons.Drop(top_up=quote.id)),
        ],
    )


def _by(words: Html, method: Method) -> str:
    return words("By SBP instead") if method == Method.SBP else words("By card instead")


def checkout(words: Html, confirmed: Confirmed) -> InlineKeyboardMarkup:
    page = [link(words("Open the payment page"), confirmed.checkout_url)] if confirmed.checkout_url else []
    return rows(page, [button(words("Menu"), buttons.ToMenu())])


def history(words: Html, account: AccountId, page: HistoryPage, *, first: bool) -> InlineKeyboardMarkup:
    newest = [] if first else [button(words("Newest"), buttons.ToHistory(account=account))]
    older = (
        [button(words("Older"), buttons.ToHistory(account=account, before=page.next_cursor))]
        if page.next_cursor
        else []
    )
    return rows([*newest, *older], back(words, buttons.ToBalance(account=account)))


def accounts(words: Html, linked: Iterable[LinkedAccount]) -> InlineKeyboardMarkup:
    return rows(
        *([button(one.number, buttons.ToAccount(account=one.id))] for one in linked),
        [button(words("Link an account"), buttons.ToLinking())],
        back(words),
    )


def account(words: Html, account: AccountId, number: str) -> InlineKeyboardMarkup:
    return rows(
        [
            button(words("Balance"), buttons.ToBalance(account=account)),
            button(words("Top up"), buttons.ToTopUp(account=account)),
        ],
        [button(words("Alerts"), ToAlerts(number=number))],
        [button(words("Unlink"), buttons.AskUnlink(account=account))],
        back(words, buttons.ToAccounts()),
    )


def unlink(words: Html, account: AccountId) -> InlineKeyboardMarkup:
    return rows(
        [button(words("Yes, unlink"), buttons.Unlink(account=account))],
        back(words, buttons.ToAccount(account=account)),
    )


def linking(words: Html, url: str, *, by_sms: bool) -> InlineKeyboardMarkup:
    return rows(
        [link(words("Open the login page"), url)],
        [button(words("By a code sent by SMS"), buttons.ToSmsLink())] if by_sms else [],
        [button(words("By my phone number"), buttons.ToContact())],
        back(words, buttons.ToAccounts()),
    )


def contact(words: Html) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup(
        keyboard=[
            [KeyboardButton(text=words("Share my phone number"), request_contact=True)],
            [KeyboardButton(text="/cancel")],
        ],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def settings(
    words: Html, locales: Iterable[str], offered: Offered, *, advertising: bool
) -> InlineKeyboardMarkup:
    languages = [
        button(
            ("• " if code == words.code else "") + LANGUAGE_NAMES.get(code, code),
            buttons.SetLanguage(code=code),
        )
        for code in locales
    ]
    return rows(
        languages,
        [button(words("Autopay"), ToAutopay()), button(words("Cards"), ToCards())] if offered.cards else [],
        [button(words("Alerts"), ToAlerts()), button(words("Accounts"), buttons.ToAccounts())],
        [
            button(
                ("☑ " if advertising else "☐ ") + words("Send me advertising"),
                buttons.Advertising(on=not advertising),
            )
        ],
        back(words),
    )


def help_(words: Html) -> InlineKeyboardMarkup:
    return rows([button(words("Privacy"), buttons.ToPrivacy())], back(words))


def to_menu(words: Html) -> InlineKeyboardMarkup:
    return rows([button(words("Menu"), buttons.ToMenu())])
