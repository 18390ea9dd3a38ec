"""How an agreement to autopay reads, on its screens and in its notices: amount, period, card, dates."""

from dataclasses import dataclass
from datetime import date

from core.money import Money
from core.use_cases.schedules import EveryDays, Monthly, Period
from handlers.telegram.html import Html

SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True)
class Facts:
    """`mask` is none where no card is known, `next_on` where nothing is to come."""

    amount: Money
    period: Period
    mask: str | None
    until: date | None
    next_on: date | None


def lines(words: Html, facts: Facts) -> list[str]:
    said = [
        words("Amount: <b>{amount}</b>", amount=words.money(facts.amount)),
        words("How often: {period}", period=period(words, facts.period)),
        words("Card: {mask}", mask=facts.mask) if facts.mask else words("Card: none yet"),
    ]
    if facts.until is not None:
        said.append(words("Until: {date}", date=words.date(facts.until)))
    if facts.next_on is not None:
        said.append(words("Next charge: <b>{date}</b>", date=words.date(facts.next_on)))
    return said


def period(words: Html, period: Period) -> str:
    match period:
        case EveryDays(days):
            return words.plural("every {n} day", "every {n} days", days)
        case Monthly(day) if day > SHORTEST_MONTH:
            return words("on day {day} of the month, of a shorter month on its last day", day=day)
        case Monthly(day):
            return words("on day {day} of the month", day=day)


def reason(words: Html, said: str) -> str:
    """Why the bank or the provider refused, where that is known."""
    match said:
        case "insufficient_funds":
            return words("Reason: there is too little money on the card.")
        case "card_expired":
            return words("Reason: the card has expired.")
        case "authentication_failed":
            return words("Reason: the bank asked for a confirmation that did not come.")
        case "unavailable":
            return words("Reason: the payment provider did not answer.")
        case "unlinked":
            return words("Reason: the card was unlinked.")
    return words("Reason: the bank refused.")
