"""Refusals: the expected "no" of a use case. They carry facts; their words live with each channel."""

from dataclasses import dataclass
from datetime import timedelta
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


class AmountMalformed(Refusal):
    """The text is not one clear amount."""


class NoOpenQuote(Refusal):
    """There is nothing to confirm or to cancel."""


class QuoteExpired(Refusal):
    """The quote's window has passed before the confirmation came."""


@dataclass
class SumNeeded(Refusal):
    """An earlier quote was replaced: only a confirmation that names the sum counts."""

    amount: Money


@dataclass
class WrongSum(Refusal):
    amount: Money


class CodeNeeded(Refusal):
    """The profile asks for the quote's code, and the reply has none or another."""


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
