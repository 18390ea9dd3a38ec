"""Suspense: money that fits no account, listed for staff, put on one or given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from core.clock import Clock
from core.errors import NotAssignable
from core.money import Money
from core.profile import Profile
from core.states import PaymentState, RefundState
from core.storage.autopay_tables import refund
from core.storage.database import Database
from core.storage.staff_tables import assignment
from core.storage.tables import account, ledger_transfer, payment, top_up
from core.use_cases import assignments, audit
from core.use_cases.asking import Moment
from core.use_cases.assignments import Moved
from core.use_cases.refund_orders import Ordered, RefundOrders

SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Stray:
    """A payment in suspense: `left` of it, and `asked_for`, the account that its top-up named."""

    payment_id: UUID
    provider: str
    reference: str
    amount: Money
    left: Money
    reason: str | None
    asked_for: str | None
    at: datetime


class Suspense:
    def __init__(
        self, database: Database, profile: Profile, orders: RefundOrders, clock: Clock, wall: Clock
    ) -> None:
        self._database = database
        self._profile = profile
        self._orders = orders
        self._clock = clock
        self._wall = wall

    async def waiting(self) -> Sequence[Stray]:
        """What staff have to settle, the oldest first; at most SHOWN."""
        given = (
            select(refund.c.payment_id, func.sum(refund.c.amount).label("given"))
            .where(refund.c.state != RefundState.DECLINED)
            .group_by(refund.c.payment_id)
            .subquery()
        )
        left = ledger_transfer.c.amount - func.coalesce(given.c.given, 0)
        found = (
            select(payment, ledger_transfer.c.amount, left.label("left"), account.c.number)
            .join(ledger_transfer, ledger_transfer.c.id == payment.c.transfer_id)
            .outerjoin(given, given.c.payment_id == payment.c.id)
            .outerjoin(assignment, assignment.c.payment_id == payment.c.id)
            .outerjoin(top_up, top_up.c.id == payment.c.top_up_id)
            .outerjoin(account, account.c.id == top_up.c.account_id)
            .where(payment.c.state == PaymentState.HELD, assignment.c.id.is_(None), left > 0)
            .order_by(payment.c.created_at, payment.c.id)
            .limit(SHOWN)
        )
        async with self._database.read() as tx:
            return [
                Stray(
                    payment_id=row.id,
                    provider=row.provider,
                    reference=row.provider_ref,
                    amount=Money(row.amount),
                    left=Money(int(row.left)),
                    reason=row.reason,
                    asked_for=row.number,
                    at=row.created_at,
                )
                for row in await tx.all(found)
            ]

    async def assign(self, name: str, *, to: str, by: str, why: str, dry_run: bool = False) -> Moved:
        """Put what is left of a payment in suspense on an account; the same again moves nothing.

        Raises UnknownPayment, UnknownAccount, NotAssignable, AlreadyAssigned, AllGivenBack, RefundUnderWay.
        """
        now = Moment(self._clock.now(), self._wall.now())
        async with assignments.perhaps(self._database, dry_run=dry_run) as tx:
            await tx.alone("audit")
            row = await assignments.named(tx, name)
            if row.state != PaymentState.HELD:
                raise NotAssignable
            moved = await assignments.move(tx, row, to, self._profile, now)
            if not moved.repeated:
                await audit.record(
                    tx, key=f"assign:{row.id}", action="assign", subject=str(row.id), by=by, why=why,
                    at=now.wall, facts={"amount": moved.amount.kopecks, "to": to},
                )  # fmt: skip
        return moved

    async def give_back(
        self, name: str, *, by: str, why: str, key: str | None = None, dry_run: bool = False
    ) -> Ordered:
        """Have the provider give back what is left in suspense of a payment; the same again is one refund.

        Raises UnknownPayment, NotAssignable (not in suspense any more), AllGivenBack, KeyUsed.
        """
        return await self._orders.order(
            name, None, by=by, why=why, key=key, dry_run=dry_run, out_of_suspense=True
        )
