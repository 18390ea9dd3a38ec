"""What belongs to a payment, as staff read it: callbacks, refunds, transfers, notices, what staff did."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from core.ids import NoticeId, PaymentId, RefundId
from core.money import Money
from core.states import Channel, NoticeState, RefundState, TransferKind
from core.storage.autopay_tables import refund
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.staff_tables import assignment, audit
from core.storage.tables import account, ledger_account, ledger_transfer
from core.use_cases.payment_callbacks import Callback
from core.use_cases.top_up_stories import TopUpStory


@dataclass(frozen=True, slots=True)
class GivenBack:
    id: RefundId
    at: datetime
    amount: Money
    state: RefundState
    reference: str | None
    by: str
    why: str
    reason: str | None  # why it was declined


@dataclass(frozen=True, slots=True)
class Relocated:
    """Staff put its money on an account; `from_number` is none for money out of suspense."""

    at: datetime
    amount: Money
    from_number: str | None
    to_number: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A transfer between the ledger's accounts of these names."""

    id: UUID
    at: datetime
    kind: TransferKind
    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Told:
    """A notice to the payer."""

    id: NoticeId
    at: datetime
    channel: Channel
    address: str
    template: str
    state: NoticeState
    reason: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class Deed:
    """What a member of staff did, or looked at."""

    number: int
    at: datetime
    by: str
    action: str
    why: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    top_up: TopUpStory | None
    callbacks: Sequence[Callback]
    refunds: Sequence[GivenBack]
    moved: Relocated | None
    legs: Sequence[Leg]
    notices: Sequence[Told]
    deeds: Sequence[Deed]


async def refunds_of(tx: Transaction, payment_id: PaymentId) -> list[GivenBack]:
    rows = await tx.all(select(refund).where(refund.c.payment_id == payment_id).order_by(refund.c.id))
    return [
        GivenBack(
            id=row.id,
            at=row.created_at,
            amount=Money(row.amount),
            state=row.state,
            reference=row.provider_ref,
            by=row.by,
            why=row.why,
            reason=row.reason,
        )
        for row in rows
    ]


async def moved_of(tx: Transaction, payment_id: PaymentId) -> Relocated | None:
    wrong, right = account.alias("wrong"), account.alias("right")
    row = await tx.first(
        select(
            assignment.c.at,
            assignment.c.amount,
            wrong.c.number.label("from_number"),
            right.c.number.label("to_number"),
        )
        .join(right, right.c.id == assignment.c.to_account)
        .outerjoin(wrong, wrong.c.id == assignment.c.from_account)
        .where(assignment.c.payment_id == payment_id)
    )
    return None if row is None else Relocated(row.at, Money(row.amount), row.from_number, row.to_number)


async def legs_of(tx: Transaction, payment_id: PaymentId) -> list[Leg]:
    debit, credit = ledger_account.alias("debit"), ledger_account.alias("credit")
    rows = await tx.all(
        select(ledger_transfer, debit.c.name.label("out_of"), credit.c.name.label("into"))
        .join(debit, debit.c.id == ledger_transfer.c.debit)
        .join(credit, credit.c.id == ledger_transfer.c.credit)
        .where(ledger_transfer.c.payment_id == payment_id, ledger_transfer.c.payment_id.is_not(None))
        .order_by(ledger_transfer.c.id)
    )
    return [Leg(row.id, row.at, row.kind, row.out_of, row.into, Money(row.amount)) for row in rows]


async def notices_of(tx: Transaction, row: Any, refunds: Sequence[GivenBack]) -> list[Told]:
    """By the keys under which use cases store them, by the texts they answer, and what stands in for them."""
    keys = [f"payment:{row.id}:{what}" for what in ("checkout", "pending", "declined", "held")]
    keys += [f"assignment:{row.id}", *(f"refund:{each.id}" for each in refunds)]
    if row.top_up_id is not None:
        keys += [f"top_up:{row.top_up_id}:{what}" for what in ("paid", "offer")]
    texts = [each for each in (row.quoted_by, row.confirmed_by) if each is not None]
    found = await tx.all(
        select(notice).where(or_(notice.c.dedupe_key.in_(keys), notice.c.incoming_id.in_(texts)))
    )
    newest = [each.id for each in found]
    while newest:
        # In other words: the condition of the index, which bound values do not repeat.
        later = select(notice).where(notice.c.parent_id.in_(newest), notice.c.parent_id.is_not(None))
        more = await tx.all(later)
        found += more
        newest = [each.id for each in more]
    return [
        Told(
            each.id, each.created_at, each.channel, each.address, each.template, each.state, each.reason,
            each.attempt,
        )
        for each in sorted(found, key=lambda each: each.id)
    ]  # fmt: skip


async def audited(tx: Transaction, payment_id: PaymentId) -> list[Deed]:
    """The entries about it: the trail has no index by what it is about, and is as long as staff are busy."""
    rows = await tx.all(select(audit).where(audit.c.subject == str(payment_id)).order_by(audit.c.number))
    return [Deed(row.number, row.at, row.by, row.action, row.why, json.loads(row.facts)) for row in rows]
