"""Booking: a success's money to its account or to suspense, a refund's back; each leg once a reference."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import AccountId, PaymentId, RefundId, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import COMMISSION, SUSPENSE, LedgerAccountId, Transfer, clearing, of_subscriber
from core.money import ZERO, Money
from core.profile import Profile
from core.states import PaymentState, ServiceState, TransferKind
from core.storage.database import Transaction
from core.use_cases import balances


@dataclass(frozen=True, slots=True)
class Source:
    """Where a success comes from; its legs all leave the provider's clearing account."""

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


async def credit(tx: Transaction, source: Source, asked: Any, profile: Profile) -> TransferId:
    """Amount to the account, commission (where it is ours) apart; the credit's id."""
    service = await balances.lock(tx, asked.account_id, profile)
    if service.negative_since is not None or service.state == ServiceState.BLOCKED:
        # Another rate begins here: what ran up until now goes by the old one.
        await balances.bring_up(tx, service, source.at, profile)
    amount, commission = Money(asked.amount), Money(asked.total - asked.amount)
    credited = await book.post(tx, source.leg(of_subscriber(asked.account_id), amount, TransferKind.TOP_UP))
    if commission:
        await book.post(tx, source.leg(COMMISSION.id, commission, TransferKind.COMMISSION))
    await balances.moved(tx, service, profile, at=source.at)
    return credited.transfer.id


async def suspend(tx: Transaction, source: Source, amount: Money) -> TransferId:
    """Money that no account can be given as yet."""
    posted = await book.post(tx, source.leg(SUSPENSE.id, amount, TransferKind.SUSPENSE))
    return posted.transfer.id


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund that the provider has made; `before`: what earlier ones gave back of the same payment.

    `home`: the account that has the money; none: suspense has it.
    """

    refund_id: RefundId
    payment: Any
    amount: Money
    before: Money
    home: AccountId | None
    at: datetime


async def give_back(tx: Transaction, given: GivenBack, asked: Any, profile: Profile) -> None:
    """The money's way back to clearing: the account's part first, then the commission's; or from suspense."""
    home = given.home
    if home is None:
        await book.post(tx, _back(given, SUSPENSE.id, given.amount, "suspense"))
        return
    # What was in suspense went to its account whole; a commission was booked only where it fitted.
    booked_apart = given.payment.state == PaymentState.SUCCEEDED
    left = max(ZERO, Money(asked.amount) - given.before) if booked_apart else given.amount
    from_account = min(given.amount, left)
    if from_account:
        service = await balances.lock(tx, home, profile)
        await balances.bring_up(tx, service, given.at, profile)
        await book.post(tx, _back(given, of_subscriber(home), from_account, "account"))
        await balances.moved(tx, service, profile, at=given.at)
    if from_account < given.amount:
        await book.post(tx, _back(given, COMMISSION.id, given.amount - from_account, "commission"))


def _back(given: GivenBack, of: LedgerAccountId, amount: Money, part: str) -> Transfer:
    return Transfer(
        id=TransferId(new_id()),
        debit=of,
        credit=clearing(given.payment.provider).id,
        amount=amount,
        kind=TransferKind.REFUND,
        key=f"refund:{given.refund_id}:{part}",
        at=given.at,
        payment_id=given.payment.id,
    )
