"""Days that are compared once more: staff settled a payment of theirs after the records were read."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from core.errors import ReconciliationUnderWay
from core.ids import new_id
from core.states import ReconciliationState
from core.storage.database import Transaction
from core.storage.staff_tables import reconciliation

BY_STAFF = "settled by staff"  # the reason of a day that is to be compared again, however old


def name_of(provider: str, day: date) -> str:
    """Who looks at a day's row to begin with it is alone at this."""
    return f"reconciliation:{provider}:{day}"


async def mark(tx: Transaction, provider: str, day: date, now: datetime) -> None:
    """Raises ReconciliationUnderWay: who compares the day now may have looked at the payment already."""
    which = (reconciliation.c.provider == provider, reconciliation.c.day == day)
    await tx.alone(name_of(provider, day))
    row = await tx.first(select(reconciliation).where(*which).with_for_update())
    if row is not None and row.lease_until is not None and row.lease_until > now:
        raise ReconciliationUnderWay(day)
    values: dict[str, Any] = {"state": ReconciliationState.INCOMPLETE, "reason": BY_STAFF, "next_at": now}
    if row is None:
        named = {"id": new_id(), "provider": provider, "day": day, "source": ""}
        await tx.execute(insert(reconciliation).values(**named, **values))
    else:
        await tx.execute(update(reconciliation).where(*which).values(values))


async def marked(tx: Transaction, provider: str, now: datetime) -> date | None:
    """The oldest such day of a provider."""
    found: date | None = await tx.scalar(
        select(reconciliation.c.day)
        .where(
            reconciliation.c.provider == provider,
            reconciliation.c.state == ReconciliationState.INCOMPLETE,
            reconciliation.c.reason == BY_STAFF,
            reconciliation.c.next_at <= now,
        )
        .order_by(reconciliation.c.day)
        .limit(1)
    )
    return found
