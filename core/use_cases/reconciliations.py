"""Reconciliations: a provider's records of a day against ours, by the clock and on demand."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import func, insert, select, update

from core.clock import Clock
from core.errors import DayNotOver, NoRegister, ReconciliationUnderWay
from core.ids import new_id
from core.ledger.transfer import clearing
from core.money import Money
from core.payments.choice import Providers
from core.payments.provider import RegisterUnavailable
from core.profile import Profile
from core.states import DifferenceState, ReconciliationState, TransferKind
from core.storage.database import Database, Transaction
from core.storage.staff_tables import difference, reconciliation
from core.storage.tables import ledger_transfer, payment
from core.use_cases import days_again, register_mirror, register_sources
from core.use_cases.asking import Moment
from core.use_cases.callbacks import Callbacks
from core.use_cases.comparisons import Comparison, Found
from core.use_cases.payments import Payments
from core.use_cases.register_sources import Period, Source

LEASE = timedelta(minutes=10)  # longer than any page of a comparison
AGAIN = timedelta(hours=1)  # after a provider that did not tell all
COLLECTED = (TransferKind.TOP_UP, TransferKind.COMMISSION, TransferKind.SUSPENSE)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """What comparing a day came to; `incomplete`: why the provider did not tell all (it is tried again)."""

    provider: str
    day: date
    lines: int
    found: Found
    incomplete: str | None
    left_open: int  # of this day's differences


async def booked(tx: Transaction, provider: str) -> dict[str, Money]:
    """The sum taken out of the provider's clearing account for each of its references."""
    sums = (
        select(payment.c.provider_ref, func.sum(ledger_transfer.c.amount).label("total"))
        .join(ledger_transfer, ledger_transfer.c.payment_id == payment.c.id)
        .where(
            payment.c.provider == provider,
            ledger_transfer.c.debit == clearing(provider).id,
            ledger_transfer.c.kind.in_(COLLECTED),
        )
        .group_by(payment.c.provider_ref)
    )
    return {row.provider_ref: Money(int(row.total)) for row in await tx.all(sums)}


class Reconciliations:
    def __init__(
        self,
        database: Database,
        profile: Profile,
        providers: Providers,
        payments: Payments,
        callbacks: Callbacks,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._database = database
        self._profile = profile
        self._providers = providers
        self._payments = payments
        self._callbacks = callbacks
        self._clock = clock
        self._wall = wall

    async def booked(self, provider: str) -> dict[str, Money]:
        async with self._database.read() as tx:
            return await booked(tx, provider)

    def able(self) -> list[str]:
        """The providers that tell what they have without a file."""
        return [
            each.name
            for each in self._providers.values()
            if each.capabilities.register or each.capabilities.tells_state
        ]

    async def due_once(self) -> int:
        """Compare one day that is due: yesterday's, or one before it that is still open."""
        now = self._clock.now().astimezone(self._profile.zone)
        rule = self._profile.reconciliation
        begins = datetime.combine(now.date(), time(rule.hour), tzinfo=self._profile.zone)
        if now < begins:
            return 0
        for provider in self.able():
            async with self._database.read() as tx:
                again = await days_again.marked(tx, provider, self._wall.now())
            days = [now.date() - timedelta(days=back) for back in range(1, rule.days + 1)]
            for day in days if again is None else [again, *days]:
                if await self._is_due(provider, day, begins):
                    with suppress(ReconciliationUnderWay):  # another process was quicker
                        await self.run(provider, day)
                    return 1
        return 0

    async def run(
        self,
        provider: str,
        day: date,
        *,
        file: Path | None = None,
        progress: Callable[[int], None] = lambda lines: None,
    ) -> Report:
        """Compare a local day; run again it changes nothing that is settled. `progress` hears of lines read.

        Raises NoRegister, DayNotOver, ReconciliationUnderWay; BadRegister and OSError for a file.
        """
        period = self._period(day)
        source = self._source(provider, period, file)
        run = await self._begin(provider, day, source)
        work = _Run(self._database, self._wall, run)
        try:
            incomplete = await work.load(source, progress)
            comparison = Comparison(self._database, self._callbacks, run, self._moment, work.beat)
            await comparison.theirs()
            if incomplete is None:
                await comparison.ours(source, period)
            found = await comparison.close()
        except BaseException:
            await work.let_go()
            raise
        left = await work.end(incomplete, self._clock.now())
        log.info("reconciled", provider=provider, day=str(day), lines=work.lines, open=left)
        if found.opened:
            log.error("differences with the provider: for staff", provider=provider, new=found.opened)
        return Report(provider, day, work.lines, found, incomplete, left)

    async def again(self, tx: Transaction, provider: str, at: datetime) -> date | None:
        """Have the jobs compare the day of this moment after this; the day, where they can at all.

        Raises ReconciliationUnderWay.
        """
        if provider not in self.able():
            return None
        day = at.astimezone(self._profile.zone).date()
        if day < self._clock.now().astimezone(self._profile.zone).date():  # today is compared when it is over
            await days_again.mark(tx, provider, day, self._wall.now())
        return day

    def _period(self, day: date) -> Period:
        since = datetime.combine(day, time(), tzinfo=self._profile.zone)
        if since > self._clock.now():
            raise DayNotOver(day)
        return Period(since, datetime.combine(day + timedelta(days=1), time(), tzinfo=self._profile.zone))

    def _source(self, name: str, period: Period, file: Path | None) -> Source:
        provider = self._providers.get(name)
        if provider is None:
            raise NoRegister(name)
        if file is not None:
            return register_sources.of_file(provider, file, period)
        if provider.capabilities.register:
            return register_sources.of_list(provider, period)
        if provider.capabilities.tells_state:
            return register_sources.of_states(provider, period, self._database, self._payments)
        raise NoRegister(name)

    async def _begin(self, provider: str, day: date, source: Source) -> Any:
        """This day in our hands alone; what an attempt that died has read of the same file is left out."""
        now = self._wall.now()
        which = (reconciliation.c.provider == provider, reconciliation.c.day == day)
        async with self._database.transaction() as tx:
            await tx.alone(days_again.name_of(provider, day))
            row = await tx.first(select(reconciliation).where(*which))
            if row is not None and row.lease_until is not None and row.lease_until > now:
                raise ReconciliationUnderWay(day)
            died = row is not None and row.state == ReconciliationState.RUNNING
            resumes = died and source.skips and row is not None and row.source == source.name
            values = {
                "source": source.name, "state": ReconciliationState.RUNNING, "reason": None,
                "lines": row.lines if resumes and row is not None else 0,
                "lease": new_id(), "lease_until": now + LEASE,
            }  # fmt: skip
            if row is None:
                named = {"id": new_id(), "provider": provider, "day": day}
                await tx.execute(insert(reconciliation).values(**named, **values))
            else:
                await tx.execute(update(reconciliation).where(*which).values(values))
            return await tx.one(select(reconciliation).where(*which))

    async def _is_due(self, provider: str, day: date, begins: datetime) -> bool:
        which = (reconciliation.c.provider == provider, reconciliation.c.day == day)
        async with self._database.read() as tx:
            row = await tx.first(select(reconciliation).where(*which))
            if row is None:
                return True
            now = self._wall.now()
            if row.lease_until is not None and row.lease_until > now:
                return False
            if row.state != ReconciliationState.DONE:
                return row.next_at is None or bool(row.next_at <= now)
            unsettled = select(difference.c.id).where(
                difference.c.run_id == row.id, difference.c.state == DifferenceState.OPEN
            )
            return bool(row.finished_at < begins) and await tx.scalar(unsettled.limit(1)) is not None

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._wall.now())


class _Run:
    """A day's row while we hold it, and how far we are."""

    def __init__(self, database: Database, wall: Clock, run: Any) -> None:
        self._database = database
        self._wall = wall
        self._run = run
        self.lines: int = run.lines

    async def load(self, source: Source, progress: Callable[[int], None]) -> str | None:
        """Bring the mirror up to the source; why it did not come whole, where it did not."""
        try:
            async for page in source.pages(self.lines):
                self.lines += len(page)
                now = self._wall.now()
                async with self._database.transaction() as tx:
                    await register_mirror.keep(tx, self._run, page, now)
                    await self._write(tx, lines=self.lines, lease_until=now + LEASE)
                progress(self.lines)
        except RegisterUnavailable as error:
            return str(error)[:160] or "unavailable"
        return None

    async def beat(self) -> None:
        async with self._database.transaction() as tx:
            await self._write(tx, lease_until=self._wall.now() + LEASE)

    async def let_go(self) -> None:
        held = (reconciliation.c.id == self._run.id, reconciliation.c.lease == self._run.lease)
        async with self._database.transaction() as tx:
            await tx.execute(update(reconciliation).where(*held).values(lease=None, lease_until=None))

    async def end(self, incomplete: str | None, at: datetime) -> int:
        """The day is done, or to be tried again; how many of its differences are open."""
        done = incomplete is None
        async with self._database.transaction() as tx:
            await self._write(
                tx,
                state=ReconciliationState.DONE if done else ReconciliationState.INCOMPLETE,
                reason=incomplete,
                finished_at=at,
                next_at=None if done else self._wall.now() + AGAIN,
                lease=None,
                lease_until=None,
            )
            left = select(func.count()).where(
                difference.c.run_id == self._run.id, difference.c.state == DifferenceState.OPEN
            )
            return int(await tx.scalar(left))

    async def _write(self, tx: Any, **values: Any) -> None:
        held = (reconciliation.c.id == self._run.id, reconciliation.c.lease == self._run.lease)
        written = await tx.execute(update(reconciliation).where(*held).values(values))
        if not written.rowcount:
            # Our lease ran out and another process has the day: it does the same work.
            raise ReconciliationUnderWay(self._run.day)
