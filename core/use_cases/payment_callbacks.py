"""The callbacks that providers sent of a payment, found again among all that were stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from core.payments.choice import Providers
from core.payments.provider import (
    CallbackRejected,
    Declined,
    Hint,
    Pending,
    ProviderEvent,
    Refunded,
    Succeeded,
)
from core.states import EventState
from core.storage.database import Transaction
from core.storage.tables import provider_event

# Money that nobody asked for is told of before its payment is stored; clocks of hosts differ, too.
TOLD_BEFORE = timedelta(days=1)
UNREAD = "unread"  # the provider is not set up any more, so that nobody can read it


@dataclass(frozen=True, slots=True)
class Callback:
    """`kind`: what it tells, such as succeeded, declined, refunded or hint."""

    id: UUID
    at: datetime
    kind: str
    reference: str | None
    state: EventState
    reason: str | None


async def callbacks_of(tx: Transaction, row: Any, providers: Providers) -> Sequence[Callback]:
    """Those with the payment's id or reference in them: all that came since is read, none has an index."""
    names = [name for name in (str(row.id), row.provider_ref) if name is not None]
    found = await tx.all(
        select(provider_event)
        .where(
            provider_event.c.id >= _floor(row.id),  # ids rise with time
            provider_event.c.provider == row.provider,
            or_(*(_holds(tx, name) for name in names)),
        )
        .order_by(provider_event.c.id)
    )
    told = ((each, _read(each, providers)) for each in found)
    return [_callback(each, said) for each, said in told if said is None or _is_of(said, row)]


def _floor(payment_id: UUID) -> UUID:
    """The least id of an earlier moment: a UUIDv7 begins with 48 bits of milliseconds (RFC 9562, 5.7)."""
    before = int(TOLD_BEFORE / timedelta(milliseconds=1)) << 80
    return UUID(int=max(0, payment_id.int - before))


def _holds(tx: Transaction, name: str) -> Any:
    said = name.encode()
    if tx.sqlite:
        return func.instr(provider_event.c.body, said) > 0
    return func.strpos(func.encode(provider_event.c.body, "escape"), name) > 0


def _read(stored: Any, providers: Providers) -> ProviderEvent | None:
    provider = providers.get(stored.provider)
    if provider is None:
        return None
    try:
        return provider.read_callback(stored.body)
    except CallbackRejected:
        return None  # under other settings than it was taken by


def _is_of(said: ProviderEvent, row: Any) -> bool:
    """A reference may also stand in a body as a part of another number."""
    return said.payment_id == row.id or (row.provider_ref is not None and _of(said) == row.provider_ref)


def _of(said: ProviderEvent) -> str | None:
    """The provider's name of the payment that it tells of."""
    match said.outcome:
        case Refunded(of=of):
            return of
        case Succeeded(reference=reference) | Hint(kind="payment", reference=reference):
            return reference
        case Pending(reference=known) | Declined(reference=known):
            return known
    return None


def _callback(stored: Any, said: ProviderEvent | None) -> Callback:
    return Callback(
        id=stored.id,
        at=stored.received_at,
        kind=UNREAD if said is None else type(said.outcome).__name__.lower(),
        reference=None if said is None else _of(said),
        state=stored.state,
        reason=stored.reason,
    )
