"""The payment provider's port: what is asked of a provider, and all that may come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import PaymentId
from core.money import Money
from core.states import Method


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment to collect. `id` is our key; `total` is what the payer is charged, commission included."""

    id: PaymentId
    number: str  # the account that the money is for
    total: Money
    payer: str  # an opaque name, the same for the same person
    phone: str | None = None  # E.164 digits, for a mobile charge


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The provider has the money: what it says of it, to be held against our intent."""

    reference: str
    number: str
    total: Money
    currency: str
    card_mask: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted and undecided: the payer has something to do, or the provider has."""

    reference: str | None = None
    checkout_url: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Refused, nothing charged; `reason` is a word of ours: see REASONS."""

    reason: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is certain that the request never reached the provider."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened or not: to be asked about, never to be charged anew."""

    reason: str


Outcome = Succeeded | Pending | Declined | NotSent | Unknown

# The reasons of a decline that have words of their own; all others are told as "other".
REASONS = frozenset(
    {"insufficient_funds", "card_expired", "authentication_failed", "unavailable", "abandoned", "other"}
)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A callback that was proven genuine. `key` tells it from all others of this provider."""

    key: str
    payment_id: PaymentId
    outcome: Succeeded | Declined
    method: Method
    at: datetime


class CallbackRejected(Exception):
    """Not from the provider, or not to be understood: nothing is stored; `status` is the HTTP answer."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    status: int
    body: str
    content_type: str = "text/plain"


class Provider(Protocol):
    """A payment provider. No method raises for what the network or the provider does."""

    name: str
    methods: frozenset[Method]
    keys_honoured: frozenset[Method]  # where a repeated key charges once

    async def start_checkout(self, charge: Charge) -> Outcome:
        """Open a page on which the payer pays by card; Pending carries its address."""
        ...

    async def charge_mobile(self, charge: Charge) -> Outcome:
        """Charge the phone's own account."""
        ...

    async def get_state(self, payment_id: PaymentId) -> Sequence[Outcome] | Unknown:
        """Everything that the provider holds under our key; empty where nothing ever arrived."""
        ...

    def parse_callback(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        """Verify the raw bytes and read them; raises CallbackRejected."""
        ...

    def read_callback(self, body: bytes) -> ProviderEvent:
        """Read a body that was verified before it was stored; raises CallbackRejected."""
        ...

    def acknowledge(self) -> CallbackAnswer:
        """What the provider wants to hear once the event is stored."""
        ...

    async def close(self) -> None: ...
