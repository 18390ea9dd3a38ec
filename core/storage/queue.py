"""The queue that business rows form: one claim for both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, select, update

from core.ids import new_id
from core.storage.database import Transaction


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
    pick = (select(table.c.id).where(due).order_by(order).limit(limit).with_for_update(skip_locked=True)).cte(
        "pick"
    )
    token: UUID = new_id()
    taken = await tx.execute(
        update(table)
        .where(table.c.id.in_(select(pick.c.id)))
        .values(lease=token, lease_until=now + lease, **values)
        .returning(*table.c)
    )
    # RETURNING has no order of its own.
    return sorted(taken.all(), key=lambda row: row._mapping[order])
