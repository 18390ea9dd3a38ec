"""The payment provider's port: what may come of asking a provider, and what it tells by itself."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.ids import PaymentId
from core.money import Money
from core.payments.capabilities import Capabilities
from core.payments.charge import Charge, Receipt, Refund
from core.states import Method


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """What a later charge can be made with. The token charges: it is stored encrypted and never shown."""

    token: str = field(repr=False)
    mask: str
    method: Method = Method.CARD
    expires: date | None = None  # the last day on which it works


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The provider has the money: what it says of it, to be held against our intent.

    `vouched`: the part of the total that is signed, where the total itself is not.
    """

    reference: str
    number: str
    total: Money
    currency: str
    card_mask: str | None = None
    saved: SavedMethod | None = None
    vouched: Money | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted and undecided: the payer has something to do, or the provider has."""

    reference: str | None = None
    checkout_url: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Refused, nothing charged; `reason` is a word of ours: see REASONS.

    `hard`: the same card will not be charged however often it is tried.
    """

    reason: str
    reference: str | None = None
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Refunded:
    """The provider gave money back, at our wish or by itself; `reference` names this giving back.

    `full`: what the payer got of it, where a fee was taken out of the sum and only the rest is signed.
    """

    reference: str
    of: str  # the payment's reference
    amount: Money
    currency: str
    full: Money | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is certain that the request never reached the provider."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened or not: to be asked about, never to be charged anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """It is so at the provider now, whoever saw to it."""


Outcome = Succeeded | Pending | Declined | NotSent | Unknown
RefundOutcome = Refunded | Pending | Declined | NotSent | Unknown

# The reasons of a decline that have words of their own; all others are told as "other".
REASONS = frozenset(
    {"insufficient_funds", "card_expired", "authentication_failed", "unavailable", "abandoned", "other"}
)


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened to the thing of this name. No proof: the provider is asked before we act."""

    kind: str  # "payment" or "refund"
    reference: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A genuine event that changes nothing: kept as a record."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A callback that was proven genuine. `key` tells it from all others of this provider.

    Where the provider knows no key of ours, `payment_id` is none and the payment is found by its
    reference, or by `number` and `total`.
    """

    key: str
    payment_id: PaymentId | None
    outcome: Succeeded | Pending | Declined | Refunded | Hint | Noted
    method: Method
    at: datetime | None
    number: str | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    status: int
    body: str
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Told:
    """An event to store, what is kept of its bytes, and what the provider wants to hear once it is stored."""

    event: ProviderEvent
    kept: bytes
    answer: CallbackAnswer


class Verdict(StrEnum):
    """Whether money may be taken; TROUBLE: we cannot tell now."""

    YES = "yes"
    NO = "no"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Check:
    """A question before money is taken: answered from a read, nothing is stored."""

    number: str
    total: Money
    method: Method
    answer: Callable[[Verdict, Receipt | None], CallbackAnswer]
    wants_receipt: bool = False
    phone: str | None = None  # E.164 digits, where the payer is one


class CallbackRejected(Exception):
    """Not from the provider, or not to be understood: nothing is stored; `answer` is what it hears."""

    def __init__(self, reason: str, *, status: int = 400, answer: CallbackAnswer | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer or CallbackAnswer(status, reason)


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A payment, or what was given back of one, as the provider's own list shows it."""

    at: datetime
    money: Succeeded | Refunded
    payment_id: PaymentId | None = None
    method: Method | None = None
    merchant: str | None = None  # whose it is, where it is not ours


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a register's file that cannot be read; lines count from 1, the header."""

    line: int
    problem: str


class RegisterUnavailable(Exception):
    """The provider did not give its list whole: nothing can be concluded from what came of it."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A mandate that the provider keeps and charges by its own calendar."""

    reference: str
    number: str
    ends_on: date | None = None
    last_on: date | None = None
    next_on: date | None = None


class NotCapable(Exception):
    """Asked for what its capabilities do not hold: a fault of ours."""


class Provider(Protocol):
    """A payment provider. Who derives from this inherits NotCapable for what he cannot do.

    No method raises for what the network or the provider does, but `register`.
    """

    name: str
    capabilities: Capabilities

    async def start_checkout(self, charge: Charge) -> Outcome:
        """Open a page on which the payer pays; Pending carries its address."""
        ...

    def checkout_page(self, charge: Charge) -> str:
        """Where our one-time page sends the payer, made anew at each opening."""
        raise NotCapable(self.name)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        """Charge the phone's own account."""
        raise NotCapable(self.name)

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        """Charge a saved method. Pending with an address: the payer has to confirm there."""
        raise NotCapable(self.name)

    async def revoke_method(self, token: str) -> Done | NotSent | Unknown:
        """Have a saved method forgotten."""
        raise NotCapable(self.name)

    async def refund(self, refund: Refund) -> RefundOutcome:
        """Give back all or a part of a payment."""
        raise NotCapable(self.name)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        """Everything that the provider holds under our key; empty where nothing ever arrived."""
        ...

    async def get_refund(self, refund: Refund, reference: str) -> RefundOutcome:
        """What became of a refund that was pending."""
        raise NotCapable(self.name)

    def register(self, since: datetime, until: datetime) -> AsyncIterator[RegisterLine]:
        """All that was collected and given back in [since, until); raises RegisterUnavailable."""
        raise NotCapable(self.name)

    def read_register(self, path: Path) -> Iterator[RegisterLine | BadLine]:
        """The same out of a file that the provider made; OSError where it cannot be opened."""
        raise NotCapable(self.name)

    async def subscriptions(self) -> Sequence[Subscription] | Unknown:
        """The live mandates that the provider keeps for us."""
        raise NotCapable(self.name)

    async def delete_subscription(self, reference: str) -> Done | NotSent | Unknown:
        """End a mandate that the provider keeps; Done also where there is none."""
        raise NotCapable(self.name)

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told | Check:
        """Verify the raw bytes and read them; `peer` is the client's address. Raises CallbackRejected."""
        ...

    def read_callback(self, kept: bytes) -> ProviderEvent:
        """Read what was verified before it was stored; raises CallbackRejected."""
        ...

    async def look_up(self, event: ProviderEvent) -> ProviderEvent | Unknown:
        """An event whose outcome is a Hint, with what the provider answers when it is asked."""
        raise NotCapable(self.name)

    async def close(self) -> None: ...
