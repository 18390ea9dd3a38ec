"""The job behind broadcasts: audiences frozen, orders carried out, what is left closed; in chunks."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, insert, literal, select, update

from core.clock import Clock
from core.notice_states import BroadcastState, OrderKind
from core.profile import Profile
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast, broadcast_order, broadcast_resend
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.queue import unfinished
from core.storage.tables import account
from core.use_cases import broadcast_approvers, broadcast_orders, broadcast_rows
from core.use_cases.audiences import Whom, accounts_of, recipients
from core.use_cases.broadcast_drafts import counted
from core.use_cases.broadcast_notices import store_later, store_recipients
from core.use_cases.broadcast_orders import BY_STAFF, picked
from core.use_cases.broadcast_rows import Broadcast

log = structlog.get_logger()


class BroadcastWork:
    """A broadcast's row is locked for one chunk: who dies in it leaves nothing, and the next one goes on."""

    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    async def work_once(self, chunk: int) -> int:
        """So many accounts or recipients of every broadcast that has something to do; how many had."""
        async with self._database.read() as tx:
            under_way = await tx.all(
                select(broadcast).where(unfinished(broadcast)).order_by(broadcast.c.start_at)
            )
            waiting = [row.id for row in under_way if await self._has_work(tx, row)]
        return sum([await self._step(each, chunk) for each in waiting])

    async def _has_work(self, tx: Transaction, row: Any) -> bool:
        # A look costs no write lock: one that is being sent disturbs nobody.
        match row.state:
            case BroadcastState.SCHEDULED:
                return bool(row.start_at <= self._clock.now())
            case BroadcastState.RUNNING:
                return await _order(tx, row.id) is not None or not await _is_open(tx, row.id)
        return bool(row.state != BroadcastState.PAUSED)

    async def _step(self, broadcast_id: UUID, chunk: int) -> int:
        """Whether anything was done: another process may be at it."""
        async with self._database.transaction() as tx:
            free = (
                select(broadcast)
                .where(broadcast.c.id == broadcast_id)
                .with_for_update(key_share=True, skip_locked=True)
            )
            row = await tx.first(free)
            if row is None or not await self._has_work(tx, row):
                return 0
            match row.state:
                case BroadcastState.SCHEDULED:
                    await self._open(tx, row)
                case BroadcastState.FREEZING:
                    await self._freeze(tx, row, chunk)
                case BroadcastState.RUNNING:
                    return await self._go_on(tx, row, chunk)
                case BroadcastState.CANCELLING:
                    return await self._close(tx, row, chunk)
            return 1

    async def _open(self, tx: Transaction, row: Any) -> None:
        """Its time has come; where the audience grew past one person's word meanwhile it waits."""
        found = await counted(tx, row, self._profile, self._clock)
        if self._outgrew(row, found.total):
            await self._ask_again(tx, row, found.total, to=BroadcastState.WAITING, start_at=None)
            return
        now, late = self._wall.now(), self._clock.now() - row.start_at
        expires = now + timedelta(seconds=row.lives_seconds) - late
        await broadcast_rows.move(tx, row, BroadcastState.FREEZING, started_at=now, expires_at=expires)

    async def _freeze(self, tx: Transaction, row: Any, chunk: int) -> None:
        """One row a recipient for the accounts of a chunk, and in the same commit how far that got."""
        whom, now = Whom.of(row), self._wall.now()
        which = accounts_of(whom, self._clock.now())
        rest = select(account.c.id).where(*which).order_by(account.c.id)
        if row.frozen_to is not None:
            rest = rest.where(account.c.id > row.frozen_to)
        last = await tx.scalar(rest.offset(chunk - 1).limit(1))
        found = recipients(whom, self._profile, which, above=row.frozen_to, up_to=last)
        total = row.total + await store_recipients(tx, row, found, now)
        if last is not None:
            await broadcast_rows.write(tx, row, total=total, frozen_to=last)
            return
        log.info("broadcast frozen", broadcast=row.number, recipients=total)
        if self._outgrew(row, total):
            await self._ask_again(tx, row, total, to=BroadcastState.PAUSED, total=total)
            return
        await broadcast_rows.move(tx, row, BroadcastState.RUNNING, total=total)
        broadcast_rows.wake_doors(tx)

    def _outgrew(self, row: Any, recipients: int) -> bool:
        approved_for = Broadcast.of(row).approved_for
        return self._profile.notices.needs_approval(recipients, approved_for=approved_for)

    async def _ask_again(self, tx: Transaction, row: Any, recipients: int, **values: Any) -> None:
        await broadcast_approvers.outgrown(tx, row, recipients, self._profile, self._wall.now(), **values)

    async def _go_on(self, tx: Transaction, row: Any, chunk: int) -> int:
        order = await _order(tx, row.id)
        if order is not None:
            await self._carry_out(tx, row, order, chunk)
            broadcast_rows.wake_doors(tx)
            return 1
        cancelled = row.finished_at is not None  # before the order that has now been carried out
        state = BroadcastState.CANCELLED if cancelled else BroadcastState.DONE
        await broadcast_rows.move(tx, row, state, finished_at=self._wall.now())
        log.info("broadcast ended", broadcast=row.number, state=state)
        return 1

    async def _carry_out(self, tx: Transaction, row: Any, order: Any, chunk: int) -> None:
        now = self._wall.now()
        which = picked(row.id, order.kind, order.picks, order.reasons)
        if order.picks == NoticeState.UNCERTAIN:
            which.append(notice.c.next_at <= order.at)  # of who became so later nobody has spoken
        if order.done_to is not None:
            which.append(notice.c.id > order.done_to)
        last = await tx.scalar(
            select(notice.c.id).where(*which).order_by(notice.c.id).offset(chunk - 1).limit(1)
        )
        if last is not None:
            which.append(notice.c.id <= last)
        if order.kind is OrderKind.RETRY:
            made, left_out = await _try_again(tx, row, order, which, now), 0
        else:
            made, left_out = await store_later(tx, row, order, which, now)
        values = {"made": order.made + made, "left_out": order.left_out + left_out}
        if last is None:
            await broadcast_orders.finish(tx, order, now, **values)
            return
        goes_on = update(broadcast_order).where(broadcast_order.c.id == order.id)
        await tx.execute(goes_on.values(done_to=last, **values))

    async def _close(self, tx: Transaction, row: Any, chunk: int) -> int:
        """Nothing is taken any more: what is due is closed, what is on its way has its time to arrive."""
        now = self._wall.now()
        left = select(notice.c.id).where(*_open_rows(row.id))
        due = left.where(notice.c.state == NoticeState.DUE).limit(chunk)
        closed = await tx.execute(
            update(notice)
            .where(notice.c.id.in_(due.with_for_update(skip_locked=True)))
            .values(state=NoticeState.CANCELLED, reason=BY_STAFF)
        )
        lost = left.where(notice.c.state == NoticeState.TAKEN, notice.c.lease_until < now)
        await tx.execute(
            update(notice)
            .where(notice.c.id.in_(lost.with_for_update(skip_locked=True)))
            .values(state=NoticeState.UNCERTAIN, reason="its sender died", lease=None, lease_until=None)
        )
        if closed.rowcount or await _is_open(tx, row.id):
            return int(bool(closed.rowcount))
        while (order := await _order(tx, row.id)) is not None:
            await broadcast_orders.finish(tx, order, now)
        await broadcast_rows.move(tx, row, BroadcastState.CANCELLED, finished_at=now)
        return 1


async def _try_again(
    tx: Transaction, row: Any, order: Any, which: list[ColumnElement[bool]], now: datetime
) -> int:
    """Recipients' own rows are due again, so that each has one outcome still."""
    values: dict[str, Any] = {}
    if order.picks == NoticeState.UNCERTAIN:
        word = select(literal(order.id, notice.c.id.type), notice.c.id).where(*which)
        await tx.execute(insert(broadcast_resend).from_select(["order_id", "notice_id"], word))
        # A receipt, or a delivery that died, may change who is uncertain between the two statements.
        which = [*which, notice.c.id.in_(_spoken_of(order.id))]
        values = {"repeat": True}
    again = await tx.execute(
        update(notice)
        .where(*which)
        .values(
            state=NoticeState.DUE, reason=None, attempt=0, next_at=now, expires_at=row.expires_at,
            sent_at=None, provider_id=None, lease=None, lease_until=None, **values,
        )
    )  # fmt: skip
    return int(again.rowcount)


def _spoken_of(order_id: UUID) -> Select[Any]:
    return select(broadcast_resend.c.notice_id).where(broadcast_resend.c.order_id == order_id)


async def _order(tx: Transaction, broadcast_id: UUID) -> Any:
    """The oldest order of a broadcast that is begun and not carried out."""
    which = select(broadcast_order).where(
        broadcast_order.c.broadcast_id == broadcast_id,
        broadcast_order.c.finished_at.is_(None),
        broadcast_order.c.begun_at.is_not(None),
    )
    return await tx.first(which.order_by(broadcast_order.c.at, broadcast_order.c.id).limit(1))


def _open_rows(broadcast_id: UUID) -> list[Any]:
    """Its rows that are not settled, in the words of the queue's index."""
    return [
        unfinished(notice),
        notice.c.channel.in_(list(Channel)),
        notice.c.lane == Lane.BULK,
        notice.c.broadcast_id == broadcast_id,
    ]


async def _is_open(tx: Transaction, broadcast_id: UUID) -> bool:
    return await tx.scalar(select(notice.c.id).where(*_open_rows(broadcast_id)).limit(1)) is not None
