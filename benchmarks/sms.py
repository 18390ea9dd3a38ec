"""SMS in, committed, reply submitted: one process on PostgreSQL, against pgbench's TPC-B on that server."""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from sqlalchemy import insert

from benchmarks.figures import Figure
from benchmarks.ledger import tpcb_per_second
from core.clock import SystemClock
from core.ids import AccountId, new_id
from core.ledger import book
from core.settings import Settings
from core.states import ServiceState
from core.storage.database import Database
from core.storage.migrate import upgrade
from core.storage.tables import account, account_phone
from core.wiring import open_core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor
from tests.servers import postgres, processes

TEXTS = 4000
PGBENCH_SECONDS = 6
BALANCE = "баланс"
ANSWERED_PER_SECOND = 500


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
async def _door(url: str, port: int) -> Any:
    settings = Settings(
        _env_file=None,
        env="test",
        database_url=url,
        smsc_url=f"smpp://bench:bench@127.0.0.1:{port}",
        smsc_window=200,
        smsc_messages_per_second=10_000,
    )
    async with open_core(settings) as core, asyncio.TaskGroup() as tasks:
        door = tasks.create_task(SmsDoor(core, Catalogues(core.profile.zone)).run())
        yield
        door.cancel()


async def _answered(url: str, count: int) -> dict[str, float]:
    await upgrade(url)
    await _people(url, count)
    port = processes.free_port()
    peer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.smsc_peer", str(port), str(count), BALANCE, stdout=subprocess.PIPE
    )
    assert peer.stdout is not None
    await peer.stdout.readline()
    before = resource.getrusage(resource.RUSAGE_SELF)
    async with _door(url, port):
        said = await peer.stdout.readline()
        after = resource.getrusage(resource.RUSAGE_SELF)
    await peer.wait()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(said), "cpu": cpu}


def run() -> Sequence[Figure]:
    with postgres.started() as server:
        reference = tpcb_per_second(server, clients=8, seconds=PGBENCH_SECONDS)
        said = uvloop.run(_answered(server.create_database(), TEXTS))
    answered = TEXTS / said["answered"]
    return [
        Figure("pgbench TPC-B, 8 clients", reference, "tx/s"),
        Figure("SMS stored and acknowledged", TEXTS / said["stored"], "/s"),
        Figure(
            "SMS in → committed → reply submitted, one process",
            answered,
            "/s",
            f"≥ {ANSWERED_PER_SECOND}/s",
            answered >= ANSWERED_PER_SECOND,
        ),
        Figure("SMS answered to TPC-B", answered / reference, "×"),
        Figure("CPU an SMS of the process", 1000 * said["cpu"] / TEXTS, "ms"),
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure.row())
