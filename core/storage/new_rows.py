"""Rows that are stored unless their unique key is there already: a duplicate changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from core.storage.database import Transaction


class NewRows:
    """One statement a table, built once: building it anew costs more CPU than running it.

    Without names in `unique` every key counts: where two rows that are alike in two keys come at once,
    PostgreSQL meets the one that was not named as an error.
    """

    def __init__(self, table: Table, *unique: str, returning: str) -> None:
        column = table.c[returning]
        self._sqlite, self._postgresql = (
            dialect.insert(table).on_conflict_do_nothing(index_elements=unique or None).returning(column)
            for dialect in (sqlite, postgresql)
        )

    async def add(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> set[Any]:
        """Store rows; what `returning` names of those that were new. All rows name the same columns."""
        statement = self._sqlite if tx.sqlite else self._postgresql
        return set((await tx.execute(statement, rows)).scalars())

    async def add_one(self, tx: Transaction, **values: Any) -> bool:
        """Store one row; whether it was new."""
        return bool(await self.add(tx, [values]))
