"""Where a success's money comes from: every leg of its booking leaves the provider's clearing account."""

from dataclasses import dataclass
from datetime import datetime

from core.ids import PaymentId, TransferId, new_id
from core.ledger.transfer import LedgerAccountId, Transfer, clearing
from core.money import Money
from core.states import TransferKind


@dataclass(frozen=True, slots=True)
class Source:
    """A provider's success, as the ledger sees it."""

    provider: str
    payment_id: PaymentId
    reference: str
    at: datetime

    def leg(self, to: LedgerAccountId, amount: Money, kind: TransferKind) -> Transfer:
        return Transfer(
            id=TransferId(new_id()),
            debit=clearing(self.provider).id,
            credit=to,
            amount=amount,
            kind=kind,
            key=f"payment:{self.provider}:{self.reference}:{kind}",
            at=self.at,
            payment_id=self.payment_id,
        )
