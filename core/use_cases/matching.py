"""Matching: which of our payments a provider means that knows accounts and not our keys."""

from typing import Any

from sqlalchemy import select

from core.ids import PaymentId
from core.payments.provider import Declined, Pending, ProviderEvent, Succeeded
from core.states import PaymentState
from core.storage.database import Transaction
from core.storage.tables import account, payment, top_up

OPEN = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.PENDING, PaymentState.UNKNOWN)


async def match(tx: Transaction, provider: str, event: ProviderEvent) -> PaymentId | None:
    """The payment with the provider's reference, else one of the account and the total that is not paid yet.

    The oldest open one comes first, then the newest that was given up: money may come a month late.
    """
    if event.payment_id is not None:
        return event.payment_id
    reference = event.outcome.reference if isinstance(event.outcome, Succeeded | Pending | Declined) else None
    named = select(payment.c.id).where(payment.c.provider == provider, payment.c.provider_ref == reference)
    found = None if reference is None else await tx.scalar(named)
    if found is not None:
        return PaymentId(found)
    if event.number is None or event.total is None or isinstance(event.outcome, Declined):
        return None
    # Two payments of one account and total: their events choose one after the other.
    await tx.alone(f"match:{provider}:{event.number}")
    candidates = await tx.all(
        select(payment.c.id, payment.c.state, payment.c.provider_ref)
        .join(top_up, top_up.c.id == payment.c.top_up_id)
        .join(account, account.c.id == top_up.c.account_id)
        .where(
            account.c.number == event.number,
            payment.c.provider == provider,
            payment.c.total == event.total.kopecks,
            payment.c.state.in_([*OPEN, PaymentState.DECLINED]),
        )
        .order_by(payment.c.created_at, payment.c.id)
    )
    late = [row for row in candidates if row.state == PaymentState.DECLINED]
    return _best([row for row in candidates if row.state in OPEN], late[::-1])


def _best(still_open: list[Any], given_up: list[Any]) -> PaymentId | None:
    """One that the provider has not named otherwise, if there is any."""
    for rows in (still_open, given_up):
        if rows:
            return PaymentId(next((row.id for row in rows if row.provider_ref is None), rows[0].id))
    return None
