"""Imports of the register of numbers: a file becomes a dated version, all of its lines or none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from core.clock import Clock
from core.ids import new_id
from core.storage.database import Database, Transaction
from core.storage.def_tables import def_register
from core.use_cases import audit
from core.use_cases.def_file import read_register
from core.use_cases.def_ranges import Packed, Range, packed
from core.use_cases.import_file import Problem
from core.use_cases.mobile_operators import MobileOperators


@dataclass(frozen=True, slots=True)
class Company:
    """A company of the register, how many numbers it has, and the profile's operator that it is."""

    name: str
    numbers: int
    operator: str | None


@dataclass(frozen=True, slots=True)
class Version:
    valid_from: date
    ranges: int
    imported_at: datetime
    imported_by: str


@dataclass(frozen=True, slots=True)
class DefReport:
    """What an import did, or would do; nothing was changed where there are problems."""

    problems: Sequence[Problem] = ()
    ranges: int = 0
    companies: Sequence[Company] = ()  # the largest first
    before: Version | None = None  # what held on that day until now
    repeated: bool = False  # it says what holds already


class DefImports:
    def __init__(self, database: Database, operators: MobileOperators, wall: Clock) -> None:
        self._database = database
        self._operators = operators
        self._wall = wall

    async def run(self, path: Path, *, valid_from: date, by: str, why: str, dry_run: bool) -> DefReport:
        """Store a file's ranges as what holds from a local day on; with any problem nothing is changed.

        OSError where the file cannot be read.
        """
        ranges, problems = read_register(path)
        if problems:
            return DefReport(problems)
        version = packed(ranges)
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            row = await _holds(tx, valid_from)
            repeated = row is not None and (row.valid_from, row.digest) == (valid_from, version.digest)
            if not (repeated or dry_run):
                await self._store(tx, version, valid_from, by, why)
        self._operators.forget()
        before = None if row is None else _version(row)
        return DefReport((), len(ranges), self._companies(ranges), before, repeated)

    async def versions(self) -> list[Version]:
        """All that were imported, the newest day first."""
        async with self._database.read() as tx:
            rows = await tx.all(select(*_SHOWN).order_by(*_NEWEST))
        return [_version(row) for row in rows]

    async def _store(self, tx: Transaction, version: Packed, valid_from: date, by: str, why: str) -> None:
        key, now = new_id(), self._wall.now()
        await tx.execute(
            insert(def_register).values(
                id=key,
                valid_from=valid_from,
                imported_at=now,
                imported_by=by[:64],
                digest=version.digest,
                ranges=version.ranges,
                holders=[list(each) for each in version.holders],
                body=version.body,
            )
        )
        facts = {"ranges": version.ranges, "digest": version.digest}
        await audit.record(
            tx, key=f"def_import:{key}", action="def_import", subject=str(valid_from), by=by, why=why,
            at=now, facts=facts,
        )  # fmt: skip

    def _companies(self, ranges: Sequence[Range]) -> list[Company]:
        numbers: Counter[str] = Counter()
        known: dict[str, str | None] = {}
        for each in ranges:
            numbers[each.company] += each.capacity
            if each.company not in known:
                operator = self._operators.of_company(each)
                known[each.company] = None if operator is None else operator.code
        return [Company(name, count, known[name]) for name, count in numbers.most_common()]


_NEWEST = (def_register.c.valid_from.desc(), def_register.c.id.desc())
_SHOWN = (
    def_register.c.valid_from,
    def_register.c.ranges,
    def_register.c.imported_at,
    def_register.c.imported_by,
)


async def _holds(tx: Transaction, day: date) -> Any:
    return await tx.first(
        select(*_SHOWN, def_register.c.digest)
        .where(def_register.c.valid_from <= day)
        .order_by(*_NEWEST)
        .limit(1)
    )


def _version(row: Any) -> Version:
    return Version(row.valid_from, row.ranges, row.imported_at, row.imported_by)
