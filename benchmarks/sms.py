"""SMS in, committed, reply submitted: one and two processes on PostgreSQL, and how long a reply takes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from sqlalchemy import insert

from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.ledger import tpcb_per_second
from core.clock import SystemClock
from core.ids import AccountId, new_id
from core.ledger import book
from core.states import ServiceState
from core.storage.database import Database
from core.storage.migrate import upgrade
from core.storage.tables import account, account_phone
from tests.servers import postgres
from tests.servers.postgres import Postgres
from tests.servers.processes import free_port

TEXTS = 6000
PGBENCH_SECONDS = 6
BALANCE = "баланс"
ANSWERED_PER_SECOND = 500
BY_TWO_PER_SECOND = 1000
ALL_AT_WORK = 0.9  # of the cores: what is left is the machine's own
CALM_PER_SECOND, CALM_TEXTS, CALM_P99_SECONDS = 100, 3000, 2


@dataclass(frozen=True, slots=True)
class Answered:
    """What the SMSC tells, and the CPU seconds that it took by who used them."""

    said: dict[str, float]
    cpu: dict[str, float]

    @property
    def per_second(self) -> float:
        return TEXTS / self.said["answered"]

    @property
    def busy(self) -> float:
        """The share of all cores that was used."""
        return sum(self.cpu.values()) / self.said["answered"] / (os.cpu_count() or 1)


async def _people(url: str, count: int) -> None:
    """One account a phone, so that every text is a registered subscriber's."""
    database = Database(url)
    now = SystemClock().now()
    ids = [AccountId(new_id()) for _ in range(count)]
    rows: list[dict[str, Any]] = [
        {
            "id": each,
            "number": str(100000 + number),
            "login": f"bench{number}",
            "password_hash": "",
            "holder": "",
            "city": "",
            "street": "",
            "house": "",
            "flat": "",
            "email": "",
            "tariff": "moskva",
            "state": ServiceState.ACTIVE,
            "accrued_until": now,
        }
        for number, each in enumerate(ids)
    ]
    phones = [{"account_id": each, "msisdn": f"7900{n:07d}"} for n, each in enumerate(ids)]
    async with database.transaction() as tx:
        await tx.execute(insert(account), rows)
        await tx.execute(insert(account_phone), phones)
        for number, each in enumerate(ids):
            await book.open_subscriber_account(tx, each, number=str(100000 + number))
    await database.close()


@asynccontextmanager
async def _program(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours, which ends when its standard input does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def _answered(server: Postgres, count: int, *, processes: int, rate: float = 0) -> Answered:
    """Texts of registered subscribers, each answered with a balance."""
    url = server.create_database()
    await upgrade(url)
    await _people(url, count)
    port = free_port()
    asked = (str(port), str(count), BALANCE, str(processes), str(rate))
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(_program("benchmarks.smsc_peer", *asked))
        assert peer.stdout is not None
        await peer.stdout.readline()
        smsc = f"smpp://bench:bench@127.0.0.1:{port}"
        doors = [
            await stack.enter_async_context(_program("benchmarks.sms_process", url, smsc))
            for _ in range(processes)
        ]
        await peer.stdout.readline()
        parts = {"doors": doors, "peer": [peer]}
        before = {name: _cpu(those) for name, those in parts.items()} | {
            "database": cpu.seconds_of(server.pid)
        }
        said = json.loads(await peer.stdout.readline())
        after = {name: _cpu(those) for name, those in parts.items()} | {
            "database": cpu.seconds_of(server.pid)
        }
    return Answered(said, {name: after[name] - before[name] for name in after})


def _cpu(those: Sequence[asyncio.subprocess.Process]) -> float:
    return sum(cpu.seconds_of(each.pid) for each in those)


def run() -> Sequence[Figure]:
    with postgres.started() as server:
        reference = tpcb_per_second(server, clients=8, seconds=PGBENCH_SECONDS)
        one = uvloop.run(_answered(server, TEXTS, processes=1))
        two = uvloop.run(_answered(server, TEXTS, processes=2))
        calm = uvloop.run(_answered(server, CALM_TEXTS, processes=1, rate=CALM_PER_SECOND))
    return [
        Figure("pgbench TPC-B, 8 clients", reference, "tx/s"),
        Figure("SMS stored and acknowledged, one process", TEXTS / one.said["stored"], "/s"),
        Figure(
            "SMS in → committed → reply submitted, one process",
            one.per_second,
            "/s",
            f"≥ {ANSWERED_PER_SECOND}/s",
            one.per_second >= ANSWERED_PER_SECOND,
        ),
        Figure("SMS answered to TPC-B", one.per_second / reference, "×"),
        Figure("CPU an SMS of the process", 1000 * one.cpu["doors"] / TEXTS, "ms"),
        Figure(
            "SMS in → committed → reply submitted, two processes",
            two.per_second,
            "/s",
            f"≥ {BY_TWO_PER_SECOND}/s, or all cores at work",
            two.per_second >= BY_TWO_PER_SECOND or two.busy >= ALL_AT_WORK,
        ),
        Figure(f"of all {os.cpu_count()} cores at work meanwhile", 100 * two.busy, "%"),
        *(
            Figure(f"CPU an SMS: {name}", 1000 * seconds / TEXTS, "ms")
            for name, seconds in (
                ("the two processes", two.cpu["doors"]),
                ("PostgreSQL", two.cpu["database"]),
                ("the SMSC beside them", two.cpu["peer"]),
            )
        ),
        Figure(f"deliver_sm to its reply at {CALM_PER_SECOND}/s, median", 1000 * calm.said["median"], "ms"),
        Figure(
            f"deliver_sm to its reply at {CALM_PER_SECOND}/s, p99",
            1000 * calm.said["p99"],
            "ms",
            f"≤ {CALM_P99_SECONDS * 1000} ms",
            calm.said["p99"] <= CALM_P99_SECONDS,
        ),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.row())
