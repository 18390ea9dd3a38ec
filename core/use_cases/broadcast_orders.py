"""Orders: the failed tried again, what was sent edited or taken back, by a job and in chunks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, insert, select, update

from core.clock import Clock
from core.ids import new_id
from core.messages.broadcast_text import Texts, faults_of
from core.notice_states import BroadcastState, OrderKind, Role
from core.profile import Profile
from core.staff_errors import Fault, NeedsApproval, NothingToDo, TextsRefused, WrongState
from core.states import Channel, NoticeState
from core.storage.broadcast_tables import broadcast_order
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.use_cases import broadcast_approvers, broadcast_rows
from core.use_cases.broadcast_rows import ENDED, Broadcast
from core.use_cases.staff import require

BY_STAFF = "by staff"  # why recipients were closed by a cancel: the one reason that may go on
HAS_OR_MAY_HAVE = (
    NoticeState.DUE,
    NoticeState.TAKEN,
    NoticeState.SENT,
    NoticeState.DELIVERED,
    NoticeState.UNCERTAIN,
)


class BroadcastOrders:
    """All need a broadcast that has ended; what is ordered lets it run again."""

    def __init__(self, database: Database, profile: Profile, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._wall = wall

    async def retry(
        self, number: int, reasons: Sequence[str] = (), *, by: str, why: str = "", uncertain: bool = False
    ) -> Broadcast:
        """Try again who failed for these reasons (none named: for any), or was left by a cancel ("by staff").

        `uncertain` takes who may have got it, too: they may get it twice, and the trail says who wished so.
        Raises WrongState, NothingToDo, and NeedsApproval for many whom nobody agreed to send this text to.
        """
        failed = [reason for reason in reasons if reason != BY_STAFF]
        picks: list[tuple[NoticeState, list[str] | None]] = []
        if failed or not (reasons or uncertain):
            picks.append((NoticeState.FAILED, failed or None))
        if BY_STAFF in reasons:
            picks.append((NoticeState.CANCELLED, [BY_STAFF]))
        if uncertain:
            picks.append((NoticeState.UNCERTAIN, None))
        return await self._order(number, OrderKind.RETRY, picks, by, why)

    async def edit(self, number: int, texts: Texts, *, by: str, why: str = "") -> Broadcast:
        """Change what was sent to Telegram; above the size when a second person has approved.

        An SMS stays as it is. Raises TextsRefused, WrongState, NothingToDo.
        """
        sent: list[tuple[NoticeState, list[str] | None]] = [(NoticeState.SENT, None)]
        return await self._order(number, OrderKind.EDIT, sent, by, why, texts)

    async def recall(self, number: int, *, by: str, why: str = "") -> Broadcast:
        """Take back what was sent to Telegram within 48 hours; what is older is told as left out.

        Raises WrongState, NothingToDo.
        """
        return await self._order(number, OrderKind.RECALL, [(NoticeState.SENT, None)], by, why)

    async def _order(
        self,
        number: int,
        kind: OrderKind,
        picks: Sequence[tuple[NoticeState, list[str] | None]],
        by: str,
        why: str,
        texts: Texts | None = None,
    ) -> Broadcast:
        now = self._wall.now()
        async with self._database.transaction() as tx:
            await tx.alone("audit")
            await require(tx, by, Role.SENDER)
            row = await broadcast_rows.locked(tx, number)
            if row.state not in ENDED:
                raise WrongState(number, row.state)
            if texts is not None:
                self._check(row, texts)
            replaced = await waiting(tx, row.id)
            if replaced is not None:
                await finish(tx, replaced, now)
            shared = {
                "broadcast_id": row.id, "kind": kind, "by": by, "at": now, "version": row.version,
                "texts": None if texts is None else {of: dict(parts) for of, parts in texts.items()},
            }  # fmt: skip
            if kind is OrderKind.EDIT:
                shared["version"] = await _next_version(tx, row)
            orders, total = await _store(tx, shared, picks)
            if not orders:
                raise NothingToDo
            if kind is OrderKind.RETRY:
                self._check_approval(row, total)
            facts = [{"order": each.id, "picks": each.picks, "reasons": each.reasons} for each in orders]
            await broadcast_rows.note(
                tx, row, f"broadcast_{kind}", by=by, at=now, why=why, orders=facts, recipients=total,
                texts=shared["texts"],
            )  # fmt: skip
            # A retry sends these words to the others, however few have got the first ones.
            if kind is OrderKind.EDIT and row.total > self._profile.notices.approve_above:
                await broadcast_approvers.tell(tx, row, row.total, self._profile, now, edit=orders[0])
                return Broadcast.of(row)  # until somebody else approves
            return await begin(tx, row, orders, now)

    def _check_approval(self, row: Any, recipients: int) -> None:
        """Neither a cancel nor an edit of a few lets many have what no second person agreed to."""
        approved_for = Broadcast.of(row).approved_for
        if self._profile.notices.needs_approval(recipients, approved_for=approved_for):
            raise NeedsApproval

    def _check(self, row: Any, texts: Texts) -> None:
        faults = faults_of(texts, row.reach, row.kind, self._profile.locales)
        faults += [Fault("language", locale) for locale in row.texts if locale not in texts]
        if faults:
            raise TextsRefused(faults)


async def _next_version(tx: Transaction, row: Any) -> int:
    """Another than that of an edit which waited: who read the one has not read the other."""
    before = select(func.max(broadcast_order.c.version)).where(broadcast_order.c.broadcast_id == row.id)
    return int(max(row.version, await tx.scalar(before) or 0)) + 1


async def _store(
    tx: Transaction, shared: Mapping[str, Any], picks: Sequence[tuple[NoticeState, list[str] | None]]
) -> tuple[list[Any], int]:
    """An order for each pick that anybody fits, and how many do."""
    orders, total = [], 0
    for state, reasons in picks:
        fits = picked(shared["broadcast_id"], shared["kind"], state, reasons)
        if recipients := int(await tx.scalar(select(func.count()).where(*fits))):
            values = {**shared, "id": new_id(), "picks": state, "reasons": reasons}
            stored = insert(broadcast_order).values(values).returning(*broadcast_order.c)
            orders.append(await tx.one(stored))
            total += recipients
    return orders, total


async def waiting(tx: Transaction, broadcast_id: UUID) -> Any:
    """The edit that waits for a second person, where one does."""
    return await tx.first(
        select(broadcast_order).where(
            broadcast_order.c.broadcast_id == broadcast_id,
            broadcast_order.c.finished_at.is_(None),
            broadcast_order.c.begun_at.is_(None),
        )
    )


async def finish(tx: Transaction, order: Any, now: datetime, **values: Any) -> None:
    which = update(broadcast_order).where(broadcast_order.c.id == order.id)
    await tx.execute(which.values(finished_at=now, **values))


async def begin(tx: Transaction, row: Any, orders: Sequence[Any], now: datetime, **values: Any) -> Broadcast:
    """Let the job at these orders; the broadcast runs again, with an edit's texts.

    One that was cancelled keeps its end, and comes back to it, unless who was left out is sent to now.
    """
    for order in orders:
        await tx.execute(update(broadcast_order).where(broadcast_order.c.id == order.id).values(begun_at=now))
        if order.kind is OrderKind.EDIT:
            values |= {"texts": order.texts, "version": order.version, "written_by": order.by}
    goes_on = any(order.picks == NoticeState.CANCELLED for order in orders)
    if row.state == BroadcastState.DONE or goes_on:
        values["finished_at"] = None
    values["expires_at"] = now + timedelta(seconds=row.lives_seconds)
    return await broadcast_rows.move(tx, row, BroadcastState.RUNNING, **values)


def picked(
    broadcast_id: UUID, kind: OrderKind, state: NoticeState, reasons: Sequence[str] | None
) -> list[ColumnElement[bool]]:
    """The recipients that an order is about, as conditions."""
    found = [*recipients_of(broadcast_id), notice.c.state == state]
    if reasons is not None:
        found.append(notice.c.reason.in_(reasons))
    if kind is OrderKind.RETRY:
        # Who got it by SMS instead has it.
        found.append(~_later("broadcast", HAS_OR_MAY_HAVE))
    else:
        found += [notice.c.channel == Channel.TELEGRAM, notice.c.provider_id.is_not(None)]
        found.append(~_later("broadcast_recall", (NoticeState.SENT,)))
    return found


def recipients_of(broadcast_id: UUID) -> list[ColumnElement[bool]]:
    """The rows of a broadcast that its total counts, in the words of their index."""
    return [
        notice.c.broadcast_id == broadcast_id,
        notice.c.broadcast_id.is_not(None),
        notice.c.parent_id.is_(None),
    ]


def _later(template: str, states: Sequence[NoticeState]) -> ColumnElement[bool]:
    """Whether another row stands in for a recipient's, or was made of it."""
    later = notice.alias()
    return exists(
        select(later.c.id).where(
            later.c.parent_id == notice.c.id, later.c.template == template, later.c.state.in_(states)
        )
    )
