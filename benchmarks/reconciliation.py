"""A day's register of a million payments against as many of ours, with some of each kind that differs."""

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.autopay import peak_megabytes
from benchmarks.figures import Figure
from core import profile as operator_profile
from core.ledger.transfer import clearing
from core.payments.arsenalpay import ArsenalPay
from core.settings import Settings
from core.storage.migrate import upgrade
from core.use_cases.reconciliations import Report
from core.wiring import Core, open_core
from tests.servers import postgres

PAYMENTS = 1_000_000
ACCOUNTS = 20_000
LOST_EVERY = 1000  # one in so many was given up here and paid there
MINUTES = 10
MEGABYTES = 300
DAY = date(2026, 5, 27)
KOPECKS = 100_00
FILL_SECONDS = 900

# Ids follow from numbers, so that every table can be filled by itself.
_FILL = (
    """
    INSERT INTO account (id, number, login, password_hash, holder, city, street, house, flat, email, state,
                         accrued_until)
    SELECT md5('a' || n)::uuid, (100000 + n)::text, n::text, '', '', '', '', '', '', '', 'active', $at
    FROM generate_series(0, $accounts - 1) n
    """,
    """
    INSERT INTO ledger_account (id, kind, name, balance)
    SELECT md5('a' || n)::uuid, 'subscriber', 'subscriber:' || (100000 + n), 0
    FROM generate_series(0, $accounts - 1) n
    """,
    """
    INSERT INTO top_up (id, account_id, channel, payer, locale, method, amount, commission, total,
                        commission_from, state, needs_sum, created_at, expires_at)
    SELECT md5('t' || n)::uuid, md5('a' || n % $accounts)::uuid, 'telegram', n::text, 'ru', 'card', $kopecks,
           0, $kopecks, false, CASE WHEN n % $lost = 0 THEN 'declined' ELSE 'paid' END, false, $at, $at
    FROM generate_series(0, $payments - 1) n
    """,
    """
    INSERT INTO ledger_transfer (id, debit, credit, amount, kind, key, payment_id, at)
    SELECT md5('l' || n)::uuid, $clearing, md5('a' || n % $accounts)::uuid, $kopecks, 'top_up', 'bench:' || n,
           md5('p' || n)::uuid, $at + n * interval '0.01 second'
    FROM generate_series(0, $payments - 1) n WHERE n % $lost <> 0
    """,
    """
    INSERT INTO payment (id, top_up_id, provider, provider_ref, method, total, state, reason, transfer_id,
                         created_at)
    SELECT md5('p' || n)::uuid, md5('t' || n)::uuid, 'arsenalpay', 'r-' || n, 'card', $kopecks,
           CASE WHEN n % $lost = 0 THEN 'declined' ELSE 'succeeded' END,
           CASE WHEN n % $lost = 0 THEN 'abandoned' END,
           CASE WHEN n % $lost <> 0 THEN md5('l' || n)::uuid END, $at
    FROM generate_series(0, $payments - 1) n
    """,
    "ANALYZE",
)
_SAME_ROWS = """
    SELECT payment.provider_ref, payment.total, payment.state, account.number
    FROM payment JOIN top_up ON top_up.id = payment.top_up_id JOIN account ON account.id = top_up.account_id
"""


class StandingClock:
    """The morning after, for as long as it takes."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._at = datetime(DAY.year, DAY.month, DAY.day + 1, 6, tzinfo=zone).astimezone(UTC)

    def now(self) -> datetime:
        return self._at


@dataclass(frozen=True, slots=True)
class Run:
    copy_seconds: float
    seconds: list[float]  # of the first reading and of the second
    reports: list[Report]
    megabytes: float


async def reconcile(url: str, folder: Path, payments: int) -> Run:
    await upgrade(url)
    clock = StandingClock(operator_profile.load().zone)
    nowhere = "http://127.0.0.1:9"
    provider = ArsenalPay(url=nowhere, public_url=nowhere, merchant="", callback_key="k")
    register = folder / "register.csv"
    _write(register, payments)
    settings = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        copy = await _fill_and_copy(core, payments)
        seconds: list[float] = []
        reports: list[Report] = []
        for _ in range(2):
            started = time.perf_counter()
            reports.append(await core.reconciliations.run("arsenalpay", DAY, file=register))
            seconds.append(time.perf_counter() - started)
    return Run(copy, seconds, reports, peak_megabytes())


def _write(register: Path, payments: int) -> None:
    """In another order than ours, which the provider may choose."""
    with register.open("w", encoding="utf-8") as file:
        file.write("FUNCTION,RRN,AMOUNT,ACCOUNT,DATETIME\n")
        for number in reversed(range(payments)):
            account = 100_000 + number % ACCOUNTS
            file.write(f"payment,r-{number},{KOPECKS // 100}.00,{account},{DAY}T03:00:00+00:00\n")


async def _fill_and_copy(core: Core, payments: int) -> float:
    """Rows of ours by SQL alone; the seconds in which PostgreSQL can give them out."""
    async with core.database.transaction() as tx:
        driver: Any = (await tx.connection.get_raw_connection()).driver_connection
        for statement in _FILL:
            await driver.execute(_filled(statement, payments), timeout=FILL_SECONDS)
        started = time.perf_counter()
        await driver.copy_from_query(_SAME_ROWS, output=_thrown_away, timeout=FILL_SECONDS)
        return time.perf_counter() - started


async def _thrown_away(_data: bytes) -> None: ...


def _filled(statement: str, payments: int) -> str:
    values = {
        "$at": f"timestamptz '{DAY}T00:00:00+00:00'",
        "$accounts": str(ACCOUNTS),
        "$kopecks": str(KOPECKS),
        "$lost": str(LOST_EVERY),
        "$payments": str(payments),
        "$clearing": f"'{clearing('arsenalpay').id}'::uuid",
    }
    for name, value in values.items():
        statement = statement.replace(name, value)
    return statement


def run(payments: int = PAYMENTS) -> Sequence[Figure]:
    with postgres.started() as server, tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(reconcile(server.create_database(), Path(folder), payments))
    first_seconds, again_seconds = found.seconds
    minutes, lost = first_seconds / 60, -(-payments // LOST_EVERY)
    first, again = found.reports
    whole = (first.lines, first.found.credited, first.left_open) == (payments, lost, 0)
    same = (again.lines, again.found.credited, again.left_open) == (payments, 0, 0)
    return [
        Figure(f"{payments:,} lines reconciled", minutes, "min", f"≤ {MINUTES}", minutes <= MINUTES),
        Figure("Successes that were lost, credited", first.found.credited, "", f"= {lost:,}", whole),
        Figure("The same register once more", again_seconds / 60, "min", "credits nothing", same),
        Figure("Lines a second", payments / first_seconds, "/s"),
        Figure("COPY of the same rows of ours", found.copy_seconds, "s"),
        Figure("Reconciling to COPY", first_seconds / found.copy_seconds, "×"),
        Figure("Peak memory", found.megabytes, "MB", f"≤ {MEGABYTES}", found.megabytes <= MEGABYTES),
    ]


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS):
        print(figure.row())
