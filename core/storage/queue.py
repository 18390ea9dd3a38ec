"""The queue that business rows form: one claim for both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, TextClause, select, update

from core.ids import new_id
from core.storage.database import Transaction


def unfinished(table: Table) -> TextClause:
    """The condition of the table's partial index over unfinished rows, in the same words.

    PostgreSQL uses a partial index only where the query repeats its condition; bound values do not count.
    """
    (index,) = (index for index in table.indexes if index.name == f"ix_{table.name}_unfinished")
    condition: TextClause = index.dialect_options["postgresql"]["where"]
    return condition


async def claim(
    tx: Transaction,
    table: Table,
    due: ColumnElement[bool],
    *,
    order: ColumnElement[Any],
    limit: int,
    now: datetime,
    lease: timedelta,
    **values: Any,
) -> Sequence[Row[Any]]:
    """Take up to `limit` rows that are due for `lease`; each goes to one claimant only.

    The rows come back with their new lease token, in the order asked for.
    """
    pick = (
        select(table.c.id)
        .where(unfinished(table), due)
        .order_by(order)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).cte("pick")
    token: UUID = new_id()
    taken = await tx.execute(
        update(table)
        .where(table.c.id.in_(select(pick.c.id)))
        .values(lease=token, lease_until=now + lease, **values)
        .returning(*table.c)
    )
    # RETURNING has no order of its own.
    return sorted(taken.all(), key=lambda row: row._mapping[order])
