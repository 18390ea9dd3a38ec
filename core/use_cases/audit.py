"""Audit: who of the staff did what and why, stored with what they did; each entry seals the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from core.storage.database import Transaction
from core.storage.staff_tables import audit, audit_head
from core.use_cases.violations import SHOWN, Violation

FIRST = "0" * 64  # what the first entry seals
WHY_LARGEST = 1000
PAGE = 1000


async def begin(tx: Transaction, key: str) -> Any:
    """Let no other member of staff act until this commits; the entry, where the key has acted before."""
    await tx.alone("audit")
    row = await tx.first(select(audit).where(audit.c.key == key[:160]))
    return None if row is None else json.loads(row.facts)


async def record(
    tx: Transaction,
    *,
    key: str,
    action: str,
    subject: str,
    by: str,
    why: str,
    at: datetime,
    facts: Mapping[str, Any],
) -> None:
    """Store the entry of an action; `begin` was called before."""
    last = await tx.first(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1))
    entry = {
        "number": 1 if last is None else last.number + 1,
        "at": at,
        "by": by[:64],
        "action": action,
        "subject": subject[:160],
        "key": key[:160],
        "why": why[:WHY_LARGEST],
        "facts": json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str),
        "previous": FIRST if last is None else last.hash,
    }
    seal = sealed(entry)
    await tx.execute(insert(audit).values(**entry, hash=seal))
    if last is None:
        await tx.execute(insert(audit_head).values(place=1, number=1, hash=seal))
    else:
        await tx.execute(update(audit_head).values(number=entry["number"], hash=seal))


def sealed(entry: Mapping[str, Any]) -> str:
    """The hash of an entry: it holds the hash of the one before, so that none can be changed or left out."""
    said = [entry["at"].astimezone(UTC).isoformat() if name == "at" else entry[name] for name in _SEALED]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


_SEALED = ("number", "at", "by", "action", "subject", "key", "why", "facts", "previous")


async def holes(tx: Transaction) -> list[Violation]:
    """I11: an entry that is missing, at the end as well, or is not what was stored."""
    found: list[Violation] = []
    number, previous = 0, FIRST
    while rows := await tx.all(
        select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(PAGE)
    ):
        for row in rows:
            entry = row._asdict()
            if (row.number, row.previous, row.hash) != (number + 1, previous, sealed(entry)):
                found.append(Violation("I11", f"the audit trail has a hole before or at entry {row.number}"))
            number, previous = row.number, row.hash
        if len(found) >= SHOWN:
            return found[:SHOWN]
    head = await tx.first(select(audit_head.c.number, audit_head.c.hash))
    if (number, previous) != ((0, FIRST) if head is None else tuple(head)):
        found.append(Violation("I11", f"the audit trail does not end with entry {number}, as it does now"))
    return found[:SHOWN]


@dataclass(frozen=True, slots=True)
class Head:
    """An entry and all before it: written down elsewhere, it tells what was done to the trail."""

    number: int
    hash: str


async def head(tx: Transaction) -> Head:
    """The last entry; number 0 where there is none."""
    row = await tx.first(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1))
    return Head(0, FIRST) if row is None else Head(row.number, row.hash)


async def holds(tx: Transaction, noted: Head) -> bool:
    """Whether the trail still has this entry, word for word."""
    if noted.number == 0:
        return noted.hash == FIRST
    found = await tx.scalar(select(audit.c.hash).where(audit.c.number == noted.number))
    return bool(found == noted.hash)
