"""Reports of broadcasts: how far one is while it goes, and a line a recipient when it is asked for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.clock import Clock
from core.errors import UnknownAccount
from core.messages.broadcast_text import Texts
from core.notice_states import OrderKind, Role
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast_order
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.tables import account
from core.use_cases import broadcast_rows
from core.use_cases.broadcast_lines import ReportLine, line_of, page_of, to_people_of
from core.use_cases.broadcast_orders import recipients_of
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.bulk_recipients import BLOCKED, OPTED_OUT
from core.use_cases.staff import require

RATE_OVER = timedelta(minutes=1)
LEFT = (NoticeState.DUE, NoticeState.TAKEN)
WITH_REASON = (NoticeState.FAILED, NoticeState.CANCELLED)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What staff wished for recipients, and how far that is; not begun: a second person has to approve.

    `texts` are an edit's.
    """

    kind: OrderKind
    picks: NoticeState
    texts: Texts | None
    version: int
    by: str
    begun: bool
    finished: bool
    made: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The recipients by what became of them: the counts add up to the frozen audience."""

    broadcast: Broadcast
    counts: Mapping[tuple[NoticeState, str | None], int]  # with the reasons of what failed or was cancelled
    later: Mapping[tuple[str, NoticeState], int]  # rows made of them: SMS instead, edits, recalls
    orders: Sequence[OrderLine]
    per_second: float  # sent within the last minute
    eta: timedelta | None  # until none is left, at that rate

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        return self._in(*LEFT)

    @property
    def sent(self) -> int:
        """Handed over to the channel; what of it is known to have arrived is `delivered`."""
        return self._in(NoticeState.SENT)

    @property
    def delivered(self) -> int:
        return self._in(NoticeState.DELIVERED)

    @property
    def blocked(self) -> int:
        return self._because(BLOCKED)

    @property
    def opted_out(self) -> int:
        return self._because(OPTED_OUT)

    @property
    def uncertain(self) -> int:
        return self._in(NoticeState.UNCERTAIN)

    @property
    def expired(self) -> int:
        return self._in(NoticeState.EXPIRED)

    @property
    def failed(self) -> Mapping[str, int]:
        """By reason, blocked aside."""
        return self._reasons(NoticeState.FAILED)

    @property
    def cancelled(self) -> Mapping[str, int]:
        """By reason, blocked and opted out aside."""
        return self._reasons(NoticeState.CANCELLED)

    def _in(self, *states: NoticeState) -> int:
        return sum(n for (state, _), n in self.counts.items() if state in states)

    def _because(self, reason: str) -> int:
        return sum(n for (state, why), n in self.counts.items() if why == reason and state in WITH_REASON)

    def _reasons(self, state: NoticeState) -> Mapping[str, int]:
        return {
            why or "": n
            for (at, why), n in self.counts.items()
            if at == state and why not in (BLOCKED, OPTED_OUT)
        }


class BroadcastReports:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def progress(self, number: int, *, by: str) -> Progress:
        """Raises NotStaff, UnknownBroadcast."""
        async with self._database.read() as tx:
            await require(tx, by, Role.VIEWER)
            row = await broadcast_rows.look(tx, number)
            counts = await _counts(tx, row.id)
            per_second = await self._rate(tx, row)
            left = sum(n for (state, _), n in counts.items() if state in LEFT)
            return Progress(
                broadcast=Broadcast.of(row),
                counts=counts,
                later=await _later(tx, row.id),
                orders=await _orders(tx, row.id),
                per_second=per_second,
                eta=timedelta(seconds=round(left / per_second)) if per_second else None,
            )

    async def lines(self, number: int, *, by: str) -> AsyncIterator[Sequence[ReportLine]]:
        """A report page by page, whatever its length, of the moment at which it begins.

        That it was read is in the audit trail. Raises NotStaff, UnknownBroadcast.
        """
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.VIEWER)
            row = await broadcast_rows.look(tx, number)
            await broadcast_rows.note(tx, row, "broadcast_report", by=by, at=self._wall.now())
        async with self._database.snapshot() as tx:
            for state in NoticeState:
                after: UUID | None = None
                while found := await page_of(tx, row.id, notice.c.state == state, after=after):
                    after = found[-1].id
                    yield [line_of(each) for each in found]

    async def of_account(self, number: int, account_number: str, *, by: str) -> Sequence[ReportLine]:
        """What became of the messages to one account's people; none: they are no recipients of it.

        That it was asked for is in the audit trail. Raises NotStaff, UnknownBroadcast, UnknownAccount.
        """
        digits = account_number.strip().lstrip("0")
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.VIEWER)
            row = await broadcast_rows.look(tx, number)
            owner = await tx.scalar(select(account.c.id).where(account.c.number == digits))
            if owner is None:
                raise UnknownAccount(digits)
            now = self._wall.now()
            await broadcast_rows.note(tx, row, "broadcast_report", by=by, at=now, account=digits)
            return [line_of(each) for each in await page_of(tx, row.id, to_people_of(row, owner))]

    async def _rate(self, tx: Transaction, row: Any) -> float:
        now = self._wall.now()
        if row.started_at is None:
            return 0.0
        sent = select(func.count()).where(notice.c.broadcast_id == row.id, notice.c.sent_at > now - RATE_OVER)
        # In its first minute it has run for less than one.
        seconds = min(RATE_OVER, max(now - row.started_at, timedelta(seconds=1))).total_seconds()
        return float(int(await tx.scalar(sent)) / seconds)


async def _counts(tx: Transaction, broadcast_id: UUID) -> dict[tuple[NoticeState, str | None], int]:
    """Two statements: by state alone an index tells."""
    where = recipients_of(broadcast_id)
    states = select(notice.c.state, func.count().label("n")).where(*where)
    counts: dict[tuple[NoticeState, str | None], int] = {
        (row.state, None): int(row.n) for row in await tx.all(states.group_by(notice.c.state))
    }
    reasons = select(notice.c.state, notice.c.reason, func.count().label("n")).where(
        *where, notice.c.state.in_(WITH_REASON), notice.c.reason.is_not(None)
    )
    for row in await tx.all(reasons.group_by(notice.c.state, notice.c.reason)):
        # Rows that moved between the two statements are counted where the first one saw them.
        told = min(int(row.n), counts.get((row.state, None), 0))
        if told:
            counts[row.state, row.reason] = told
            counts[row.state, None] -= told
    return {what: n for what, n in counts.items() if n}


async def _later(tx: Transaction, broadcast_id: UUID) -> dict[tuple[str, NoticeState], int]:
    found = (
        select(notice.c.template, notice.c.state, func.count().label("n"))
        .where(
            notice.c.broadcast_id == broadcast_id,
            notice.c.broadcast_id.is_not(None),
            notice.c.parent_id.is_not(None),
        )
        .group_by(notice.c.template, notice.c.state)
    )
    return {(row.template, row.state): int(row.n) for row in await tx.all(found)}


async def _orders(tx: Transaction, broadcast_id: UUID) -> list[OrderLine]:
    found = select(broadcast_order).where(broadcast_order.c.broadcast_id == broadcast_id)
    return [
        OrderLine(
            kind=row.kind,
            picks=row.picks,
            texts=row.texts,
            version=row.version,
            by=row.by,
            begun=row.begun_at is not None,
            finished=row.finished_at is not None,
            made=row.made,
            left_out=row.left_out,
        )
        for row in await tx.all(found.order_by(broadcast_order.c.at, broadcast_order.c.id))
    ]
