"""Refund orders: a member of staff has money given back, once a key; the jobs send it to the provider."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.clock import Clock
from core.errors import AllGivenBack, KeyUsed, NotAssignable, NotRefundable
from core.money import ZERO, Money
from core.states import PaymentState, RefundState
from core.storage.autopay_tables import refund
from core.storage.database import Database, Transaction
from core.use_cases import assignments, audit
from core.use_cases.refunds import BOOKED, Refunds


@dataclass(frozen=True, slots=True)
class Ordered:
    """A refund as it stands; `left` can still be given back of its payment."""

    refund_id: UUID
    payment_id: UUID
    amount: Money
    left: Money
    state: RefundState
    reason: str | None
    repeated: bool  # it had been asked for before under the same key


class RefundOrders:
    def __init__(self, database: Database, refunds: Refunds, wall: Clock) -> None:
        self._database = database
        self._refunds = refunds
        self._wall = wall

    async def order(
        self,
        name: str,
        amount: Money | None,
        *,
        by: str,
        why: str,
        key: str | None = None,
        dry_run: bool = False,
        out_of_suspense: bool = False,
    ) -> Ordered:
        """Ask for a refund of a payment, by our id or the provider's reference; no amount: all that is left.

        The same payment, amount, name and reason are the same key. Raises UnknownPayment, NotRefundable,
        RefundTooLarge, AllGivenBack, KeyUsed; NotAssignable for what is not in suspense any more.
        """
        async with assignments.perhaps(self._database, dry_run=dry_run) as tx:
            await tx.alone("audit")
            row = await assignments.named(tx, name)
            key = (key or _key(row.id, amount, by, why))[:160]
            before = await audit.begin(tx, key)
            if before is not None:
                return await self._again(tx, row, amount, key, before)
            if row.state not in BOOKED:
                raise NotRefundable
            if out_of_suspense and not await _is_in_suspense(tx, row):
                raise NotAssignable
            wished = await self._left(tx, row) if amount is None else amount
            if amount is None and wished <= ZERO:
                raise AllGivenBack
            refund_id = await self._refunds.ask(tx, row, wished, why=why, by=by)
            await audit.record(
                tx, key=key, action="refund", subject=str(row.id), by=by, why=why, at=self._wall.now(),
                facts={"refund": str(refund_id), "amount": wished.kopecks},
            )  # fmt: skip
            return await self._ordered(tx, row, refund_id, repeated=False)

    async def _again(
        self, tx: Transaction, row: Any, amount: Money | None, key: str, before: dict[str, Any]
    ) -> Ordered:
        """What the key asked for before: another payment or another sum is another wish."""
        asked = await tx.first(select(refund).where(refund.c.id == UUID(before.get("refund", str(row.id)))))
        same = asked is not None and asked.payment_id == row.id
        if asked is None or not same or (amount is not None and amount.kopecks != asked.amount):
            raise KeyUsed(key)
        return await self._ordered(tx, row, asked.id, repeated=True)

    async def _ordered(self, tx: Transaction, row: Any, refund_id: UUID, *, repeated: bool) -> Ordered:
        held = await tx.one(select(refund).where(refund.c.id == refund_id))
        return Ordered(
            refund_id=refund_id,
            payment_id=row.id,
            amount=Money(held.amount),
            left=await self._left(tx, row),
            state=held.state,
            reason=held.reason,
            repeated=repeated,
        )

    async def _left(self, tx: Transaction, row: Any) -> Money:
        return await assignments.credited(tx, row) - await assignments.given_back(tx, row.id)


async def _is_in_suspense(tx: Transaction, row: Any) -> bool:
    return row.state == PaymentState.HELD and await assignments.of_payment(tx, row.id) is None


def _key(payment_id: UUID, amount: Money | None, by: str, why: str) -> str:
    if amount is None:
        return f"refund:{payment_id}:all"
    said = hashlib.sha256(f"{amount.kopecks}\n{by}\n{why}".encode()).hexdigest()
    return f"refund:{payment_id}:{said[:32]}"
