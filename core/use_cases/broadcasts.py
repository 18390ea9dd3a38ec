"""Broadcasts: from a draft to its end by staff's commands; what each sets going is done by the jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.notice_states import BroadcastState, Role
from core.profile import Profile
from core.staff_errors import (
    NeedsApproval,
    NobodyToTell,
    NothingToApprove,
    OwnBroadcast,
    StartInPast,
    VersionChanged,
    WrongState,
)
from core.storage.broadcast_tables import broadcast
from core.storage.database import Database, Transaction
from core.use_cases import broadcast_approvers, broadcast_orders, broadcast_rows
from core.use_cases.broadcast_drafts import check_urgency, counted
from core.use_cases.broadcast_rows import ENDED, Broadcast
from core.use_cases.staff import require

SHOWN = 50


class Broadcasts:
    """Each command asks for the role, locks the broadcast, moves it and leaves its audit entry, or refuses.

    What was done before is not done again: the broadcast comes back as it stands.
    """

    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    async def get(self, number: int, *, by: str) -> Broadcast:
        """Raises NotStaff, UnknownBroadcast."""
        async with self._database.read() as tx:
            await require(tx, by, Role.VIEWER)
            return Broadcast.of(await broadcast_rows.look(tx, number))

    async def newest(self, *, by: str, limit: int = SHOWN) -> Sequence[Broadcast]:
        """The last ones made, the newest first."""
        async with self._database.read() as tx:
            await require(tx, by, Role.VIEWER)
            rows = await tx.all(select(broadcast).order_by(broadcast.c.number.desc()).limit(limit))
        return [Broadcast.of(row) for row in rows]

    async def start(
        self, number: int, *, by: str, at: datetime | None = None, version: int | None = None
    ) -> Broadcast:
        """Let it begin at a moment of business time, or at once; above the size, when somebody approves it.

        `version` is the one that was looked at. Raises NobodyToTell, StartInPast, VersionChanged, WrongState.
        """
        if at is not None and at < self._clock.now():
            raise StartInPast
        async with self._database.transaction() as tx:
            row = await self._begin(tx, number, by, Role.SENDER)
            if row.state not in (BroadcastState.DRAFT, BroadcastState.WAITING, BroadcastState.SCHEDULED):
                raise WrongState(number, row.state)
            if version not in (None, row.version):
                raise VersionChanged(row.version)
            if row.state != BroadcastState.DRAFT and at in (None, row.start_at):
                return Broadcast.of(row)
            check_urgency(row.kind, urgent=row.urgent)
            return await self._let(tx, row, by, at)

    async def _let(self, tx: Transaction, row: Any, by: str, at: datetime | None) -> Broadcast:
        found = (await counted(tx, row, self._profile, self._clock)).total
        if not found:
            raise NobodyToTell
        approved_for, now = Broadcast.of(row).approved_for, self._wall.now()
        waits = self._profile.notices.needs_approval(found, approved_for=approved_for)
        if waits and row.asked_for is not None:  # at another time: what was told to approvers stays
            found = row.asked_for
        state = BroadcastState.WAITING if waits else BroadcastState.SCHEDULED
        values = {"start_at": at if waits else at or self._clock.now(), "asked_for": found if waits else None}
        await self._note(tx, row, "broadcast_start", by, starts=at, recipients=found, waits=waits)
        if waits and approved_for is not None:
            return await broadcast_approvers.outgrown(
                tx, row, found, self._profile, now, to=state, start_at=at
            )
        if waits:
            await broadcast_approvers.tell(tx, row, found, self._profile, now)
        if row.state == state:
            return await broadcast_rows.write(tx, row, **values)
        return await broadcast_rows.move(tx, row, state, **values)

    async def approve(self, number: int, version: int, *, by: str) -> Broadcast:
        """A second person agrees to this version, and to as many recipients as it was told to have.

        What waits begins at its time; what grew while it was frozen goes on. Also an edit of what was sent
        may wait for this. Raises OwnBroadcast, VersionChanged, NothingToApprove.
        """
        async with self._database.transaction() as tx:
            row = await self._begin(tx, number, by, Role.APPROVER)
            if row.state in ENDED:
                return await self._approve_order(tx, row, version, by)
            if row.version != version:
                raise VersionChanged(row.version)
            if by in (row.created_by, row.written_by):
                raise OwnBroadcast
            if row.approved_version == row.version:
                return Broadcast.of(row)
            grew = row.state == BroadcastState.PAUSED and row.asked_for is not None
            if not grew and row.state not in (BroadcastState.DRAFT, BroadcastState.WAITING):
                raise NothingToApprove
            agreed = row.asked_for
            if agreed is None:
                agreed = (await counted(tx, row, self._profile, self._clock)).total
            values = {
                "approved_by": by,
                "approved_version": version,
                "approved_for": agreed,
                "asked_for": None,
            }
            await self._note(tx, row, "broadcast_approve", by, recipients=agreed)
            return await self._go_on(tx, row, values)

    async def _go_on(self, tx: Transaction, row: Any, values: dict[str, Any]) -> Broadcast:
        if row.state == BroadcastState.WAITING:
            now = self._clock.now()
            start_at = max(row.start_at or now, now)
            return await broadcast_rows.move(tx, row, BroadcastState.SCHEDULED, start_at=start_at, **values)
        if row.state == BroadcastState.PAUSED:
            broadcast_rows.wake_doors(tx)
            return await broadcast_rows.move(tx, row, BroadcastState.RUNNING, **values)
        return await broadcast_rows.write(tx, row, **values)

    async def pause(self, number: int, *, by: str) -> Broadcast:
        """Nothing of it is taken any more; what is under way arrives. Raises WrongState."""
        return await self._to(number, BroadcastState.PAUSED, "broadcast_pause", by)

    async def resume(self, number: int, *, by: str) -> Broadcast:
        """Raises WrongState, and NeedsApproval where it was not staff who let it rest."""
        async with self._database.transaction() as tx:
            row = await self._begin(tx, number, by, Role.SENDER)
            if row.state == BroadcastState.RUNNING:
                return Broadcast.of(row)
            if row.state != BroadcastState.PAUSED:  # what has ended goes on by an order alone
                raise WrongState(number, row.state)
            if row.asked_for is not None:
                raise NeedsApproval
            resumed = await broadcast_rows.move(tx, row, BroadcastState.RUNNING)
            await self._note(tx, row, "broadcast_resume", by)
            broadcast_rows.wake_doors(tx)
            return resumed

    async def cancel(self, number: int, *, by: str, why: str = "") -> Broadcast:
        """End it for good; a job closes the recipients that are left. Raises WrongState."""
        async with self._database.transaction() as tx:
            row = await self._begin(tx, number, by, Role.SENDER)
            if row.state in (BroadcastState.CANCELLING, BroadcastState.CANCELLED):
                return Broadcast.of(row)
            begun = row.state in (BroadcastState.FREEZING, BroadcastState.RUNNING, BroadcastState.PAUSED)
            state = BroadcastState.CANCELLING if begun else BroadcastState.CANCELLED
            values = {} if begun else {"finished_at": self._wall.now()}
            cancelled = await broadcast_rows.move(tx, row, state, asked_for=None, **values)
            await self._note(tx, row, "broadcast_cancel", by, why=why)
            return cancelled

    async def _to(self, number: int, state: BroadcastState, action: str, by: str) -> Broadcast:
        async with self._database.transaction() as tx:
            row = await self._begin(tx, number, by, Role.SENDER)
            if row.state == state:
                return Broadcast.of(row)
            moved = await broadcast_rows.move(tx, row, state)
            await self._note(tx, row, action, by)
            return moved

    async def _approve_order(self, tx: Transaction, row: Any, version: int, by: str) -> Broadcast:
        order = await broadcast_orders.waiting(tx, row.id)
        if order is None:
            raise NothingToApprove
        if order.version != version:
            raise VersionChanged(order.version)
        if by == order.by:
            raise OwnBroadcast
        await self._note(tx, row, "broadcast_approve", by, order=order.id, edit=version)
        return await broadcast_orders.begin(
            tx, row, [order], self._wall.now(),
            approved_by=by, approved_version=version, approved_for=row.total,
        )  # fmt: skip

    async def _begin(self, tx: Transaction, number: int, by: str, role: Role) -> Any:
        await tx.alone("audit")
        await require(tx, by, role)
        return await broadcast_rows.locked(tx, number)

    async def _note(self, tx: Transaction, row: Any, action: str, by: str, **facts: Any) -> None:
        await broadcast_rows.note(tx, row, action, by=by, at=self._wall.now(), **facts)
