"""What an SMS says when autopay or a one-time code is refused."""

from collections.abc import Callable

from core.money import Money
from handlers.sms.told import Said

ACCOUNTS_SHOWN = 3
HOUR = 60  # minutes


def _autopay_ambiguous_numbers(said: Said) -> str:
    words = said.words
    return words("Account or amount? Send: AUTOPAY 300, or with the account: AUTOPAY 123456 300")


def _autopay_amount_malformed(said: Said) -> str:
    words = said.words
    return words("The amount of autopay is not clear. Send the roubles alone: AUTOPAY 300")


def _autopay_amount_missing(said: Said) -> str:
    words = said.words
    return words("How much? Send the amount of autopay like this: AUTOPAY 300")


def _autopay_amount_too_small(said: Said) -> str:
    words = said.words
    return words("Autopay is {least} at least. To end it: AUTOPAY STOP", least=said.money("least"))


def _autopay_amount_too_large(said: Said) -> str:
    words = said.words
    return words("Autopay is {most} at most. First the account, then the amount.", most=said.money("most"))


def _autopay_stop_unclear(said: Said) -> str:
    words = said.words
    return words("Which account? Send: AUTOPAY 123456 STOP")


def _autopay_unavailable(said: Said) -> str:
    words = said.words
    return words("Autopay cannot be connected or changed now. Nothing was changed, please try later.")


def _account_needed(said: Said) -> str:
    words, numbers = said.words, said.facts["numbers"]
    shown = ", ".join(numbers[:ACCOUNTS_SHOWN])
    match said.facts["form"]:
        case "autopay_stop":
            form = words("AUTOPAY {number} STOP", number=numbers[0])
        case "alerts_on" | "alerts_off" | "alerts_threshold" | "alerts_days" | "alerts_state":
            form = words("ALERTS {number}", number=numbers[0])
        case "history":
            form = words("HISTORY {number}", number=numbers[0])
        case "autopay_amount":
            amount = words.plain_amount(Money(said.facts["amount"]))
            form = words("AUTOPAY {number} {amount}", number=numbers[0], amount=amount)
        case _:
            form = words("AUTOPAY ACCOUNT {number}", number=numbers[0])
    return words("You have several accounts: {numbers}. Name one: {form}", numbers=shown, form=form)


def _no_mandate(said: Said) -> str:
    words = said.words
    return words("There is no autopay to change. To connect it: AUTOPAY 300")


def _mandate_exists(said: Said) -> str:
    words = said.words
    return words("Account {number} has autopay already. To see it: AUTOPAY", **said.facts)


def _not_yours(said: Said) -> str:
    words = said.words
    return words("Only the person who connected this autopay can raise it. To end it: AUTOPAY STOP")


def _code_wrong(said: Said) -> str:
    words, left = said.words, said.facts["tries_left"]
    if not left:
        return words("Wrong code, and it is of no use any more. Send your request again for a new one.")
    return words.plural(
        "Wrong code. You can try {n} more time.", "Wrong code. You can try {n} more times.", left
    )


def _code_expired(said: Said) -> str:
    words = said.words
    return words("This code is of no use any more. Send your request again for a new one.")


def _too_many_tries(said: Said) -> str:
    words, minutes = said.words, said.facts["retry_after"]
    if minutes > 2 * HOUR:
        hours = -(-minutes // HOUR)
        wait = words.plural("{n} hour", "{n} hours", hours)
    else:
        wait = words.plural("{n} minute", "{n} minutes", minutes)
    return words("Too many codes. The next can be sent in {wait}.", wait=wait)


AUTOPAY_REFUSALS: dict[str, Callable[[Said], str]] = {
    "account_needed": _account_needed,
    "autopay_ambiguous_numbers": _autopay_ambiguous_numbers,
    "autopay_amount_malformed": _autopay_amount_malformed,
    "autopay_amount_missing": _autopay_amount_missing,
    "autopay_amount_too_large": _autopay_amount_too_large,
    "autopay_amount_too_small": _autopay_amount_too_small,
    "autopay_method_unavailable": _autopay_unavailable,
    "autopay_stop_unclear": _autopay_stop_unclear,
    "code_expired": _code_expired,
    "code_wrong": _code_wrong,
    "mandate_exists": _mandate_exists,
    "no_mandate": _no_mandate,
    "not_yours": _not_yours,
    "too_many_tries": _too_many_tries,
}
