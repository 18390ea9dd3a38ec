"""What tests of imports do over and over: a file is written, what a report names, what is stored."""

import csv
from pathlib import Path
from typing import Any

import argon2
from sqlalchemy import select

from core.storage.database import Database
from core.storage.tables import account
from core.use_cases.import_file import COLUMNS
from core.use_cases.imports import ImportReport

HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("wonder.wall-7")
GOOD = {
    "number": "100080",
    "login": "alpha",
    "password_hash": HASH,
    "holder": "A",
    "city": "Владивосток",
    "street": "ул. Луговая",
    "house": "21а",
    "flat": "462",
    "email": "alpha@example.org",
    "phones": "79140000001 +7-902-000-00-02",
    "tariff": "moskva",
    "tariff_next": "",
    "state": "active",
    "opening_balance": "198.19",
}


def write(
    file: Path, *rows: dict[str, str], delimiter: str = ",", columns: tuple[str, ...] = COLUMNS
) -> Path:
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def found(report: ImportReport) -> list[tuple[int, str]]:
    return [(each.line, each.column) for each in report.problems]


async def rows_of(database: Database) -> list[Any]:
    async with database.read() as tx:
        return await tx.all(select(account).order_by(account.c.number))
