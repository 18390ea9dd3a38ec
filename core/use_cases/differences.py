"""Differences: where a provider's records and ours disagree, until they agree or staff say why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from core.clock import Clock
from core.errors import UnknownDifference
from core.ids import new_id
from core.states import DifferenceKind, DifferenceState
from core.storage.database import Database, Transaction
from core.storage.staff_tables import difference, reconciliation
from core.use_cases import audit

SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """Both sides as they were when it was last seen; a side is none where it has nothing."""

    id: UUID
    provider: str
    day: date
    kind: DifferenceKind
    reference: str
    payment_id: UUID | None
    theirs: Mapping[str, Any] | None
    ours: Mapping[str, Any] | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference as a comparison finds it."""

    kind: DifferenceKind
    reference: str
    payment_id: UUID | None
    theirs: Mapping[str, Any] | None
    ours: Mapping[str, Any] | None


class Differences:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def open(self, provider: str | None = None) -> Sequence[Difference]:
        """What staff have to look at, the oldest first; at most SHOWN."""
        found = (
            select(difference, reconciliation.c.day)
            .join(reconciliation, reconciliation.c.id == difference.c.run_id)
            .where(difference.c.state == DifferenceState.OPEN)
            .order_by(difference.c.first_seen_at, difference.c.id)
            .limit(SHOWN)
        )
        if provider is not None:
            found = found.where(difference.c.provider == provider)
        async with self._database.read() as tx:
            return [
                Difference(
                    id=row.id,
                    provider=row.provider,
                    day=row.day,
                    kind=row.kind,
                    reference=row.reference,
                    payment_id=row.payment_id,
                    theirs=row.theirs,
                    ours=row.ours,
                    first_seen_at=row.first_seen_at,
                )
                for row in await tx.all(found)
            ]

    async def solve(self, name: str, *, by: str, why: str) -> bool:
        """Close an open difference by a person's word; false where it was closed before.

        Raises UnknownDifference.
        """
        now = self._wall.now()
        try:
            difference_id = UUID(name)
        except ValueError:
            raise UnknownDifference(name) from None
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            row = await tx.first(select(difference).where(difference.c.id == difference_id).with_for_update())
            if row is None:
                raise UnknownDifference(name)
            if row.state != DifferenceState.OPEN:
                return False
            await tx.execute(
                update(difference)
                .where(difference.c.id == row.id)
                .values(state=DifferenceState.SOLVED, solved_at=now, solved_by=by[:64], why=why)
            )
            await audit.record(
                tx, key=f"difference:{row.id}:{row.last_seen_at.isoformat()}", action="solve",
                subject=str(row.id), by=by, why=why, at=now,
                facts={"kind": row.kind, "provider": row.provider, "reference": row.reference},
            )  # fmt: skip
        return True


async def seen(tx: Transaction, run: Any, found: Seen, now: datetime) -> bool:
    """Store a difference, or note that it is still there; true where it is newly open.

    What staff have solved stays so while the provider says the same.
    """
    row = await tx.first(
        select(difference)
        .where(
            difference.c.provider == run.provider,
            difference.c.kind == found.kind,
            difference.c.reference == found.reference,
        )
        .with_for_update()
    )
    facts = {"payment_id": found.payment_id, "theirs": found.theirs, "ours": found.ours}
    if row is None:
        await tx.execute(
            insert(difference).values(
                id=new_id(), run_id=run.id, provider=run.provider, kind=found.kind,
                reference=found.reference, first_seen_at=now, last_seen_at=now,
                state=DifferenceState.OPEN, **facts,
            )
        )  # fmt: skip
        return True
    solved = row.state == DifferenceState.SOLVED and row.theirs == found.theirs
    again = row.state != DifferenceState.OPEN and not solved
    reopened = {"state": DifferenceState.OPEN, "solved_at": None, "why": None, "run_id": run.id}
    values = {"last_seen_at": now, **(facts if not solved else {}), **(reopened if again else {})}
    await tx.execute(update(difference).where(difference.c.id == row.id).values(values))
    return again


async def gone(tx: Transaction, which: Any, why: str, now: datetime) -> int:
    """Close open differences that are there no more."""
    closed = await tx.execute(
        update(difference)
        .where(difference.c.state == DifferenceState.OPEN, which)
        .values(state=DifferenceState.GONE, solved_at=now, why=why)
    )
    return int(closed.rowcount)
