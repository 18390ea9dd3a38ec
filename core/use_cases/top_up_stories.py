"""The story of a top-up, as staff read it: what was asked for, every move of it, every payment for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from core.ids import IncomingId
from core.money import Money
from core.states import PaymentState, TopUpState
from core.storage.database import Transaction
from core.storage.tables import account, payment, top_up, top_up_event


@dataclass(frozen=True, slots=True)
class Move:
    at: datetime
    state: TopUpState
    why: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment of the top-up."""

    id: UUID
    provider: str
    reference: str | None
    state: PaymentState
    reason: str | None


@dataclass(frozen=True, slots=True)
class TopUpStory:
    id: UUID
    number: str
    amount: Money
    commission: Money
    total: Money
    operator: str | None
    state: TopUpState
    moves: Sequence[Move]
    payments: Sequence[Attempt]


async def top_ups_of(tx: Transaction, incoming_id: IncomingId) -> list[TopUpStory]:
    """The top-ups that a text asked for or confirmed."""
    return await _stories(tx, or_(top_up.c.quoted_by == incoming_id, top_up.c.confirmed_by == incoming_id))


async def top_up_of(tx: Transaction, top_up_id: UUID | None) -> TopUpStory | None:
    """What a payment was for; none for money that nobody asked for."""
    return None if top_up_id is None else (await _stories(tx, top_up.c.id == top_up_id))[0]


async def _stories(tx: Transaction, which: ColumnElement[bool]) -> list[TopUpStory]:
    rows = await tx.all(
        select(top_up, account.c.number)
        .join(account, account.c.id == top_up.c.account_id)
        .where(which)
        .order_by(top_up.c.id)
    )
    return [await _story(tx, row) for row in rows]


async def _story(tx: Transaction, row: Any) -> TopUpStory:
    moves = await tx.all(
        select(top_up_event).where(top_up_event.c.top_up_id == row.id).order_by(top_up_event.c.id)
    )
    payments = await tx.all(select(payment).where(payment.c.top_up_id == row.id).order_by(payment.c.id))
    return TopUpStory(
        id=row.id,
        number=row.number,
        amount=Money(row.amount),
        commission=Money(row.commission),
        total=Money(row.total),
        operator=row.operator,
        state=row.state,
        moves=[Move(each.at, each.state, each.why) for each in moves],
        payments=[
            Attempt(each.id, each.provider, each.provider_ref, each.state, each.reason) for each in payments
        ],
    )
