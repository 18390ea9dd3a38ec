"""Violations: a broken rule and the row that breaks it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select

from core.storage.database import Transaction

SETTLED_WITHIN = timedelta(minutes=15)  # whatever was accepted is finished, or openly waiting, by then
NIGHT = timedelta(hours=24)  # the longest that quiet hours can be
SHOWN = 20  # violations told a rule


@dataclass(frozen=True, slots=True)
class Violation:
    code: str
    about: str


async def violations(tx: Transaction, code: str, query: Select[Any], words: str) -> list[Violation]:
    """A violation for each row that the query finds, named in `words` by its first column."""
    rows = await tx.all(query.limit(SHOWN))
    return [Violation(code, words.format(row[0])) for row in rows]
