"""Imports: an operator's accounts out of a CSV file, all of them or none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from core.clock import Clock
from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.opening import Opened, open_subscribers
from core.ledger.transfer import OPENING, REVENUE, Transfer, of_subscriber
from core.money import ZERO, Money
from core.profile import Profile
from core.states import TransferKind
from core.storage.database import Database, Transaction
from core.storage.tables import account, account_phone, ledger_transfer
from core.use_cases import balances
from core.use_cases.alert_conditions import Watch, next_look
from core.use_cases.balances import Service
from core.use_cases.import_file import Line, Problem, read_lines

BATCH_LINES = 500  # a look-up and an insert for so many at once

# Columns of the file that are stored as they are; tariff and state move money and are changed apart.
PLAIN = ("login", "password_hash", "holder", "city", "street", "house", "flat", "email", "tariff_next")


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do; nothing was changed where there are problems."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True, slots=True)
class _Known:
    """An account as it stands, beside what the file says of it."""

    row: Any
    phones: frozenset[str]
    opening: Money


class _RolledBack(Exception):
    """What was read before the writing is not so any more."""


class Imports:
    def __init__(self, database: Database, profile: Profile, clock: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock

    async def run(
        self, path: Path, *, dry_run: bool, progress: Callable[[ImportReport], None] = lambda report: None
    ) -> ImportReport:
        """Create and update the accounts of a file; with any problem, and in a dry run, nothing is changed.

        The file is read twice: once to look, once to write in one transaction. `progress` is called after
        every batch of lines. OSError where the file cannot be read.
        """
        looked = ImportReport()
        async with self._database.read() as tx:
            for batch in self._batches(path, looked):
                await self._compare(tx, batch, looked)
                progress(looked)
        if looked.problems or dry_run:
            return looked
        written = ImportReport()
        try:
            async with self._database.transaction() as tx:
                await self._write_all(tx, path, written, progress)
                if written.problems:
                    raise _RolledBack
        except _RolledBack:
            pass
        return written

    def _batches(self, path: Path, report: ImportReport) -> Iterator[list[Line]]:
        lines = read_lines(path, self._profile)
        while read := list(islice(lines, BATCH_LINES)):
            report.problems += [one for one in read if isinstance(one, Problem)]
            yield [one for one in read if isinstance(one, Line)]

    async def _compare(
        self, tx: Transaction, batch: list[Line], report: ImportReport
    ) -> tuple[list[Line], list[tuple[Line, _Known]]]:
        """Which lines are new and which differ; problems that only the database knows join the report's."""
        known = await self._known(tx, [line.number for line in batch])
        logins = await self._logins(tx, [line.login for line in batch])
        created, updated = [], []
        for line in batch:
            problems = list(_against(line, known.get(line.number), logins))
            report.problems += problems
            if problems:
                continue
            stands = known.get(line.number)
            if stands is None:
                created.append(line)
            elif _differs(line, stands):
                updated.append((line, stands))
            else:
                report.unchanged += 1
        report.created += len(created)
        report.updated += len(updated)
        return created, updated

    async def _known(self, tx: Transaction, numbers: list[str]) -> dict[str, _Known]:
        rows = await tx.all(select(account).where(account.c.number.in_(numbers)))
        ids = [row.id for row in rows]
        phones: dict[UUID, set[str]] = {row.id: set() for row in rows}
        for phone in await tx.all(select(account_phone).where(account_phone.c.account_id.in_(ids))):
            phones[phone.account_id].add(phone.msisdn)
        keys = [_opening_key(row.id) for row in rows]
        transfers = await tx.all(select(ledger_transfer).where(ledger_transfer.c.key.in_(keys)))
        openings = {transfer.key: transfer for transfer in transfers}
        return {
            row.number: _Known(
                row, frozenset(phones[row.id]), _opened(row.id, openings.get(_opening_key(row.id)))
            )
            for row in rows
        }

    async def _logins(self, tx: Transaction, logins: list[str]) -> dict[str, str]:
        rows = await tx.all(select(account.c.login, account.c.number).where(account.c.login.in_(logins)))
        return {row.login: row.number for row in rows}

    async def _write_all(
        self,
        tx: Transaction,
        path: Path,
        report: ImportReport,
        progress: Callable[[ImportReport], None],
    ) -> None:
        now = self._clock.now().replace(second=0, microsecond=0)  # fees run by the minute
        await book.open_system_account(tx, OPENING)
        await book.open_system_account(tx, REVENUE)
        for batch in self._batches(path, report):
            created, updated = await self._compare(tx, batch, report)
            if created:
                await self._create(tx, created, now)
            for line, stands in updated:
                await self._update(tx, line, stands, now)
            progress(report)

    async def _create(self, tx: Transaction, lines: list[Line], now: datetime) -> None:
        ids = [AccountId(new_id()) for _ in lines]
        fresh = list(zip(ids, lines, strict=True))
        await tx.execute(insert(account), [self._row(owner, line, now) for owner, line in fresh])
        phones = [
            {"account_id": owner, "msisdn": phone} for owner, line in fresh for phone in sorted(line.phones)
        ]
        if phones:
            await tx.execute(insert(account_phone), phones)
        await open_subscribers(
            tx,
            [
                Opened(
                    of_subscriber(owner),
                    line.number,
                    _opening(owner, line.opening_balance, now) if line.opening_balance else None,
                )
                for owner, line in fresh
            ],
        )

    def _row(self, owner: AccountId, line: Line, now: datetime) -> dict[str, Any]:
        balance, today = line.opening_balance or ZERO, now.astimezone(self._profile.zone).date()
        service = Service(
            account_id=owner,
            tariff=self._profile.tariff(line.tariff),
            tariff_next=self._profile.tariff(line.tariff_next),
            state=line.state,
            accrued_until=now,
            negative_since=today if balance < ZERO else None,
        )
        course = service.course(balance, self._profile.zone)
        return {name: getattr(line, name) for name in PLAIN} | {
            "id": owner,
            "number": line.number,
            "tariff": line.tariff,
            "state": line.state,
            "accrued_until": now,
            "negative_since": service.negative_since,
            "runs_out_at": course.runs_out_at(),
            "alert_at": next_look(course, Watch.of(None, self._profile), ()),
        }

    async def _update(self, tx: Transaction, line: Line, stands: _Known, now: datetime) -> None:
        owner = AccountId(stands.row.id)
        if (line.tariff, line.state) != (stands.row.tariff, stands.row.state):
            service = await balances.lock(tx, owner, self._profile)
            # What has run up so far is charged by what held so far.
            await balances.bring_up(tx, service, now, self._profile)
            service.tariff, service.state = self._profile.tariff(line.tariff), line.state
            posted = await book.balance(tx, of_subscriber(owner))
            await balances.save(tx, service, posted, self._profile, at=now)
        values: dict[str, Any] = {name: getattr(line, name) for name in PLAIN}
        if line.tariff_next != stands.row.tariff_next:
            values["alert_at"] = now  # the pass of the alerts reckons anew, many accounts at once
        await tx.execute(update(account).where(account.c.id == owner).values(values))
        if line.phones != stands.phones:
            await tx.execute(delete(account_phone).where(account_phone.c.account_id == owner))
            for phone in sorted(line.phones):
                await tx.execute(insert(account_phone).values(account_id=owner, msisdn=phone))


def _against(line: Line, stands: _Known | None, logins: dict[str, str]) -> Iterator[Problem]:
    holder = logins.get(line.login)
    if holder is not None and holder != line.number:
        yield Problem(line.line, "login", f"{line.login} is the login of account {holder}")
    if stands is None or line.opening_balance is None:
        return
    if line.opening_balance != stands.opening:
        told = f"the account was opened with {stands.opening}, and that cannot be changed"
        yield Problem(line.line, "opening_balance", told)


def _differs(line: Line, stands: _Known) -> bool:
    same = all(getattr(line, name) == getattr(stands.row, name) for name in (*PLAIN, "tariff", "state"))
    return not same or line.phones != stands.phones


def _opening_key(owner: UUID) -> str:
    return f"opening:{owner}"


def _opening(owner: AccountId, balance: Money, now: datetime) -> Transfer:
    debit, credit = OPENING.id, of_subscriber(owner)
    if balance < ZERO:
        debit, credit, balance = credit, debit, -balance
    return Transfer(
        id=TransferId(new_id()),
        debit=debit,
        credit=credit,
        amount=balance,
        kind=TransferKind.OPENING,
        key=_opening_key(owner),
        at=now,
    )


def _opened(owner: UUID, transfer: Any) -> Money:
    if transfer is None:
        return ZERO
    return Money(transfer.amount if transfer.credit == owner else -transfer.amount)
