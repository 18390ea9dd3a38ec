"""Comparisons: the lines of a provider's register held against our records, page by page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.exc import IntegrityError

from core.ids import PaymentId
from core.money import Money
from core.payments.provider import ProviderEvent, Refunded, Succeeded
from core.states import DifferenceKind, DifferenceState, Method
from core.storage.database import Database, Transaction
from core.storage.staff_tables import difference, register_line
from core.use_cases import differences, register_mirror
from core.use_cases.asking import Moment
from core.use_cases.callbacks import Callbacks
from core.use_cases.differences import Seen
from core.use_cases.not_there import payments_not_there, refunds_not_there
from core.use_cases.register_sources import Period, Source

PAGE = 2000
JUST_NOW = timedelta(minutes=10)  # what was booked so lately may not be in the list as yet


@dataclass(slots=True)
class Found:
    """What a comparison came to."""

    credited: int = 0  # successes and refunds that we did not have, and have now
    opened: int = 0
    gone: int = 0


class Comparison:
    """One day of one provider. `beat` is called between pages; it says that we are still at it."""

    def __init__(
        self,
        database: Database,
        callbacks: Callbacks,
        run: Any,
        now: Callable[[], Moment],
        beat: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._callbacks = callbacks
        self._run = run
        self._now = now
        self._beat = beat
        self._found = Found()

    async def theirs(self) -> None:
        """Every line that we do not have so: what it proves is booked first, what stays different is stored.

        Refunds come after all payments: a list names them in any order.
        """
        await self._each(register_mirror.disagreeing_payments, self._payment)
        await self._each(register_mirror.disagreeing_refunds, self._refund)

    async def _each(self, lines: Callable[..., Any], one: Callable[[str], Awaitable[None]]) -> None:
        last = ""
        while True:
            mine = and_(register_line.c.run_id == self._run.id, register_line.c.reference > last)
            async with self._database.read() as tx:
                page = await tx.all(lines(mine).order_by(register_line.c.reference).limit(PAGE))
            for row in page:
                await self._again_if_raced(one, row.reference)
            if len(page) < PAGE:
                return
            last = page[-1].reference
            await self._beat()

    async def _again_if_raced(self, one: Callable[[str], Awaitable[None]], reference: str) -> None:
        try:
            await one(reference)
        except IntegrityError:
            # A callback booked the same meanwhile: the second look sees it.
            await one(reference)

    async def _payment(self, reference: str) -> None:
        which = self._line(reference)
        async with self._database.transaction() as tx:
            row = await tx.one(register_mirror.payments(*which))
            kind = register_mirror.judge_payment(row)
            if kind == DifferenceKind.MISSING_HERE:
                await self._callbacks.settle(tx, self._run.provider, _payment_event(row))
                after = await tx.one(register_mirror.payments(*which))
                await self._settled(tx, kind, row, register_mirror.judge_payment(after), after)
            elif kind is not None:
                await self._open(tx, kind, row, row.our_id)

    async def _refund(self, reference: str) -> None:
        which = self._line(reference)
        async with self._database.transaction() as tx:
            row = await tx.one(register_mirror.refunds(*which))
            kind = register_mirror.judge_refund(row)
            if kind == DifferenceKind.REFUND_MISSING_HERE:
                await self._callbacks.settle(tx, self._run.provider, _refund_event(row))
                after = await tx.one(register_mirror.refunds(*which))
                await self._settled(tx, kind, row, register_mirror.judge_refund(after), after)
            elif kind is not None:
                await self._open(tx, kind, row, row.our_payment)

    def _line(self, reference: str) -> tuple[Any, Any]:
        return register_line.c.provider == self._run.provider, register_line.c.reference == reference

    async def _settled(
        self, tx: Transaction, kind: DifferenceKind, row: Any, left: DifferenceKind | None, after: Any
    ) -> None:
        """What we did not have and have now is told too; what does not fit stays open under its own kind."""
        of = getattr(after, "our_payment", None) or after.our_id
        if left != kind:
            self._found.credited += 1
        if left is not None:
            await self._open(tx, left, after, of)
            return
        now = self._now().wall
        seen = Seen(kind, row.reference, of, register_mirror.theirs(row), register_mirror.ours(row))
        await differences.seen(tx, self._run, seen, now)
        await differences.gone(tx, self._named(kind, [row.reference]), "booked from the register", now)

    async def _open(self, tx: Transaction, kind: DifferenceKind, row: Any, of: UUID | None) -> None:
        seen = Seen(kind, row.reference, of, register_mirror.theirs(row), register_mirror.ours(row))
        self._found.opened += await differences.seen(tx, self._run, seen, self._now().wall)

    async def ours(self, source: Source, period: Period) -> None:
        """What we have booked and the provider does not list."""
        ripe = self._now().at - JUST_NOW
        booked = payments_not_there(self._run.provider, source, period, ripe)
        await self._missing(booked, DifferenceKind.MISSING_THERE)
        if source.lists_refunds:
            given_back = refunds_not_there(self._run.provider, period, ripe)
            await self._missing(given_back, DifferenceKind.REFUND_MISSING_THERE)

    async def _missing(self, rows: Select[Any], kind: DifferenceKind) -> None:
        """By pages in the order of (at, id), the query's own names."""
        every = rows.subquery()
        page: list[Any] = []
        while True:
            wanted = select(every).order_by(every.c.at, every.c.id).limit(PAGE)
            if page:
                at, after = page[-1].at, page[-1].id
                wanted = wanted.where(or_(every.c.at > at, and_(every.c.at == at, every.c.id > after)))
            async with self._database.read() as tx:
                page = await tx.all(wanted)
            for row in page:
                said = {"id": str(row.id), "state": row.state, "total": row.total}
                seen = Seen(kind, row.provider_ref, row.of, None, said)
                async with self._database.transaction() as tx:
                    self._found.opened += await differences.seen(tx, self._run, seen, self._now().wall)
            if len(page) < PAGE:
                return
            await self._beat()

    async def close(self) -> Found:
        """Look at every open difference of this provider again: one that is there no more is closed."""
        last = UUID(int=0)
        while True:
            async with self._database.read() as tx:
                open_ones = (
                    select(difference)
                    .where(
                        difference.c.provider == self._run.provider,
                        difference.c.state == DifferenceState.OPEN,
                        difference.c.id > last,
                    )
                    .order_by(difference.c.id)
                    .limit(PAGE)
                )
                page = await tx.all(open_ones)
                over = await self._over(tx, page)
            if over:
                async with self._database.transaction() as tx:
                    why, now = "it is there no more", self._now().wall
                    self._found.gone += await differences.gone(tx, difference.c.id.in_(over), why, now)
            if len(page) < PAGE:
                return self._found
            last = page[-1].id
            await self._beat()

    async def _over(self, tx: Transaction, page: Sequence[Any]) -> list[UUID]:
        named = register_line.c.reference.in_([row.reference for row in page])
        where = (register_line.c.provider == self._run.provider, named)
        paid = {row.reference: row for row in await tx.all(register_mirror.payments(*where))}
        back = {row.reference: row for row in await tx.all(register_mirror.refunds(*where))}
        return [row.id for row in page if not _is_so(row, paid.get(row.reference), back.get(row.reference))]

    def _named(self, kind: DifferenceKind, references: Sequence[str]) -> Any:
        return and_(
            difference.c.provider == self._run.provider,
            difference.c.kind == kind,
            difference.c.reference.in_(references),
        )


def _is_so(row: Any, paid: Any, back: Any) -> bool:
    """Whether an open difference is still there, by the lines of its reference."""
    if row.kind == DifferenceKind.MISSING_THERE:
        return paid is None
    if row.kind == DifferenceKind.REFUND_MISSING_THERE:
        return back is None
    found = {
        None if paid is None else register_mirror.judge_payment(paid),
        None if back is None else register_mirror.judge_refund(back),
    }
    return row.kind in found


def _payment_event(row: Any) -> ProviderEvent:
    """A line as a callback would have told it."""
    success = Succeeded(
        reference=row.reference,
        number=row.number,
        total=Money(row.total),
        currency=row.currency,
        vouched=None if row.vouched is None else Money(row.vouched),
    )
    return ProviderEvent(
        key=f"register:{row.reference}",
        payment_id=None if row.payment_id is None else PaymentId(row.payment_id),
        outcome=success,
        method=row.method or row.our_method or Method.CARD,
        at=row.at,
        number=row.number,
        total=success.total,
    )


def _refund_event(row: Any) -> ProviderEvent:
    said = Refunded(row.reference, of=row.of, amount=Money(row.total), currency=row.currency)
    return ProviderEvent(
        key=f"register:{row.reference}", payment_id=None, outcome=said, method=Method.CARD, at=row.at
    )
