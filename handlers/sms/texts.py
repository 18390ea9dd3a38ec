"""The words of every SMS: a stored notice → the text that leaves, in the subscriber's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from core.messages.notices import Notice
from core.money import Money
from core.profile import Profile
from handlers.locale import Catalogues, Words
from handlers.sms import errors
from handlers.sms.texts_advertising import ADVERTISING_TEXTS
from handlers.sms.texts_alerts import ALERT_TEXTS
from handlers.sms.texts_autopay import AUTOPAY_TEXTS
from handlers.sms.texts_broadcast import BROADCAST_TEXTS
from handlers.sms.told import Told

if TYPE_CHECKING:  # the outbox needs the database, and a text can be worded without one
    from core.messages.outbox import DueNotice


class Texts:
    def __init__(self, profile: Profile, catalogues: Catalogues) -> None:
        self._profile = profile
        self._catalogues = catalogues

    def render(self, due: DueNotice) -> str:
        """The text of a due notice; one that may have gone out before says so."""
        text = self._text(due.template, due.params, due.locale)
        if not due.repeat:
            return text
        words = self._catalogues.words("sms", due.locale)
        return words("(again) {text}", text=text)

    def say(self, said: Notice, locale: str) -> str:
        """The text of a notice that was not stored."""
        return self._text(said.template, said.params(), locale)

    def _text(self, template: str, params: Mapping[str, Any], locale: str) -> str:
        return _TEXTS[template](Told(params, self._catalogues.words("sms", locale), self._profile))


def _quoted(told: Told) -> str:
    words = told.words
    facts = {name: told.money(name) for name in ("amount", "commission", "total")}
    if told.params["commission_from"]:
        details = words(
            "Account {number}: {amount} from your phone, and the operator's commission from {commission}.",
            number=told.number,
            amount=facts["amount"],
            commission=facts["commission"],
        )
    else:
        details = words(
            "Account {number}: {amount}, commission {commission}. Your phone will be charged {total}.",
            number=told.number,
            **facts,
        )
    return f"{details} {_how_to_confirm(told)}"


def _how_to_confirm(told: Told) -> str:
    words = told.words
    if told.params["code"]:
        return words("To pay, reply YES {code}.", code=told.params["code"])
    if told.params["needs_sum"]:
        amount = words.plain_amount(Money(told.params["amount"]))
        if told.params.get("replaces"):
            return words("It replaces your earlier request. To pay, reply YES {amount}.", amount=amount)
        return words("To pay, reply YES {amount}.", amount=amount)
    return words("To pay, reply YES.")


def _paid(told: Told) -> str:
    words = told.words
    facts = {"number": told.number, "amount": told.money("amount"), "total": told.money("total")}
    if told.params["late"]:
        return words(
            "The payment went through after all: account {number}, {amount}. Charged {total}.", **facts
        )
    return words("Paid: {amount} to account {number}. Charged {total}.", **facts)


def _declined(told: Told) -> str:
    words = told.words
    facts = {"number": told.number, "amount": told.money("amount")}
    match told.params["reason"]:
        case "insufficient_funds":
            return words("Not paid: too little money on the phone. Account {number}, {amount}.", **facts)
        case "unavailable":
            return words(
                "Not paid, nothing was charged: payment does not work now. Account {number}, {amount}.",
                **facts,
            )
    return words("Not paid, nothing was charged: refused. Account {number}, {amount}.", **facts)


def _pending(told: Told) -> str:
    words = told.words
    return words(
        "Your payment of {amount} to account {number} is on its way. We shall write when it is done.",
        number=told.number,
        amount=told.money("amount"),
    )


def _held(told: Told) -> str:
    words = told.words
    return words(
        "Your payment of {amount} does not fit what was asked. Our staff will look at it.",
        amount=told.money("amount"),
    )


def _cancelled(told: Told) -> str:
    words = told.words
    return words(
        "Cancelled: account {number}, {amount}. Nothing was charged.",
        number=told.number,
        amount=told.money("amount"),
    )


def _balance(told: Told) -> str:
    words, lines = told.words, told.params["lines"]
    if len(lines) == 1:
        return _one_balance(lines[0], words)
    texts = [_short_balance(line, words) for line in lines]
    if told.params["more"]:
        texts.append(words("Accounts not shown: {n}", n=told.params["more"]))
    return "\n".join(texts)


def _one_balance(line: Mapping[str, Any], words: Words) -> str:
    parts = [
        words("Account {number}: {balance}.", number=line["number"], balance=_plain(line["balance"], words))
    ]
    days = line["days_until_block"]
    if days is not None:
        lasts = words.plural("It lasts for {n} day.", "It lasts for {n} days.", days)
        parts.append(lasts if days else words("The block is due today."))
    if line["recommended"]:
        parts.append(words("We suggest to add {amount}.", amount=_plain(line["recommended"], words)))
    return " ".join(parts)


def _short_balance(line: Mapping[str, Any], words: Words) -> str:
    text = f"{line['number']}: {_plain(line['balance'], words)}"
    days = line["days_until_block"]
    if days is None:
        return text
    return f"{text}, " + (words.plural("{n} day", "{n} days", days) if days else words("block today"))


def _plain(kopecks: int, words: Words) -> str:
    return words.plain_money(Money(kopecks))


def _help(told: Told) -> str:
    words, sms = told.words, told.profile.sms
    return words(
        "Top up from your phone: {keyword} 123456 500 (account, roubles). Also: BALANCE, HISTORY, AUTOPAY, "
        "ALERTS, LANGUAGE RU. No more messages: STOP. First SMS to {short_code} from {price}",
        keyword=sms.keyword,
        short_code=sms.short_code,
        price=words.plain_money(sms.first_sms_price),
    )


def _history(told: Told) -> str:
    words, lines = told.words, told.params["lines"]
    if not lines:
        return words("Account {number}: no payments yet.", number=told.number)
    begin = words("Account {number}, last payments:", number=told.number)
    return "\n".join([begin, *(_history_line(line, words) for line in lines)])


def _history_line(line: Mapping[str, Any], words: Words) -> str:
    sign = "" if line["amount"] < 0 else "+"
    return f"{words.short_date(date.fromisoformat(line['on']))} {sign}{_plain(line['amount'], words)}"


def _language_chosen(told: Told) -> str:
    words = told.words
    return words("We write to you in English from now on. In Russian: LANGUAGE RU")


def _stopped(told: Told) -> str:
    words = told.words
    return words("We shall not write first any more. To undo this, send START.")


def _started(told: Told) -> str:
    words = told.words
    return words("You get our messages again. To end them, send STOP.")


def _no_cards(told: Told) -> str:
    words = told.words
    return words("Please never send card numbers. We did not keep it, and take no cards by SMS.")


def _refused(told: Told) -> str:
    return errors.text_of(told.params["problem"], told.params["facts"], told.words, told.profile.sms.keyword)


_TEXTS: dict[str, Callable[[Told], str]] = (
    ADVERTISING_TEXTS
    | ALERT_TEXTS
    | AUTOPAY_TEXTS
    | BROADCAST_TEXTS
    | {
        "balance": _balance,
        "cancelled": _cancelled,
        "declined": _declined,
        "held": _held,
        "help": _help,
        "history": _history,
        "language_chosen": _language_chosen,
        "no_cards": _no_cards,
        "paid": _paid,
        "pending": _pending,
        "quoted": _quoted,
        "refused": _refused,
        "started": _started,
        "stopped": _stopped,
    }
)
