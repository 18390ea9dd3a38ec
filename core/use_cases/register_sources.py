"""Where a day of a provider's records comes from: its list, a file of it, or its answer for each payment."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from core.errors import NoRegister
from core.ids import PaymentId
from core.payments.provider import (
    BadLine,
    Outcome,
    Provider,
    RegisterLine,
    RegisterUnavailable,
    Succeeded,
    Unknown,
)
from core.states import PaymentState
from core.storage.database import Database
from core.storage.tables import payment
from core.use_cases.payments import Payments

PAGE = 1000  # lines at a time: a short transaction on SQLite, little memory anywhere
ASKED_AT_ONCE = 10
SHOWN = 20  # bad lines told of a file
FAR = timedelta(days=1)  # a register's day may be another zone's, and no more


@dataclass(frozen=True, slots=True)
class Period:
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """`pages` gives lines; `skips`: it can leave out those that an earlier attempt has read.

    `covers` picks those of our payments that had to be in it, none: all that were booked in the period.
    """

    name: str
    pages: Callable[[int], AsyncIterator[Sequence[RegisterLine]]]
    skips: bool = False
    lists_refunds: bool = True
    covers: ColumnElement[bool] | None = None


class BadRegister(Exception):
    """The file cannot be read, or is another day's: nothing was changed."""

    def __init__(self, problems: Sequence[BadLine]) -> None:
        super().__init__(f"{len(problems)} bad lines")
        self.problems = problems


def of_file(provider: Provider, path: Path, period: Period) -> Source:
    """Raises NoRegister, BadRegister, OSError. The file is read twice and never in memory as a whole."""
    if not provider.capabilities.register_file:
        raise NoRegister(provider.name)
    problems = list(islice(_problems(provider, path, period), SHOWN))
    if problems:
        raise BadRegister(problems)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()

    async def pages(skip: int) -> AsyncIterator[Sequence[RegisterLine]]:
        lines = islice(provider.read_register(path), skip, None)
        while page := [line for line in islice(lines, PAGE) if isinstance(line, RegisterLine)]:
            yield page

    return Source(f"file:{digest}", pages, skips=True)


def _problems(provider: Provider, path: Path, period: Period) -> Any:
    for number, line in enumerate(provider.read_register(path), start=1):
        if isinstance(line, BadLine):
            yield line
        elif not period.since - FAR <= line.at < period.until + FAR:
            yield BadLine(number + 1, f"is of {line.at.isoformat()}, another day")


def of_list(provider: Provider, period: Period) -> Source:
    async def pages(_skip: int) -> AsyncIterator[Sequence[RegisterLine]]:
        page: list[RegisterLine] = []
        broken: RegisterUnavailable | None = None
        try:
            async for line in provider.register(period.since, period.until):
                page.append(line)
                if len(page) == PAGE:
                    yield page
                    page = []
        except RegisterUnavailable as error:
            broken = error
        if page:
            yield page  # what did come is proof, whatever the rest would have been
        if broken is not None:
            raise broken

    return Source("api", pages)


def of_states(provider: Provider, period: Period, database: Database, payments: Payments) -> Source:
    """Each payment of ours that was made in the period, asked by its key."""
    covers = and_(
        payment.c.created_at >= period.since,
        payment.c.created_at < period.until,
        payment.c.method.in_(provider.capabilities.tells_state),
        payment.c.top_up_id.is_not(None),  # nobody's money has no key of ours
    )

    async def pages(_skip: int) -> AsyncIterator[Sequence[RegisterLine]]:
        last: Any = None
        unanswered = 0
        while rows := await _to_ask(database, provider.name, covers, last):
            answers = await asyncio.gather(*(_ask(provider, payments, row) for row in rows))
            unanswered += sum(isinstance(answer, Unknown) for answer in answers)
            yield [
                RegisterLine(row.created_at, said, PaymentId(row.id), row.method)
                for row, answer in zip(rows, answers, strict=True)
                if not isinstance(answer, Unknown)
                for said in answer
                if isinstance(said, Succeeded)
            ]
            last = rows[-1]
        if unanswered:
            raise RegisterUnavailable(f"{unanswered} payments without an answer")

    return Source("state", pages, lists_refunds=False, covers=covers)


async def _to_ask(database: Database, provider: str, covers: ColumnElement[bool], last: Any) -> Sequence[Any]:
    after = []
    if last is not None:
        same = and_(payment.c.created_at == last.created_at, payment.c.id > last.id)
        after = [or_(payment.c.created_at > last.created_at, same)]
    async with database.read() as tx:
        return await tx.all(
            select(payment)
            .where(
                payment.c.provider == provider,
                covers,
                payment.c.state != PaymentState.INTENT,
                payment.c.reason.is_distinct_from("second success"),  # its first one's key stands for both
                *after,
            )
            .order_by(payment.c.created_at, payment.c.id)
            .limit(ASKED_AT_ONCE)
        )


async def _ask(provider: Provider, payments: Payments, row: Any) -> Sequence[Outcome] | Unknown:
    return await provider.get_state(await payments.charge_of(row), row.provider_ref)
