"""Alert episodes: one low balance, told once. Opened with its notices, closed with the money that ends it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update

from core.ids import AccountId, new_id
from core.messages.alert_notices import Alert
from core.money import ZERO, Money
from core.profile import Profile
from core.states import NoticeState
from core.storage.alert_tables import alert_episode
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.use_cases.alert_conditions import GRACE, NEGATIVE, Course, Watch, is_over

PAID = "paid"
UNWANTED = "unwanted"
OVERTAKEN = "overtaken"
# In the words of its partial index: PostgreSQL uses it only where the query repeats the condition.
_UNSENT = text("notice.account_id IS NOT NULL AND notice.state IN ('due', 'taken')")


async def follow(
    tx: Transaction,
    account_id: AccountId,
    seen: Course,
    watch: Watch,
    profile: Profile,
    *,
    why: str = PAID,
) -> list[str]:
    """Close what is over by now; the kinds that stay open. Called with the account's row locked.

    What was not sent of a closed one is cancelled; what waits of another tells the balance as it is now.
    """
    rows = await opened(tx, [account_id])
    over = [row.id for row in rows if is_over(row.kind, seen, watch)]
    if over:
        await tx.execute(
            update(alert_episode).where(alert_episode.c.id.in_(over)).values(closed_at=seen.since)
        )
    for row in await _unsent(tx, account_id):
        await _again(tx, row, over, seen, watch, profile, why=why)
    return [row.kind for row in rows if row.id not in over]


async def opened(tx: Transaction, accounts: Collection[UUID]) -> Sequence[Any]:
    """The open episodes of these accounts."""
    return await tx.all(
        select(alert_episode.c.id, alert_episode.c.account_id, alert_episode.c.kind).where(
            alert_episode.c.account_id.in_(accounts), alert_episode.c.closed_at.is_(None)
        )
    )


async def open_silently(
    tx: Transaction, account_id: AccountId, kinds: Sequence[str], *, at: datetime
) -> None:
    """Of what is shown to who changes the settings nothing has to be told."""
    if kinds:
        await tx.execute(insert(alert_episode), [episode(account_id, kind, at=at) for kind in kinds])


async def overtake(tx: Transaction, accounts: Collection[UUID]) -> None:
    """What still waits to be told of these accounts, for the morning, is told by what begins now."""
    await tx.execute(
        update(notice)
        .where(
            _UNSENT,
            notice.c.account_id.in_(accounts),
            notice.c.template == Alert.template,
            notice.c.state == NoticeState.DUE,
        )
        .values(state=NoticeState.CANCELLED, reason=OVERTAKEN)
    )


def episode(account_id: UUID, kind: str, *, at: datetime, told: int = 0) -> dict[str, Any]:
    return {"id": new_id(), "account_id": account_id, "kind": kind, "opened_at": at, "told": told}


def said(episode_id: UUID, kind: str, number: str, seen: Course, watch: Watch, profile: Profile) -> Alert:
    """What an alert tells of a balance as it is seen now; `kind` in the notice's word."""
    below = seen.balance < ZERO
    runs_out = seen.runs_out_at()
    until = None if runs_out is None else runs_out.astimezone(seen.zone).date()
    return Alert(
        episode=str(episode_id),
        kind=kind,
        number=number,
        balance=seen.balance,
        days=seen.days_left(),
        recommended=_recommended(seen, profile),
        until=seen.block_on() if below or kind in (NEGATIVE, GRACE) else until,
        threshold=watch.threshold,
    )


def _recommended(seen: Course, profile: Profile) -> Money:
    """As the account screen says, in whole roubles; where that is nothing, the fee of a month."""
    wished = max(seen.month() - seen.balance, ZERO) or seen.monthly
    whole = Money.roubles(-(-wished.kopecks // 100))
    limits = profile.methods.values()
    least, most = max(each.least for each in limits), min(each.most for each in limits)
    return min(max(whole, least), most)


async def _unsent(tx: Transaction, account_id: AccountId) -> Sequence[Any]:
    return await tx.all(
        select(notice.c.id, notice.c.state, notice.c.params)
        .where(_UNSENT, notice.c.account_id == account_id, notice.c.template == Alert.template)
        .order_by(notice.c.id)  # who locks several does it in one order
        .with_for_update()
    )


async def _again(
    tx: Transaction, row: Any, over: Sequence[UUID], seen: Course, watch: Watch, profile: Profile, *, why: str
) -> None:
    ended, due = UUID(row.params["episode"]) in over, row.state == NoticeState.DUE
    values: dict[str, Any]
    if ended and due:
        values = {"state": NoticeState.CANCELLED, "reason": why, "lease": None, "lease_until": None}
    elif ended:
        # Somebody is sending it now; if that fails, it is not tried again.
        values = {"expires_at": notice.c.created_at}
    elif due:
        held = row.params
        fresh = said(UUID(held["episode"]), held["kind"], held["number"], seen, watch, profile)
        values = {"params": fresh.params()}
    else:
        return
    await tx.execute(update(notice).where(notice.c.id == row.id).values(values))
