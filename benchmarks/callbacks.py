"""Signed callbacks taken by one process on PostgreSQL, against a bare server that commits an INSERT each."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import uvloop
from aiohttp import web
from sqlalchemy import func, insert, select, text

from benchmarks.figures import Figure
from commands.site import site
from core.ids import new_id
from core.ledger.opening import Opened, open_subscribers
from core.payments.arsenalpay import ArsenalPay
from core.settings import Settings
from core.states import Channel, Method, PaymentState, ServiceState, TopUpState
from core.storage.database import Database
from core.storage.migrate import upgrade
from core.storage.tables import account, payment, top_up
from core.wiring import Core, open_core
from handlers.locale import Catalogues
from tests.deadlines import until
from tests.providers import arsenalpay_desk
from tests.servers import postgres

CALLBACKS = 4000
BATCH = 2000
LONGEST_SECONDS = 300.0
FIRST = 100_000
LATER = timedelta(hours=1)  # nobody is asked about a payment whose callback is on its way
AMOUNT = 300_00
PER_SECOND = 300
P99_MILLISECONDS = 250


async def _told(address: str, count: int) -> dict[str, float]:
    peer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.callbacks_peer", address, str(FIRST), str(count), str(PER_SECOND),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    said, _ = await peer.communicate()
    assert peer.returncode == 0
    answered: dict[str, float] = json.loads(said)
    return answered


async def _ours(url: str, count: int) -> dict[str, float]:
    """Each of an open payment: verified, stored, matched, credited, its receipt in the outbox."""
    await upgrade(url)
    settings = Settings(_env_file=None, env="test", database_url=url, http_port=0)
    async with open_core(settings, providers=[_arsenalpay()]) as core:
        for start in range(FIRST, FIRST + count, BATCH):
            await _expect(core, range(start, min(start + BATCH, FIRST + count)))
        async with core.database.transaction() as tx:
            await tx.execute(text("ANALYZE"))  # a database in use knows its tables
        async with (
            site(core, Catalogues(core.profile.zone), [], None, pages=True) as address,
            asyncio.TaskGroup() as tasks,
        ):
            jobs, started = tasks.create_task(core.jobs.run()), time.perf_counter()
            said = await _told(f"{address}/callbacks/arsenalpay", count)
            await until(partial(_all_credited, core, count), within=LONGEST_SECONDS, what="all credited")
            said["credited"] = count / (time.perf_counter() - started)
            jobs.cancel()
    return said


async def _all_credited(core: Core, count: int) -> bool:
    async with core.database.read() as tx:
        credited = select(func.count()).where(payment.c.state == PaymentState.SUCCEEDED)
        return bool(await tx.scalar(credited) == count)


def _arsenalpay() -> ArsenalPay:
    return ArsenalPay(
        url="https://arsenalpay.test",
        public_url="https://aliance.test",
        merchant=arsenalpay_desk.MERCHANT,
        callback_key=arsenalpay_desk.CALLBACK_KEY,
        widget=arsenalpay_desk.WIDGET,
        widget_key=arsenalpay_desk.WIDGET_KEY,
        mobile_key=arsenalpay_desk.MOBILE_KEY,
        client_id="",
        client_secret="",
    )


async def _expect(core: Core, numbers: range) -> None:
    """An account with an open payment for each callback to come."""
    rows = [_rows(core, number) for number in numbers]
    async with core.database.transaction() as tx:
        await tx.execute(insert(account), [each["account"] for each in rows])
        await open_subscribers(
            tx, [Opened(each["account"]["id"], each["account"]["number"], None) for each in rows]
        )
        await tx.execute(insert(top_up), [each["top_up"] for each in rows])
        await tx.execute(insert(payment), [each["payment"] for each in rows])


def _rows(core: Core, number: int) -> dict[str, dict[str, Any]]:
    now, owner, asked = core.clock.now(), new_id(), new_id()
    blank = dict.fromkeys(("password_hash", "holder", "city", "street", "house", "flat", "email"), "")
    return {
        "account": {
            "id": owner, "number": str(number), "login": str(number), **blank,
            "state": ServiceState.ACTIVE, "accrued_until": now,
        },
        "top_up": {
            "id": asked, "account_id": owner, "channel": Channel.TELEGRAM, "payer": str(number),
            "locale": "ru", "method": Method.CARD, "amount": AMOUNT, "commission": 0, "total": AMOUNT,
            "commission_from": False, "state": TopUpState.CONFIRMED, "needs_sum": False,
            "save_card": False, "created_at": now, "expires_at": now,
        },
        "payment": {
            "id": new_id(), "top_up_id": asked, "provider": "arsenalpay", "method": Method.CARD,
            "total": AMOUNT, "state": PaymentState.PENDING, "created_at": now, "next_at": now + LATER,
        },
    }  # fmt: skip


async def _bare(url: str, count: int) -> dict[str, float]:
    """The protocol and nothing of ours: the body in one row, one commit, OK."""
    database, store = Database(url), text("INSERT INTO told (body) VALUES (:body)")

    async def take(request: web.Request) -> web.Response:
        async with database.transaction() as tx:
            await tx.execute(store, {"body": await request.read()})
        return web.Response(text="OK")

    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE told (id bigserial PRIMARY KEY, body bytea NOT NULL)"))
    async with _served(take) as address:
        said = await _told(f"{address}/callbacks/arsenalpay", count)
    await database.close()
    return said


@asynccontextmanager
async def _served(take: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/callbacks/{provider}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def run(count: int = CALLBACKS) -> Sequence[Figure]:
    with postgres.started() as server:
        bare = uvloop.run(_bare(server.create_database(), count))
        ours = uvloop.run(_ours(server.create_database(), count))
    most, p99 = ours["most"], 1000 * ours["p99"]
    return [
        Figure("Bare aiohttp, an INSERT committed for each callback", bare["most"], "/s"),
        Figure(
            "Signed callbacks stored and acknowledged, one process",
            most,
            "/s",
            f"≥ {PER_SECOND}/s",
            most >= PER_SECOND,
        ),
        Figure("The same until all are credited, with the half that comes at 300/s", ours["credited"], "/s"),
        Figure("Callbacks to the bare server", most / bare["most"], "×"),
        Figure(f"Acknowledged at {PER_SECOND}/s, median", 1000 * ours["median"], "ms"),
        Figure(
            f"Acknowledged at {PER_SECOND}/s, p99",
            p99,
            "ms",
            f"≤ {P99_MILLISECONDS} ms",
            p99 <= P99_MILLISECONDS,
        ),
        Figure(f"The bare server at {PER_SECOND}/s, p99", 1000 * bare["p99"], "ms"),
    ]


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else CALLBACKS):
        print(figure.row())
