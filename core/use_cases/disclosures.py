"""Disclosures: whole numbers for a member of staff who says why; the audit trail keeps it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import new_id
from core.notice_states import Role
from core.storage.database import Database, Transaction
from core.use_cases import audit
from core.use_cases.staff import require


@dataclass(frozen=True, slots=True)
class Look:
    """Who wants to see whole numbers, and why: it is written to the audit trail."""

    by: str
    why: str


def looking(database: Database, full: Look | None) -> AbstractAsyncContextManager[Transaction]:
    # Who looks at masked numbers leaves no entry, and holds up nobody's writing.
    return database.read() if full is None else database.transaction()


async def disclose(
    tx: Transaction, full: Look | None, action: str, subject: str, facts: Mapping[str, Any], at: datetime
) -> None:
    """Leave the entry of a look at whole numbers. Raises NotStaff."""
    if full is None:
        return
    await tx.alone("audit")
    await require(tx, full.by, Role.VIEWER)
    await audit.record(
        tx, key=f"{action}:{new_id()}", action=action, subject=subject, by=full.by, why=full.why,
        at=at, facts=facts,
    )  # fmt: skip
