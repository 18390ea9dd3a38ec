"""The alert pass over many accounts of which one in a hundred is due: seconds, and how they grow."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uvloop
from sqlalchemy import func, select, text

from benchmarks.autopay import peak_megabytes
from benchmarks.figures import Figure
from core.settings import Settings
from core.storage.database import Database
from core.storage.message_tables import notice
from core.storage.migrate import upgrade
from core.wiring import Core, open_core
from core.wiring_parts import ALERTS
from tests.servers import postgres

SIZES = (10_000, 100_000, 1_000_000)
DUE_OF = 100  # one account in so many
IDLE_LOOKS = 200
NOON = datetime(2026, 6, 10, 2, tzinfo=UTC)  # 12:00 in Vladivostok

# Ids are made of the account's number; every account has a chat that can be reached.
ACCOUNTS = (
    """
    INSERT INTO account (id, number, login, password_hash, holder, city, street, house, flat, email,
        tariff, state, accrued_until, alert_at, runs_out_at)
    SELECT md5('a' || n)::uuid, (1000000 + n)::text, (1000000 + n)::text, '', '', '', '', '', '', '',
        'moskva', 'active', CAST(:midnight AS timestamptz),
        CAST(:now AS timestamptz) + CASE WHEN n % CAST(:one_of AS integer) = 0 THEN interval '0'
            ELSE n % 700 * interval '1 hour' + interval '1 day' END,
        CAST(:now AS timestamptz) + interval '30 days'
    FROM generate_series(1, CAST(:accounts AS integer)) n
    """,
    """
    INSERT INTO ledger_account (id, kind, name, balance, version)
    SELECT md5('a' || n)::uuid, 'subscriber', 'subscriber:' || (1000000 + n),
        CASE WHEN n % CAST(:one_of AS integer) = 0 THEN 10000 ELSE 90000 END, 1
    FROM generate_series(1, CAST(:accounts AS integer)) n
    """,
    """
    INSERT INTO subscriber (channel, address, locale, locale_chosen, reachable, stopped, first_seen_at)
    SELECT 'telegram', n::text, 'ru', true, true, false, CAST(:now AS timestamptz)
    FROM generate_series(1, CAST(:accounts AS integer)) n
    """,
    """
    INSERT INTO link (id, channel, address, account_id, access, linked_at)
    SELECT md5('l' || n)::uuid, 'telegram', n::text, md5('a' || n)::uuid, 'full', CAST(:now AS timestamptz)
    FROM generate_series(1, CAST(:accounts AS integer)) n
    """,
)


class Noon:
    def now(self) -> datetime:
        return NOON


@dataclass(frozen=True, slots=True)
class Pass:
    accounts: int
    seconds: float
    alerts: int
    idle_milliseconds: float  # of a look where nothing is due


async def look_at(url: str, accounts: int) -> Pass:
    await upgrade(url)
    database = Database(url)
    named = {"accounts": accounts, "one_of": DUE_OF, "now": NOON, "midnight": NOON - timedelta(hours=12)}
    try:
        async with database.transaction() as tx:
            for statement in ACCOUNTS:
                used = {name: value for name, value in named.items() if f":{name}" in statement}
                await tx.execute(text(statement), used)
        async with database.read() as tx:
            await tx.execute(text("ANALYZE"))
    finally:
        await database.close()
    settings = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(settings, clock=Noon(), wall=Noon(), providers=[]) as core:
        started = time.perf_counter()
        while await core.alerts.due_once(ALERTS):
            pass
        seconds = time.perf_counter() - started
        return Pass(accounts, seconds, await _stored(core), await _idle(core))


async def _stored(core: Core) -> int:
    async with core.database.read() as tx:
        return int(await tx.scalar(select(func.count()).where(notice.c.template == "alert")))


async def _idle(core: Core) -> float:
    started = time.perf_counter()
    for _ in range(IDLE_LOOKS):
        assert not await core.alerts.due_once(ALERTS)
    return (time.perf_counter() - started) / IDLE_LOOKS * 1000


def run(sizes: Sequence[int] = SIZES) -> Sequence[Figure]:
    with postgres.started() as server:
        passes = [uvloop.run(look_at(server.create_database(), size)) for size in sizes]
    figures = [
        Figure(f"{each.accounts:,} accounts, {each.accounts // DUE_OF:,} of them due", each.seconds, "s")
        for each in passes
    ]
    small, large = passes[0], passes[-1]
    per_account = [each.seconds / (each.accounts // DUE_OF) for each in (small, large)]
    growth, told = per_account[1] / per_account[0], sum(each.alerts for each in passes)
    due = sum(each.accounts // DUE_OF for each in passes)
    return [
        *figures,
        Figure("Alerts stored, one an account that is due", told, "", f"= {due:,}", told == due),
        Figure("Accounts looked at a second, of the most", 1 / per_account[1], "/s"),
        Figure("An account's share of the most to that of the fewest", growth, "×", "≤ 1.5", growth <= 1.5),
        Figure("A look where nothing is due, of the most accounts", large.idle_milliseconds, "ms"),
        Figure("Peak memory of the process", peak_megabytes(), "MB"),
    ]


if __name__ == "__main__":
    for figure in run([int(each) for each in sys.argv[1:]] or SIZES):
        print(figure.row())
