"""What an SMS says when the answer is no: one place for the words of every refusal and problem."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import errors
from core.messages.notices import Refused
from core.money import Money
from core.profile import Profile
from handlers.locale import Words
from handlers.sms.amounts import Problem
from handlers.sms.errors_alerts import ALERT_REFUSALS
from handlers.sms.errors_autopay import AUTOPAY_REFUSALS
from handlers.sms.errors_charges import CHARGE_REFUSALS
from handlers.sms.short_code import Command, CommandKind
from handlers.sms.told import EXAMPLE_ACCOUNT, Said

MINUTE = timedelta(minutes=1)

_AUTOPAY = {CommandKind.AUTOPAY_STATE, CommandKind.AUTOPAY_STOP, CommandKind.AUTOPAY_AMOUNT}
_ALERTS = {
    CommandKind.ALERTS_STATE, CommandKind.ALERTS_ON, CommandKind.ALERTS_OFF,
    CommandKind.ALERTS_THRESHOLD, CommandKind.ALERTS_DAYS,
}  # fmt: skip
# These words are for payments from a phone; autopay has its own.
_OWN_WORDS = {
    Problem.AMBIGUOUS_NUMBERS,
    Problem.AMOUNT_MALFORMED,
    Problem.AMOUNT_MISSING,
    Problem.AMOUNT_TOO_LARGE,
    Problem.AMOUNT_TOO_SMALL,
    "method_unavailable",
}

_NAMES: dict[type[errors.Refusal], str] = {
    errors.AccountNeeded: "account_needed",
    errors.AlreadyConfirmed: "already_confirmed",
    errors.AmountTooLarge: Problem.AMOUNT_TOO_LARGE,
    errors.AmountTooSmall: Problem.AMOUNT_TOO_SMALL,
    errors.CodeExpired: "code_expired",
    errors.CodeNeeded: "code_needed",
    errors.CodeWrong: "code_wrong",
    errors.DaysOutOfRange: "days_out_of_range",
    errors.LimitReached: "limit_reached",
    errors.MandateExists: "mandate_exists",
    errors.MethodUnavailable: "method_unavailable",
    errors.NoMandate: "no_mandate",
    errors.NoOpenQuote: "no_open_quote",
    errors.NoRegisteredPhone: "no_registered_phone",
    errors.NotLinked: "not_linked",
    errors.NotYours: "not_yours",
    errors.OperatorUnknown: "operator_unknown",
    errors.QuoteExpired: "quote_expired",
    errors.SumNeeded: "sum_needed",
    errors.TooManyCodes: "too_many_codes",
    errors.TooManyTries: "too_many_tries",
    errors.UnknownAccount: "unknown_account",
    errors.WrongSum: "wrong_sum",
}


def of_refusal(refusal: errors.Refusal, command: Command) -> Refused:
    """The notice of a use case's refusal. KeyError for one that no use case of this channel raises."""
    facts = {name: _fact(value) for name, value in vars(refusal).items() if not isinstance(value, UUID)}
    if isinstance(refusal, errors.AccountNeeded):
        facts |= {"form": command.kind, "amount": command.amount}
    return Refused(_named(_NAMES[type(refusal)], command), facts)


def of_problem(command: Command, profile: Profile) -> Refused:
    """The notice of a command that the grammar could not read to the end."""
    assert command.problem is not None
    limits = profile.autopay if command.kind in _AUTOPAY else profile.methods["mobile"]
    facts = {
        "account": command.account,
        "amount": command.amount,
        "least": limits.least,
        "most": limits.most,
    }
    said = _named(command.problem, command)
    return Refused(said, {name: value for name, value in facts.items() if value is not None})


def _named(problem: str, command: Command) -> str:
    if command.kind is CommandKind.ADVERTISING_STATE and problem == Problem.NOT_UNDERSTOOD:
        return "advertising_not_understood"
    if command.kind is CommandKind.LANGUAGE and problem == Problem.NOT_UNDERSTOOD:
        return "language_not_understood"
    if command.kind is CommandKind.HISTORY and problem == Problem.AMBIGUOUS_NUMBERS:
        return "history_ambiguous_numbers"
    if command.kind is CommandKind.AUTOPAY_STOP and problem == Problem.AMBIGUOUS_NUMBERS:
        return "autopay_stop_unclear"
    if command.kind in _ALERTS and problem in (Problem.NOT_UNDERSTOOD, Problem.AMOUNT_TOO_LARGE):
        return f"alerts_{problem}"
    own = (command.kind in _AUTOPAY or command.kind is CommandKind.CODE) and problem in _OWN_WORDS
    return f"autopay_{problem}" if own else problem


def _fact(value: object) -> object:
    return -(-value // MINUTE) if isinstance(value, timedelta) else value


def text_of(problem: str, facts: Mapping[str, Any], words: Words, keyword: str) -> str:
    """The words of a stored refusal; KeyError for a problem that none has."""
    return _TEXTS[problem](Said(facts, words, keyword))


def _ambiguous_numbers(said: Said) -> str:
    """With the words that tell one number from the other: of a short account, "7 500" is one number."""
    words = said.words
    return words(
        "Account and amount are not clear. Send: {keyword} account {account} amount {amount}",
        keyword=said.keyword,
        account=said.account,
        amount=said.amount,
    )


def _amount_missing(said: Said) -> str:
    words = said.words
    return words("Account and amount are needed, like this: {example}", example=said.example)


def _amount_malformed(said: Said) -> str:
    words = said.words
    return words("The amount is not clear. Write it in digits, like this: {example}", example=said.example)


def _amount_too_small(said: Said) -> str:
    words = said.words
    return words(
        "The least amount is {least}. First the account, then the amount.", least=said.money("least")
    )


def _amount_too_large(said: Said) -> str:
    words = said.words
    return words(
        "The largest amount is {most}. First the account, then the amount: {example}",
        most=said.money("most"),
        example=said.example,
    )


def _unknown_account(said: Said) -> str:
    words = said.words
    return words("There is no account {number}. Check the number. Nothing was charged.", **said.facts)


def _no_open_quote(said: Said) -> str:
    words = said.words
    return words("There is nothing to confirm. To top up, send: {example}", example=said.example)


def _quote_expired(said: Said) -> str:
    words = said.words
    return words("The time to confirm has passed, nothing was charged. Send your request again.")


def _sum_needed(said: Said) -> str:
    words = said.words
    return words("To confirm, reply YES and the amount: {reply}", reply=_yes_with_amount(said))


def _wrong_sum(said: Said) -> str:
    words = said.words
    return words("That is another amount. To confirm, reply: {reply}", reply=_yes_with_amount(said))


def _code_needed(said: Said) -> str:
    words = said.words
    return words("To confirm, reply YES and the three digits from our message.")


def _already_confirmed(said: Said) -> str:
    words = said.words
    return words("This payment is confirmed already. It will not be charged again.")


def _advertising_unclear(said: Said) -> str:
    words = said.words
    return words("Not understood. Send: ADS YES or ADS NO")


def _language_unclear(said: Said) -> str:
    words = said.words
    return words("Which language? Send LANGUAGE EN or LANGUAGE RU")


def _history_unclear(said: Said) -> str:
    words = said.words
    return words("Which account? Send: HISTORY {number}", number=EXAMPLE_ACCOUNT)


def _no_registered_phone(said: Said) -> str:
    words = said.words
    return words("This phone is registered with no account. Our office can register it.")


def _not_linked(said: Said) -> str:
    words = said.words
    return words("This phone is not registered with that account.")


def _method_unavailable(said: Said) -> str:
    words = said.words
    return words("Payment from a phone does not work now. Nothing was charged, please try later.")


def _yes_with_amount(said: Said) -> str:
    words = said.words
    return words("YES {amount}", amount=words.plain_amount(Money(said.facts["amount"])))


_TEXTS: dict[str, Callable[[Said], str]] = (
    ALERT_REFUSALS
    | AUTOPAY_REFUSALS
    | CHARGE_REFUSALS
    | {
        Problem.ACCOUNT_MISSING: _amount_missing,
        Problem.AMBIGUOUS_NUMBERS: _ambiguous_numbers,
        Problem.AMOUNT_MALFORMED: _amount_malformed,
        Problem.AMOUNT_MISSING: _amount_missing,
        Problem.AMOUNT_TOO_LARGE: _amount_too_large,
        Problem.AMOUNT_TOO_SMALL: _amount_too_small,
        "advertising_not_understood": _advertising_unclear,
        "already_confirmed": _already_confirmed,
        "code_needed": _code_needed,
        "history_ambiguous_numbers": _history_unclear,
        "language_not_understood": _language_unclear,
        "method_unavailable": _method_unavailable,
        "no_open_quote": _no_open_quote,
        "no_registered_phone": _no_registered_phone,
        "not_linked": _not_linked,
        "quote_expired": _quote_expired,
        "sum_needed": _sum_needed,
        "unknown_account": _unknown_account,
        "wrong_sum": _wrong_sum,
    }
)
