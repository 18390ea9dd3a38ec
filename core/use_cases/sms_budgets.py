"""What SMS may cost that nobody asked for: a day's segments in Telegram's place, a broadcast's in all."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, select, update

from core.messages.outbox import DueNotice
from core.states import Lane
from core.storage.broadcast_tables import broadcast, sms_budget
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows

Cost = tuple[DueNotice, int]  # in segments

SPENT = "spent"  # among a notice's params: tried again, it costs nothing anew
_NEW = NewRows(sms_budget, "purpose", returning="purpose")


def in_place_of_telegram(day: date) -> str:
    return f"fallback:{day}"


def of_broadcast(broadcast_id: UUID) -> str:
    return f"broadcast:{broadcast_id}"


def is_budgeted(held: DueNotice) -> bool:
    return held.broadcast_id is not None or _is_fallback(held)


async def spend(tx: Transaction, costs: Sequence[Cost], day: date, *, most_a_day: int) -> list[DueNotice]:
    """Take what SMS cost out of their budgets, in the order given; those that nothing was left for."""
    unpaid = [(held, n) for held, n in costs if is_budgeted(held) and n > held.params.get(SPENT, 0)]
    purposes = {held.id: _purposes(held, day) for held, _ in unpaid}
    most = await _limits(tx, {held.broadcast_id for held, _ in unpaid if held.broadcast_id is not None})
    most[in_place_of_telegram(day)] = most_a_day
    spent = await _locked(tx, {purpose for each in purposes.values() for purpose in each})
    paid, refused = [], []
    for held, n in unpaid:
        more = n - held.params.get(SPENT, 0)
        if all(spent[each] + more <= most.get(each, spent[each] + more) for each in purposes[held.id]):
            spent |= {each: spent[each] + more for each in purposes[held.id]}
            paid.append((held, n))
        else:
            refused.append(held)
    if paid:
        await _write(tx, spent, paid)
    return refused


def _purposes(held: DueNotice, day: date) -> list[str]:
    purposes = [in_place_of_telegram(day)] if _is_fallback(held) else []
    return purposes if held.broadcast_id is None else [*purposes, of_broadcast(held.broadcast_id)]


def _is_fallback(held: DueNotice) -> bool:
    # What staff send again stands in for another too, and is people's.
    return held.parent_id is not None and held.lane == Lane.BULK


async def _limits(tx: Transaction, broadcasts: set[UUID]) -> dict[str, int]:
    rows = await tx.all(
        select(broadcast.c.id, broadcast.c.sms_most).where(
            broadcast.c.id.in_(broadcasts), broadcast.c.sms_most.is_not(None)
        )
    )
    return {of_broadcast(row.id): row.sms_most for row in rows}


async def _locked(tx: Transaction, purposes: set[str]) -> dict[str, int]:
    """What is spent so far; nobody else spends until the transaction ends."""
    if not purposes:
        return {}
    await _NEW.add(tx, [{"purpose": each, "segments": 0} for each in sorted(purposes)])
    rows = await tx.all(
        select(sms_budget)
        .where(sms_budget.c.purpose.in_(purposes))
        .order_by(sms_budget.c.purpose)
        .with_for_update()
    )
    return {row.purpose: row.segments for row in rows}


async def _write(tx: Transaction, spent: dict[str, int], paid: Sequence[Cost]) -> None:
    await tx.execute(
        update(sms_budget).where(sms_budget.c.purpose == bindparam("of")).values(segments=bindparam("spent")),
        [{"of": purpose, "spent": segments} for purpose, segments in sorted(spent.items())],
    )
    await tx.execute(
        update(notice)
        .where(notice.c.id == bindparam("key"), notice.c.lease == bindparam("held"))
        .values(params=bindparam("kept", type_=notice.c.params.type)),
        [{"key": each.id, "held": each.lease, "kept": _kept(each) | {SPENT: n}} for each, n in paid],
    )


def _kept(held: DueNotice) -> dict[str, object]:
    # A broadcast's words and facts are put in at each claim, and are not the row's.
    return {} if held.broadcast_id is not None else held.params
