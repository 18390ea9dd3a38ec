"""The balance screen and the history of an account."""

from collections.abc import Sequence
from datetime import timedelta

from core.ids import AccountId
from core.money import ZERO, Money
from core.states import Method, TransferKind
from core.use_cases.account_screen import AccountScreen, AccountState
from core.use_cases.accounts import LinkedAccount
from core.use_cases.history import HistoryItem, HistoryPage
from handlers.telegram import keyboards
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen

DASH = "—"  # what the operator's own screens show where there is nothing to show


def balance(
    words: Html, account: AccountId, shown: AccountScreen, *, several: bool, autopay: bool = False
) -> Screen:
    lines = [
        words("Account <b>{number}</b>", number=shown.number),
        words("Balance: <b>{balance}</b>", balance=words.money(shown.balance)),
        _state(words, shown.state),
        "",
        words("Charged since the 1st: {charged}", charged=words.money(shown.charged)),
        words("Days until the block: {days}", days=_days(words, shown.days_until_block)),
        words("Recommended prepayment: {amount}", amount=_money(words, shown.recommended)),
        "",
        words("Tariff: {tariff}", tariff=shown.tariff or DASH),
        words("Tariff from the next period: {tariff}", tariff=shown.tariff_next or shown.tariff or DASH),
        _next_period(words, shown),
    ]
    keyboard = keyboards.balance(words, account, shown.number, several=several, autopay=autopay)
    return Screen("\n".join(lines), keyboard)


def which_balance(words: Html, linked: Sequence[LinkedAccount]) -> Screen:
    return Screen(words("Whose balance?"), keyboards.balances(words, linked))


def history(words: Html, account: LinkedAccount, page: HistoryPage, *, first: bool) -> Screen:
    lines = [words("History of account <b>{number}</b>", number=account.number), ""]
    lines += [_item(words, item) for item in page.items] or [words("There is nothing here yet.")]
    return Screen("\n".join(lines), keyboards.history(words, account.id, page, first=first))


def _state(words: Html, state: AccountState) -> str:
    match state:
        case AccountState.ACTIVE:
            return words("State: active")
        case AccountState.NEGATIVE:
            return words("State: the balance is below zero, please top up")
        case AccountState.BLOCKED:
            return words("State: blocked, a top-up unblocks it")
        case AccountState.VOLUNTARILY_BLOCKED:
            return words("State: blocked at your request")


def _days(words: Html, days: int | None) -> str:
    if days is None:
        return DASH
    return str(days) if days else words("today")


def _money(words: Html, amount: Money | None) -> str:
    if amount is None:
        return DASH
    return words.money(amount) if amount > ZERO else words("not needed")


def _next_period(words: Html, shown: AccountScreen) -> str:
    if shown.next_period_at is None or shown.time_left is None:
        return words("Next period: {moment}", moment=DASH)
    return words(
        "Next period: {moment}, in {time_left}",
        moment=words.moment(shown.next_period_at),
        time_left=_time_left(words, shown.time_left),
    )


def _time_left(words: Html, left: timedelta) -> str:
    if left.days:
        return words.plural("{n} day", "{n} days", left.days)
    return words.plural("{n} hour", "{n} hours", left.seconds // 3600)


def _item(words: Html, item: HistoryItem) -> str:
    facts = {"moment": words.moment(item.at), "amount": words.money(item.amount), "mask": item.card_mask}
    if item.card_mask is not None and item.kind == TransferKind.TOP_UP:
        return words("{moment}: {amount}, card {mask}", **facts)
    match item.kind, item.method:
        case TransferKind.TOP_UP, Method.MOBILE:
            return words("{moment}: {amount}, from a mobile phone", **facts)
        case TransferKind.TOP_UP, _:
            return words("{moment}: {amount}, top-up", **facts)
        case TransferKind.REFUND, _:
            return words("{moment}: {amount}, refund", **facts)
        case TransferKind.OPENING, _:
            return words("{moment}: {amount}, balance brought forward", **facts)
    return words("{moment}: {amount}, correction", **facts)
