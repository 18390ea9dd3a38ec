"""Refusals: the expected "no" of a use case. They carry facts; their words live with each channel."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from core.money import Money


class Refusal(Exception):
    """An expected no: nothing was changed."""


@dataclass
class UnknownAccount(Refusal):
    number: str


class TooManyUnknownAccounts(Refusal):
    """The sender guesses at account numbers: no further answer."""


@dataclass
class AmountTooSmall(Refusal):
    least: Money


@dataclass
class AmountTooLarge(Refusal):
    most: Money


class OperatorUnknown(Refusal):
    """Nobody tells whose the phone is, and the profile charges no such phone."""


@dataclass
class LimitReached(Refusal):
    """Phones have put on accounts what they may in a day or a month: `whose` is phone or account.

    `left` is None where it would tell a stranger what others have put on the account.
    """

    whose: str
    period: str  # day or month
    limit: Money
    left: Money | None
    number: str  # the account


class AmountMalformed(Refusal):
    """The text is not one clear amount."""


class NoOpenQuote(Refusal):
    """There is nothing to confirm or to cancel."""


class QuoteExpired(Refusal):
    """The quote's window has passed before the confirmation came."""


@dataclass
class SumNeeded(Refusal):
    """Something else was written since the quote: only a confirmation that names the sum counts."""

    amount: Money


@dataclass
class WrongSum(Refusal):
    amount: Money


class CodeNeeded(Refusal):
    """The profile asks for the quote's code, and the reply has none or another."""


class TooManyCodes(Refusal):
    """Too many wrong codes of quotes came from this phone within a day: none is looked at."""


class NotYours(Refusal):
    """The thing belongs to another person."""


class StaleScreen(Refusal):
    """The button belongs to a screen whose time has passed."""


@dataclass
class AlreadyConfirmed(Refusal):
    top_up_id: UUID


class NotLinked(Refusal):
    """The person has no account here, or not this one."""


@dataclass
class AlreadyLinked(Refusal):
    number: str


class NoRegisteredPhone(Refusal):
    """No account has this phone number registered."""


class ForeignContact(Refusal):
    """The shared contact is not the sender's own."""


class LoginRefused(Refusal):
    """Login or password do not match; which of the two is not told."""


@dataclass
class TooManyTries(Refusal):
    retry_after: timedelta


@dataclass
class CodeWrong(Refusal):
    tries_left: int


class CodeExpired(Refusal):
    """The one-time code's time or tries have run out."""


class LinkExpired(Refusal):
    """The one-time link was used, or its time has passed."""


class MethodUnavailable(Refusal):
    """No payment provider is configured for this method."""


class FullAccessNeeded(Refusal):
    """The link shows this account and changes nothing on it: a second factor is needed."""


@dataclass
class MandateExists(Refusal):
    number: str


class NoMandate(Refusal):
    """There is no autopay on this account."""


class CardNeeded(Refusal):
    """Autopay has no card that can be charged."""


@dataclass
class PeriodOutOfRange(Refusal):
    """In days; a monthly period has a day from 1 to 31."""

    least: int
    most: int


@dataclass
class UntilTooEarly(Refusal):
    """The end date lies before the first charge."""

    first: date


class ConsentOutdated(Refusal):
    """The terms that were agreed to are not the present ones: they have to be shown again."""


@dataclass
class DaysOutOfRange(Refusal):
    """How many days before the end an alert may come."""

    most: int


@dataclass
class AccountNeeded(Refusal):
    """The phone is registered on several accounts, and the text names none."""

    numbers: list[str]


class StaffRefusal(Refusal):
    """What only staff can ask for, and no channel of subscribers has words for."""


@dataclass
class RefundTooLarge(StaffRefusal):
    """More than what is left of the payment."""

    left: Money


class NotRefundable(StaffRefusal):
    """There is no money of this payment to give back."""


class NotAssignable(StaffRefusal):
    """The payment's money is on no account and not in suspense: nothing can be moved."""


class NotOnAnAccount(StaffRefusal):
    """A claim needs money that went to an account; this one's is in suspense."""


@dataclass
class AlreadyAssigned(StaffRefusal):
    """The payment's money was moved by staff before: where to."""

    number: str


class AllGivenBack(StaffRefusal):
    """Nothing of the payment is left."""


class RefundUnderWay(StaffRefusal):
    """A refund of the payment is not settled yet: what is left is not known."""


class SameAccount(StaffRefusal):
    """The money is on that account already."""


@dataclass
class KeyUsed(StaffRefusal):
    """The key stands for another action."""

    key: str


class UnknownPayment(StaffRefusal):
    """No payment has this id or reference."""


@dataclass
class UnknownDifference(StaffRefusal):
    """There is no open difference of this id."""

    id: str


@dataclass
class ReconciliationUnderWay(StaffRefusal):
    """Another process is at this day."""

    day: date


@dataclass
class NoRegister(StaffRefusal):
    """The provider gives neither a list nor states, or reads no file."""

    provider: str


@dataclass
class DayNotOver(StaffRefusal):
    """The day has not begun yet."""

    day: date
