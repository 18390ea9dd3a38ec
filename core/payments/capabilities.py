"""What a payment provider can do: asked before anything is asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from core.money import Money
from core.states import Method


class Operation(StrEnum):
    """What changes something at a provider, and may be repeated there where our key is honoured."""

    CHECKOUT = "checkout"
    CHARGE_SAVED = "charge_saved"
    CHARGE_MOBILE = "charge_mobile"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that a provider takes at once, commission included."""

    least: Money
    most: Money


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is false or absent here is never asked of the provider."""

    methods: frozenset[Method]
    keys_honoured: frozenset[Operation] = frozenset()  # a repeated key acts once
    keys_live: timedelta | None = None  # … for so long; none: for good
    limits: Mapping[Method, Limits] = field(default_factory=lambda: MappingProxyType({}))
    saves: frozenset[Method] = frozenset()  # remembers what was paid with, if the payer wishes
    charges_saved: bool = False
    revokes: bool = False  # forgets a saved method at our word; else to forget its token is all
    refunds: bool = False
    tells_state: frozenset[Method] = frozenset()  # what became of a payment
    register: bool = False  # lists what was collected in a period
    register_file: bool = False  # reads such a list from a file that the provider made
    schedules: bool = False  # charges by a calendar of its own: its subscriptions are mirrored
    pre_checks: bool = False  # asks us before it takes money
    payer_confirms: frozenset[Method] = frozenset()  # asks the payer itself: our quote informs

    def honours(self, operation: Operation, *, age: timedelta = timedelta()) -> bool:
        """Whether a key of this age may be repeated without harm."""
        return operation in self.keys_honoured and (self.keys_live is None or age < self.keys_live)
