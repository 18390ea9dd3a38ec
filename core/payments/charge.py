"""What is asked of a payment provider: a charge with its receipt, a refund."""

from dataclasses import dataclass
from uuid import UUID

from core.ids import PaymentId
from core.money import Money
from core.states import Method


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the fiscal receipt (54-ФЗ) says; one of the two contacts is given."""

    item: str
    vat_code: int  # tag 1199 of the fiscal data format
    email: str | None = None
    phone: str | None = None  # E.164 digits
    tax_system: int | None = None  # tag 1055; told by who has several


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment to collect. `id` is our key; `total` is what the payer is charged, commission included."""

    id: PaymentId
    number: str  # the account that the money is for
    total: Money
    payer: str  # an opaque name, the same for the same person
    phone: str | None = None  # E.164 digits, for a mobile charge
    method: Method = Method.CARD
    save: bool = False  # the payer wishes that the card be remembered
    receipt: Receipt | None = None
    by_mandate: bool = False  # agreed to before: the payer is not there to confirm it


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back. `id` is our key, `reference` the provider's name of the payment."""

    id: UUID
    reference: str
    amount: Money
    receipt: Receipt | None = None
