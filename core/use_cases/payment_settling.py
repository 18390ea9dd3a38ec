"""A payment that its provider leaves undecided, settled by the word of staff who asked there."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from structlog.contextvars import bound_contextvars

from core.clock import Clock
from core.ids import PaymentId
from core.money import Money
from core.payments.provider import Declined, Succeeded
from core.staff_errors import (
    PaymentInHand,
    PaymentNotOpen,
    ReferenceMalformed,
    ReferenceTaken,
    SettledOtherwise,
)
from core.states import PaymentState
from core.storage.database import Database, Transaction
from core.storage.tables import account, payment, top_up
from core.use_cases import assignments, audit
from core.use_cases.asking import Moment
from core.use_cases.payment_names import SAID_NOT_PAID, SAID_PAID
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.settling import Settling

SETTLE = "payment_settle"  # the action, in the audit trail
OPEN = (PaymentState.PENDING, PaymentState.UNKNOWN)
# A provider's own names are of these; some of them become a part of the address that it is asked at.
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}")


@dataclass(frozen=True, slots=True)
class SettledPayment:
    """What became of it; `compared`: its day, where the jobs hold it against the provider's records again."""

    id: PaymentId
    number: str
    amount: Money
    total: Money
    provider: str
    reference: str | None
    state: PaymentState
    compared: date | None
    repeated: bool  # it had been settled so before: nothing was done now


class PaymentSettling:
    def __init__(
        self,
        database: Database,
        settling: Settling,
        reconciliations: Reconciliations,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._database = database
        self._settling = settling
        self._reconciliations = reconciliations
        self._clock = clock
        self._wall = wall

    async def settle(
        self, name: str, *, paid: str | None, by: str, why: str, dry_run: bool = False
    ) -> SettledPayment:
        """Book a payment as its provider's word would have: `paid` is the reference there, none: no money.

        Once a payment. Raises UnknownPayment, PaymentNotOpen, PaymentInHand, ReferenceMalformed,
        ReferenceTaken, SettledOtherwise; ReconciliationUnderWay where its day is being compared.
        """
        if paid is not None and not _REFERENCE.fullmatch(paid):
            raise ReferenceMalformed(paid)
        try:
            return await self._settle(name, paid, by, why, dry_run=dry_run)
        except IntegrityError:
            # A callback booked the same reference meanwhile: the second look sees it.
            return await self._settle(name, paid, by, why, dry_run=dry_run)

    async def _settle(
        self, name: str, paid: str | None, by: str, why: str, *, dry_run: bool
    ) -> SettledPayment:
        now = Moment(self._clock.now(), self._wall.now())
        with bound_contextvars(**({"dry_run": True} if dry_run else {})):
            async with assignments.perhaps(self._database, dry_run=dry_run) as tx:
                await tx.alone("audit")
                row = await assignments.named(tx, name)
                before = await audit.begin(tx, _key(row.id))
                if before is not None:
                    if before["paid"] != paid:
                        raise SettledOtherwise(before["paid"])
                    return await _told(tx, row.id, None, repeated=True)
                await self._may(tx, row, paid, now)
                compared = await self._reconciliations.again(tx, row.provider, row.created_at)
                await self._book(tx, row, paid, now)
                settled = await _told(tx, row.id, compared, repeated=False)
                await audit.record(
                    tx, key=_key(row.id), action=SETTLE, subject=str(row.id), by=by, why=why, at=now.wall,
                    facts={"paid": paid, "was": row.state, "because": row.reason,
                           "known_as": row.provider_ref, "total": row.total, "became": settled.state},
                )  # fmt: skip
        return settled

    async def _may(self, tx: Transaction, row: Any, paid: str | None, now: Moment) -> None:
        if row.state not in OPEN:
            raise PaymentNotOpen(row.state)
        if row.lease_until is not None and row.lease_until >= now.wall:
            raise PaymentInHand  # its provider is being asked, and may tell by itself
        if paid is not None:
            await _free(tx, row, paid)

    async def _book(self, tx: Transaction, row: Any, paid: str | None, now: Moment) -> None:
        if paid is None:
            await self._settling.declined(tx, row.provider, row.id, Declined(SAID_NOT_PAID), now)
            return
        asked = await tx.one(
            select(account.c.number)
            .join(top_up, top_up.c.account_id == account.c.id)
            .where(top_up.c.id == row.top_up_id)
        )
        success = Succeeded(paid, asked.number, Money(row.total), "RUB", card_mask=row.card_mask)
        await self._settling.succeeded(tx, row.provider, row.id, success, row.method, now)
        await _free(tx, row, paid)  # else a callback has just booked it as money that nobody asked for
        await tx.execute(
            update(payment)
            .where(payment.c.id == row.id, payment.c.state == PaymentState.SUCCEEDED)
            .values(reason=SAID_PAID)
        )


async def _free(tx: Transaction, row: Any, reference: str) -> None:
    """That no other payment has the reference. Raises ReferenceTaken."""
    other = await tx.scalar(
        select(payment.c.id).where(
            payment.c.provider == row.provider, payment.c.provider_ref == reference, payment.c.id != row.id
        )
    )
    if other is not None:
        raise ReferenceTaken(str(other))


async def _told(
    tx: Transaction, payment_id: PaymentId, compared: date | None, *, repeated: bool
) -> SettledPayment:
    row = await tx.one(
        select(payment, account.c.number, top_up.c.amount)
        .join(top_up, top_up.c.id == payment.c.top_up_id)
        .join(account, account.c.id == top_up.c.account_id)
        .where(payment.c.id == payment_id)
    )
    return SettledPayment(
        id=row.id,
        number=row.number,
        amount=Money(row.amount),
        total=Money(row.total),
        provider=row.provider,
        reference=row.provider_ref,
        state=row.state,
        compared=compared,
        repeated=repeated,
    )


def _key(payment_id: UUID) -> str:
    return f"{SETTLE}:{payment_id}"
