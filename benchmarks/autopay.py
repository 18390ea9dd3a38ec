"""Mandates due at once, charged by one process, against pgbench's TPC-B: time, calls at once, memory."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import uvloop
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from benchmarks.figures import Figure
from benchmarks.ledger import tpcb_per_second
from core import profile as operator_profile
from core.ids import new_id
from core.ledger.opening import Opened, open_subscribers
from core.payments.capabilities import Capabilities, Operation
from core.payments.charge import Charge
from core.payments.provider import NotCapable, Outcome, Provider, ProviderEvent, Succeeded, Told, Unknown
from core.payments.seal import Seal
from core.settings import Settings
from core.states import Channel, ChargeState, MandateState, Method, ServiceState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.migrate import upgrade
from core.storage.tables import account
from core.wiring import Core, open_core
from tests.deadlines import until
from tests.servers import postgres

MANDATES = 20_000
BATCH = 2000
ANSWER_SECONDS = 0.05
MINUTES = 10
PGBENCH_SECONDS = 6
MEGABYTES = 300
AT_ONCE = 50  # a batch of the job that collects
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
DUE = date(2026, 5, 27)


class SlowProvider(Provider):
    """Charges every saved card, each after 50 ms."""

    name = "bench"
    capabilities = Capabilities(
        methods=frozenset({Method.CARD}),
        keys_honoured=frozenset({Operation.CHARGE_SAVED}),
        saves=frozenset({Method.CARD}),
        charges_saved=True,
    )

    def __init__(self, charges: int) -> None:
        self.all_charged = asyncio.Event()
        self._wanted = charges
        self._charged: set[UUID] = set()
        self.calls = 0
        self.most_at_once = 0
        self._at_once = 0

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        self.calls += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(ANSWER_SECONDS)
        self._at_once -= 1
        self._charged.add(charge.id)
        if len(self._charged) == self._wanted:
            self.all_charged.set()
        return Succeeded(f"b-{charge.id}", charge.number, charge.total, "RUB")

    async def start_checkout(self, charge: Charge) -> Outcome:
        raise NotCapable(self.name)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        raise NotCapable(self.name)

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told:
        raise NotCapable(self.name)

    def read_callback(self, kept: bytes) -> ProviderEvent:
        raise NotCapable(self.name)

    async def close(self) -> None: ...


class StandingClock:
    """Five past ten on the due date, for as long as it takes."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._at = datetime.combine(DUE, time_of_day(10, 5), tzinfo=zone).astimezone(UTC)

    def now(self) -> datetime:
        return self._at


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    calls: int
    most_at_once: int
    megabytes: float
    paid: int


async def charge_all(url: str, mandates: int) -> Run:
    await upgrade(url)
    settings = Settings(_env_file=None, env="test", database_url=url, card_key=SecretStr(KEY))
    provider = SlowProvider(mandates)
    clock = StandingClock(operator_profile.load().zone)
    async with open_core(settings, clock=clock, providers=[provider]) as core:
        for start in range(0, mandates, BATCH):
            await _agree(core, range(start, min(start + BATCH, mandates)))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            jobs = tasks.create_task(core.jobs.run())
            await provider.all_charged.wait()
            await until(partial(_all_paid, core, mandates), what="every charge is booked")
            jobs.cancel()
        seconds = time.perf_counter() - started
        return Run(seconds, provider.calls, provider.most_at_once, peak_megabytes(), await _paid(core))


async def _all_paid(core: Core, mandates: int) -> bool:
    return await _paid(core) == mandates


async def _paid(core: Core) -> int:
    async with core.database.read() as tx:
        paid = select(func.count()).where(mandate_charge.c.state == ChargeState.PAID)
        return int(await tx.scalar(paid))


async def _agree(core: Core, numbers: range) -> None:
    """Accounts with a saved card and a mandate each, warned yesterday and due now."""
    rows = [_rows(core, number) for number in numbers]
    async with core.database.transaction() as tx:
        await tx.execute(insert(account), [each["account"] for each in rows])
        await open_subscribers(
            tx, [Opened(each["account"]["id"], each["account"]["number"], None) for each in rows]
        )
        await tx.execute(insert(card), [each["card"] for each in rows])
        await tx.execute(insert(mandate), [each["mandate"] for each in rows])


_TOKEN = Seal([KEY]).close("token")


def _rows(core: Core, number: int) -> dict[str, dict[str, Any]]:
    now, owner, saved = core.clock.now(), new_id(), new_id()
    person = {"channel": Channel.TELEGRAM, "payer": str(number)}
    blank = dict.fromkeys(("password_hash", "holder", "city", "street", "house", "flat", "email"), "")
    return {
        "account": {
            "id": owner, "number": str(100_000 + number), "login": str(number), **blank,
            "state": ServiceState.ACTIVE, "accrued_until": now,
        },
        "card": {
            "id": saved, **person, "provider": "bench", "token": _TOKEN, "mask": "220012******0004",
            "is_default": True, "saved_by": new_id(), "saved_at": now,
        },
        "mandate": {
            "id": new_id(), "account_id": owner, **person, "locale": "ru", "card_id": saved,
            "amount": 300_00, "every_days": 30, "consent": core.profile.autopay.consent,
            "consented_at": now, "state": MandateState.ACTIVE, "requested_at": now, "activated_at": now,
            "scheduled": DUE - timedelta(days=30), "next_on": DUE, "warned_on": DUE,
            "warned_at": now - timedelta(days=1), "next_at": now,
        },
    }  # fmt: skip


def peak_megabytes() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def run(mandates: int = MANDATES) -> Sequence[Figure]:
    with postgres.started() as server:
        reference = tpcb_per_second(server, clients=8, seconds=PGBENCH_SECONDS)
        found = uvloop.run(charge_all(server.create_database(), mandates))
    minutes, calls, most, peak = found.seconds / 60, found.calls, found.most_at_once, found.megabytes
    return [
        Figure(
            f"{mandates:,} mandates due at once, charged", minutes, "min", f"≤ {MINUTES}", minutes <= MINUTES
        ),
        Figure("pgbench TPC-B, 8 clients", reference, "tx/s"),
        Figure("Charges a second", found.paid / found.seconds, "/s"),
        Figure("Charges to TPC-B", found.paid / found.seconds / reference, "×"),
        Figure("Calls to the provider, none of them twice", calls, "", f"= {mandates:,}", calls == mandates),
        Figure("Calls under way at once, at most", most, "", f"≤ {AT_ONCE}", most <= AT_ONCE),
        Figure("Peak memory of the process", peak, "MB", f"≤ {MEGABYTES}", peak <= MEGABYTES),
    ]


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else MANDATES):
        print(figure.row())
