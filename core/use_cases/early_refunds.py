"""Early refunds: told of before their payment is booked, or while one of ours has not left room for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.payments.provider import Refunded
from core.states import EventState, PaymentState
from core.storage.database import Transaction
from core.storage.tables import payment, provider_event

BOOKED = (PaymentState.SUCCEEDED, PaymentState.HELD)


async def is_early(tx: Transaction, provider: str, said: Refunded) -> bool:
    """Whether a refund's payment is not booked yet: then whoever books it finds the refund waiting."""
    booked = select(payment.c.id).where(
        payment.c.provider == provider,
        payment.c.provider_ref == said.of,
        payment.c.state.in_(BOOKED),
    )
    if await tx.scalar(booked) is not None:
        return False
    await tx.alone(_name(provider, said.of))
    return await tx.scalar(booked) is None


async def release(tx: Transaction, provider: str, reference: str, now: datetime) -> None:
    """A payment was booked just now: what was told of giving it back is applied by the jobs."""
    await tx.alone(_name(provider, reference))
    await again(tx, provider, reference, now)


async def again(tx: Transaction, provider: str, reference: Any, now: datetime) -> None:
    """Have what waits for this payment looked at once more; the caller holds the payment."""
    waiting = await tx.execute(
        update(provider_event)
        .where(
            provider_event.c.provider == provider,
            provider_event.c.state == EventState.WAITING,
            provider_event.c.reason == reference,
        )
        .values(state=EventState.NEW, reason=None, next_at=now)
    )
    if waiting.rowcount:
        tx.wake("callbacks")


def _name(provider: str, reference: str) -> str:
    return f"refund:{provider}:{reference}"
