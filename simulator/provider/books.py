"""The sandbox provider's own record of every charge, which tests compare with the product's ledger."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simulator.bus import Bus
from simulator.provider.wire import Order, RefundOrder, Refused

PHONE_KOPECKS = 5_000_00  # what a phone has that nobody gave another sum


class Kind(StrEnum):
    CARD = "card"
    MOBILE = "mobile"


class Status(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


# A payer may try again after a decline, so only a success is final.
MOVES = {
    Status.PENDING: set(Status),
    Status.DECLINED: set(Status),
    Status.SUCCEEDED: set[Status](),
}


@dataclass(slots=True)
class Charge:
    """A card charge is made with its checkout and is pending until the payer has paid."""

    id: str
    order: Order
    kind: Kind
    at: datetime
    status: Status = Status.PENDING
    reason: str | None = None
    card_mask: str | None = None
    card_saved: bool = False
    token: str | None = field(default=None, repr=False)  # of the card that was remembered, or charged
    card_expires: str | None = None  # "2030-12", beside a token
    used_forms: set[str] = field(default_factory=set)

    @property
    def with_bank(self) -> bool:
        """Paid by the payer, not yet answered by the bank."""
        return self.status is Status.PENDING and self.card_mask is not None

    @property
    def on_page(self) -> bool:
        """Whether the payer is there: a charge by mandate has no page."""
        return self.kind is Kind.CARD and bool(self.order.return_url)

    def told(self) -> dict[str, object]:
        """What the product alone is told: also what charges the card again."""
        saved = {"token": self.token, "mask": self.card_mask, "expires": self.card_expires}
        return {**self.facts(), "saved": saved if self.token else None}

    def facts(self) -> dict[str, object]:
        return {
            "id": self.id,
            "payment": self.order.payment,
            "account": self.order.account,
            "amount": self.order.amount,
            "currency": self.order.currency,
            "kind": self.kind,
            "status": self.status,
            "reason": self.reason,
            "card_mask": self.card_mask,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Refund:
    id: str
    order: RefundOrder
    at: datetime

    def facts(self) -> dict[str, object]:
        return {
            "id": self.id,
            "refund": self.order.refund,
            "of": self.order.id,
            "amount": self.order.amount,
            "currency": self.order.currency,
            "status": Status.SUCCEEDED,
            "at": self.at.isoformat(),
        }


class Books:
    def __init__(self, bus: Bus, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._now = now
        self._charges: dict[str, Charge] = {}
        self._refunds: dict[str, Refund] = {}
        self._phones: dict[str, int] = {}

    def open(self, order: Order, kind: Kind) -> Charge:
        charge = Charge(_number(), order, kind, self._now())
        self._charges[charge.id] = charge
        self._bus.publish("provider")
        return charge

    def move(self, charge: Charge, status: Status, *, reason: str | None = None) -> None:
        assert status in MOVES[charge.status], f"{charge.status} charge to {status}"
        charge.status, charge.reason, charge.at = status, reason, self._now()
        self._bus.publish("provider")

    def refund(self, order: RefundOrder) -> Refund:
        """The same one for the same key; raises Refused for more than was taken."""
        known = self._refunds.get(order.refund)
        if known is not None:
            if known.order != order:
                raise Refused(409, "refund_reused")
            return known
        charge = self._charges.get(order.id)
        if charge is None or charge.status is not Status.SUCCEEDED:
            raise Refused(404, "charge")
        if order.amount > charge.order.amount - self.refunded(order.id):
            raise Refused(422, "amount")
        refund = self._refunds[order.refund] = Refund(_number(), order, self._now())
        self._bus.publish("provider")
        return refund

    def refunds(self) -> list[Refund]:
        return list(self._refunds.values())

    def refunded(self, charge_id: str) -> int:
        return sum(each.order.amount for each in self._refunds.values() if each.order.id == charge_id)

    def charge(self, charge_id: str) -> Charge | None:
        return self._charges.get(charge_id)

    def all(self) -> list[Charge]:
        return list(self._charges.values())

    def of_payment(self, payment: str) -> list[Charge]:
        return [charge for charge in self._charges.values() if charge.order.payment == payment]

    def phone_balance(self, phone: str) -> int:
        return self._phones.get(phone, PHONE_KOPECKS)

    def set_phone_balance(self, phone: str, kopecks: int) -> None:
        self._phones[phone] = kopecks
        self._bus.publish("provider")


def _number() -> str:
    """Twelve digits: long enough to be nobody else's, too short to be taken for a card number."""
    return f"{secrets.randbelow(10**12):012}"
