"""Transfers: the immutable double-entry record, as a value. One row balances by construction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from core.ids import AccountId, TransferId
from core.money import Money
from core.states import LedgerAccountKind, TransferKind

LedgerAccountId = UUID


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """A ledger account of the house. Its id follows from its name, so nobody has to look it up."""

    kind: LedgerAccountKind
    name: str

    @property
    def id(self) -> LedgerAccountId:
        return uuid5(NAMESPACE_URL, f"aliance:ledger:{self.name}")


REVENUE = SystemAccount(LedgerAccountKind.REVENUE, "revenue")
COMMISSION = SystemAccount(LedgerAccountKind.COMMISSION, "commission")
SUSPENSE = SystemAccount(LedgerAccountKind.SUSPENSE, "suspense")
OPENING = SystemAccount(LedgerAccountKind.OPENING, "opening")


def clearing(provider: str) -> SystemAccount:
    """Money that a payment provider holds for us."""
    return SystemAccount(LedgerAccountKind.CLEARING, f"clearing:{provider}")


def of_subscriber(account_id: AccountId) -> LedgerAccountId:
    """A subscriber's ledger account has the account's own id."""
    return account_id


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` > 0 moves from `debit` to `credit`; a credit raises a subscriber's balance.

    `key` is the permanent idempotency key: one key, one transfer, ever.
    """

    id: TransferId
    debit: LedgerAccountId
    credit: LedgerAccountId
    amount: Money
    kind: TransferKind
    key: str
    at: datetime
    payment_id: UUID | None = None
    reverses: TransferId | None = None

    def __post_init__(self) -> None:
        assert self.amount.kopecks > 0, "a transfer moves money"
        assert self.debit != self.credit, "a transfer has two sides"

    def same_money(self, other: "Transfer") -> bool:
        return (self.debit, self.credit, self.amount) == (other.debit, other.credit, other.amount)
