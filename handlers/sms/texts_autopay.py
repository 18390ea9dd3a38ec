"""The words of the SMS that tell of autopay, saved cards and one-time codes."""

from collections.abc import Callable

from core.money import Money
from handlers.sms.told import Told

NUMBERS_SHOWN = 3  # accounts a text
HIDDEN = "******"  # what a code looks like to all but its delivery


def _code(told: Told) -> str:
    """One short message whatever its facts: the digits first, what they do, and whose they are."""
    words, code = told.words, told.params.get("code", HIDDEN)
    match told.params["purpose"]:
        case "autopay_connect":
            return words(
                "Reply with code {code} to connect autopay of {amount}. Tell it to nobody.",
                code=code,
                amount=told.money("amount"),
            )
        case "autopay_raise":
            return words(
                "Reply with code {code} to raise autopay to {amount}. Tell it to nobody.",
                code=code,
                amount=told.money("amount"),
            )
        case "unlink":
            return words(
                "Code {code}: unlink account {number} from Telegram. Tell it to nobody.",
                code=code,
                number=told.number,
            )
    return words(
        "Code {code}: join account {number} to Telegram. Type it there and tell it to nobody.",
        code=code,
        number=told.number,
    )


def _connected(told: Told) -> str:
    words = told.words
    begin = words("Autopay is on: {terms}.", terms=_terms(told))
    return _joined(begin, _next(told), words("To end it: AUTOPAY STOP."))


def _requested(told: Told) -> str:
    words = told.words
    begin = words("Autopay asked for: {terms}.", terms=_terms(told))
    card = words("It begins when a payment on the card page, whose address follows, has saved your card.")
    return _joined(begin, card)


def _changed(told: Told) -> str:
    words = told.words
    return _joined(words("Autopay was changed: {terms}.", terms=_terms(told)), _next(told))


def _resumed(told: Told) -> str:
    words = told.words
    return _joined(words("Autopay goes on: {terms}.", terms=_terms(told)), _next(told))


def _state(told: Told) -> str:
    words = told.words
    match told.params["state"]:
        case "active":
            begin, then = words("Your autopay is on: {terms}.", terms=_terms(told)), _next(told)
            if told.params["retry_on"] is not None:
                then = words("We shall try again on {day}.", day=told.day("retry_on"))
        case "requested":
            begin = words("Your autopay waits for a card: {terms}.", terms=_terms(told))
            then = words("Pay by card and let it be saved.")
        case _:
            begin, then = words("Your autopay is paused: {terms}.", terms=_terms(told)), _why_paused(told)
    return _joined(begin, then, words("To end it: AUTOPAY STOP."))


def _why_paused(told: Told) -> str | None:
    words = told.words
    match told.params["reason"]:
        case "card_needed":
            return words("It needs another card.")
        case "failed":
            return words("Three payments did not go through.")
    return None


def _none(told: Told) -> str:
    words = told.words
    return words("There is no autopay on account {number}. To connect it: AUTOPAY 300", number=told.number)


def _warning(told: Told) -> str:
    words = told.words
    text = words(
        "On {day} autopay will charge {amount} for account {number}.",
        day=told.day("on"),
        amount=told.money("amount"),
        number=told.number,
    )
    return _joined(text, words("To end it: AUTOPAY STOP."))


def _skipped(told: Told) -> str:
    words = told.words
    text = words("Autopay of account {number} leaves out {day}.", number=told.number, day=told.day("on"))
    return _joined(text, _next(told))


def _declined(told: Told) -> str:
    words = told.words
    facts = {"amount": told.money("amount"), "number": told.number}
    text = words("Autopay of {amount} for account {number} did not go through.", **facts)
    if told.params["reason"] == "insufficient_funds":
        text = words("Too little money on the card: autopay of {amount}, account {number}.", **facts)
    if told.params["retry_on"] is None:
        return _joined(text, _next(told))
    return _joined(text, words("We shall try again on {day}.", day=told.day("retry_on")))


def _card_needed(told: Told) -> str:
    words = told.words
    text = words(
        "Autopay of {amount} for account {number} is paused: its card cannot be charged.",
        amount=told.money("amount"),
        number=told.number,
    )
    return _joined(text, words("It needs another card."))


def _paused(told: Told) -> str:
    words = told.words
    if told.params["reason"] == "failed":
        return words(
            "Autopay of account {number} is paused: three payments did not go through.", number=told.number
        )
    return words("Autopay of account {number} is paused, nothing is charged.", number=told.number)


def _deleted(told: Told) -> str:
    words = told.words
    text = words("Autopay of account {number} is deleted.", number=told.number)
    return _joined(text, _under_way(told))


def _ended(told: Told) -> str:
    words = told.words
    if told.params["reason"] == "no_card":
        return words(
            "Autopay of account {number} was not connected: no card was saved in a day.", number=told.number
        )
    return words("Autopay of account {number} has come to its end date.", number=told.number)


def _offer(told: Told) -> str:
    words = told.words
    return words(
        "The same by itself {rhythm}? Send: AUTOPAY {number} {amount}",
        rhythm=_every(told, told.params["days"]),
        number=told.number,
        amount=words.plain_amount(Money(told.params["amount"])),
    )


def _card_saved(told: Told) -> str:
    words = told.words
    return words("Card {card} is saved.", card=told.card)


def _card_expiring(told: Told) -> str:
    words, numbers = told.words, _numbers(told)
    text = words("Card {card} ends on {day}.", card=told.card, day=told.day("expires"))
    return _joined(
        text, words("Autopay needs another: account {numbers}", numbers=numbers) if numbers else None
    )


def _card_unlinked(told: Told) -> str:
    words, numbers = told.words, _numbers(told)
    text = words("Card {card} is forgotten.", card=told.card)
    paused = words("Autopay is paused: account {numbers}.", numbers=numbers) if numbers else None
    return _joined(text, paused, _under_way(told))


def _refunded(told: Told) -> str:
    words = told.words
    return words(
        "Refund: {amount} was returned to you and taken off account {number}.",
        number=told.number,
        amount=told.money("amount"),
    )


def _checkout(told: Told) -> str:
    words = told.words
    return words(
        "Pay {amount} to account {number} by card: {url}",
        amount=told.money("amount"),
        number=told.number,
        url=told.params["url"],
    )


def _terms(told: Told) -> str:
    """Sum, account, rhythm, card and end: without a full stop."""
    words, period = told.words, told.params["period"]
    if "days" in period:
        rhythm = _every(told, period["days"])
    else:
        rhythm = words("on day {day} of a month", day=period["day"])
    terms = words(
        "{amount} to account {number}, {rhythm}",
        amount=told.money("amount"),
        number=told.number,
        rhythm=rhythm,
    )
    card = None if told.card is None else words("card {card}", card=told.card)
    until = None if told.params["until"] is None else words("until {day}", day=told.day("until"))
    return ", ".join(each for each in (terms, card, until) if each)


def _every(told: Told, days: int) -> str:
    words = told.words
    return words.plural("every {n} day", "every {n} days", days)


def _next(told: Told) -> str | None:
    words, day = told.words, told.day("next_on")
    return None if day is None else words("Next on {day}.", day=day)


def _under_way(told: Told) -> str | None:
    words = told.words
    if not told.params["in_flight"]:
        return None
    return words("If a payment that is under way goes through, it is given back.")


def _numbers(told: Told) -> str:
    return ", ".join(told.params["numbers"][:NUMBERS_SHOWN])


def _joined(*sentences: str | None) -> str:
    return " ".join(each for each in sentences if each)


AUTOPAY_TEXTS: dict[str, Callable[[Told], str]] = {
    "autopay_card_needed": _card_needed,
    "autopay_changed": _changed,
    "autopay_connected": _connected,
    "autopay_declined": _declined,
    "autopay_deleted": _deleted,
    "autopay_ended": _ended,
    "autopay_none": _none,
    "autopay_offer": _offer,
    "autopay_paused": _paused,
    "autopay_requested": _requested,
    "autopay_resumed": _resumed,
    "autopay_skipped": _skipped,
    "autopay_state": _state,
    "autopay_warning": _warning,
    "card_expiring": _card_expiring,
    "card_saved": _card_saved,
    "card_unlinked": _card_unlinked,
    "checkout_ready": _checkout,
    "refunded": _refunded,
    "sms_code": _code,
}
