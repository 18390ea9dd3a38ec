"""The stage of the crash tests: an outside world that lives on, and the product's lives in it."""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import func, insert, or_, select

from commands.outside import Outside, outside
from commands.phones import Phones
from core.clock import SystemClock
from core.ids import AccountId, new_id
from core.ledger import book
from core.ledger.transfer import of_subscriber
from core.settings import Settings
from core.states import EventState, IncomingState, NoticeState, PaymentState, ServiceState
from core.storage.database import Database
from core.storage.message_tables import incoming, notice
from core.storage.tables import account, payment, provider_event
from core.use_cases.invariants import Invariants
from core.use_cases.violations import Violation
from tests.crash.fuse import Point
from tests.crash.victim import DONE, READY, AheadClock, Begins, Errand, live
from tests.deadlines import until
from tests.servers import processes

KEY = "provider-key-of-the-crash-tests"
NUMBER = "100080"
ROUNDS = int(os.environ.get("ALIANCE_TEST_CRASH_ROUNDS", "1"))
PATIENCE_SECONDS = 40.0  # a start of the product on a loaded machine, and a callback told again
LATER = timedelta(seconds=60)  # the second life's clock: the first one's leases are over

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    ["tests.crash.victim", "bot.door", "sms_gateway.door", "commands.site", "core.payments.seal"]
)


@asynccontextmanager
async def world() -> AsyncIterator[Outside]:
    options = ["--http-port=0", "--smpp-port=0", f"--provider-key={KEY}", "--no-bot-api"]
    async with outside(options) as opened:
        yield opened


@dataclass
class Life:
    process: Any
    told: Connection

    serves: bool = False

    def has_died(self) -> bool:
        return not self.process.is_alive()

    async def ready(self) -> None:
        if not self.serves:
            await self._tells(READY, "it serves")
            self.serves = True

    def hears(self, passed: timedelta = timedelta()) -> None:
        """Time has passed: it looks for work, unless it has died of some already."""
        with suppress(BrokenPipeError):
            self.told.send(passed)

    def begins(self, errand: Errand) -> None:
        self.told.send(errand)

    async def does(self, errand: Errand) -> None:
        self.begins(errand)
        await self._tells(DONE, "an errand is done")

    async def _tells(self, word: str, what: str) -> None:
        assert await until(self.told.poll, within=PATIENCE_SECONDS, what=what)
        assert self.told.recv() == word

    async def end(self) -> dict[str, int]:
        """End it politely; what its fuse counted."""
        await self.ready()
        self.process.terminate()
        await asyncio.to_thread(self.process.join, PATIENCE_SECONDS)
        assert self.process.exitcode == 0, self.process.exitcode
        counts: dict[str, int] = self.told.recv()
        return counts

    async def bury(self) -> None:
        self.process.kill()
        await asyncio.to_thread(self.process.join)


def begin(settings: Settings, point: Point | None, begins: Begins) -> Life:
    here, there = _processes.Pipe()
    process = _processes.Process(target=live, args=(settings, point, begins, there), daemon=True)
    process.start()
    there.close()  # its end is seen here
    return Life(process, here)


@dataclass
class Stage:
    """One database, and the product's lives on it one after the other."""

    outside: Outside
    phones: Phones
    database: Database
    settings: Settings
    account_id: AccountId

    def begin(self, point: Point | None, begins: Begins) -> Life:
        return begin(self.settings, point, begins)

    async def is_settled(self) -> bool:
        """Nothing is left half done: payments are decided, or openly unknown."""
        async with self.database.read() as tx:
            left = [
                await tx.scalar(select(func.count()).where(condition))
                for condition in (
                    incoming.c.state == IncomingState.NEW,
                    notice.c.state.in_([NoticeState.DUE, NoticeState.TAKEN]) & (notice.c.channel == "sms"),
                    payment.c.state.in_([PaymentState.INTENT, PaymentState.SENDING]),
                    provider_event.c.state == EventState.NEW,
                )
            ]
        return not any(left)

    async def balance(self) -> int:
        async with self.database.read() as tx:
            return (await book.balance(tx, of_subscriber(self.account_id))).kopecks

    async def is_credited(self) -> bool:
        return await self.balance() > 0

    async def payments(self) -> list[Any]:
        async with self.database.read() as tx:
            return await tx.all(select(payment))

    async def collected(self) -> list[int]:
        """What the provider holds under this database's keys: the totals of its successes."""
        ours = {str(row.id) for row in await self.payments()}
        books = await self.phones.provider_books()
        return [each["amount"] for each in books if each["status"] == "succeeded" and each["payment"] in ours]

    async def broken(self) -> list[Violation]:
        """The rules that no crash may break; an unknown payment may wait beyond I13's time."""
        clock = AheadClock(timedelta(hours=1))
        found = await Invariants(self.database, SystemClock(), clock).check()
        return [each for each in found if each.code != "I13"]

    async def is_acknowledged(self) -> bool:
        """All that was sent is brought: what the SMSC repeats would reach the next test's product."""
        return await self.phones.undelivered_sms() == 0

    async def unanswered(self) -> list[Any]:
        """SMS that were taken and have not exactly one reply or a reason for silence."""
        async with self.database.read() as tx:
            return await tx.all(
                select(incoming.c.sender, incoming.c.payload, incoming.c.outcome, notice.c.template)
                .select_from(incoming)
                .outerjoin(notice, notice.c.incoming_id == incoming.c.id)
                .where(or_(incoming.c.outcome.is_(None), notice.c.id.is_(None)))
            )


@asynccontextmanager
async def stage(opened: Outside, url: str) -> AsyncIterator[Stage]:
    port = processes.free_port()
    settings = Settings(
        _env_file=None,
        env="test",
        database_url=url,
        smsc_url=f"smpp://demo:demo@127.0.0.1:{opened.smpp_port}",
        payment_provider="sandbox",
        sandbox_url=f"{opened.url}/provider",
        sandbox_key=KEY,
        public_url=f"http://127.0.0.1:{port}",
        http_port=port,
    )
    database = Database(url)
    try:
        account_id = await _open_account(database)
        async with Phones.at(opened.url) as phones:
            yield Stage(opened, phones, database, settings, account_id)
    finally:
        await database.close()


async def both_are_bound(phones: Phones) -> bool:
    return await phones.sessions() >= 2


async def _open_account(database: Database) -> AccountId:
    account_id = AccountId(new_id())
    async with database.transaction() as tx:
        await tx.execute(
            insert(account).values(
                id=account_id,
                number=NUMBER,
                login="crash",
                password_hash="",
                holder="",
                city="",
                street="",
                house="",
                flat="",
                email="",
                state=ServiceState.ACTIVE,
                accrued_until=SystemClock().now(),
            )
        )
        await book.open_subscriber_account(tx, of_subscriber(account_id), number=NUMBER)
    return account_id
