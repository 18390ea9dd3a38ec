"""Autopay paused, skipped, deleted: one UPDATE, and nothing starts after its commit."""

from datetime import date
from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.errors import NoMandate, StaleScreen
from core.ids import AccountId
from core.messages.autopay_notices import AutopayDeleted, AutopayEnded, AutopayPaused, AutopaySkipped
from core.profile import Profile
from core.states import MandateState
from core.storage.autopay_tables import mandate_charge, mandate_event
from core.storage.database import Transaction
from core.use_cases.asking import Moment
from core.use_cases.autopay_outcomes import HOLDS_PERIOD, NO_RETRY
from core.use_cases.mandates import (
    By,
    Calendar,
    cancel_intents,
    in_flight,
    live_of,
    move,
    next_date,
    period_of,
    tell_all,
    tell_payer,
)
from core.use_cases.top_up_moves import number_of


class AutopayEnding:
    """Works inside its caller's transaction; the caller has made sure who may do it."""

    def __init__(self, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._calendar = Calendar.of(profile)

    async def delete(self, tx: Transaction, by: By, account_id: AccountId) -> bool:
        """End it; true where a charge is under way, which finishes and is given back by itself."""
        row = await self._live(tx, account_id)
        now = self._moment()  # after the lock: who began to send before it is older than this
        values = {"reason": "by_subscriber", "ended_at": now.at, "next_at": None, **NO_RETRY}
        await move(tx, row, MandateState.DELETED, at=now.at, why=_why("deleted", by), **values)
        await cancel_intents(tx, mandate_charge.c.mandate_id == row.id, at=now.at)
        under_way = await in_flight(tx, mandate_charge.c.mandate_id == row.id)
        said = AutopayDeleted(await number_of(tx, account_id), under_way)
        await tell_all(tx, self._profile, row, said, by, now=now)
        return under_way

    async def pause(self, tx: Transaction, by: By, account_id: AccountId) -> None:
        """Nothing is charged until it is resumed; a repeat changes nothing."""
        row = await self._live(tx, account_id)
        if row.state != MandateState.ACTIVE:
            return
        now = self._moment()
        values = {"reason": "by_subscriber", "next_at": None, **NO_RETRY}
        await move(tx, row, MandateState.PAUSED, at=now.at, why=_why("paused", by), **values)
        await cancel_intents(tx, mandate_charge.c.mandate_id == row.id, at=now.at)
        said = AutopayPaused(await number_of(tx, account_id), "by_subscriber")
        await tell_all(tx, self._profile, row, said, by, now=now)

    async def skip(self, tx: Transaction, by: By, account_id: AccountId, period: date) -> None:
        """Leave out one date, or what is left of its retries; raises StaleScreen once it is charged."""
        row = await self._live(tx, account_id)
        if await self._was_skipped(tx, row, period):
            return
        now = self._moment()
        charged = await tx.scalar(
            select(mandate_charge.c.id).where(
                mandate_charge.c.mandate_id == row.id,
                mandate_charge.c.period == period,
                mandate_charge.c.state.in_(HOLDS_PERIOD),
            )
        )
        retried = row.retry_period == period
        if charged is not None or not (retried or row.next_on == period):
            raise StaleScreen
        values: dict[str, Any] = dict(NO_RETRY)
        if not retried:
            earliest = self._calendar.earliest(now.at)
            next_on = next_date(period_of(row), period, row.until, earliest=earliest)
            values = {"scheduled": period, "next_on": next_on}
        planned = self._calendar.planned(row, values)
        await move(tx, row, row.state, at=now.at, why=_skipped(period), **planned)
        next_on = row.next_on if retried else values["next_on"]
        comes = next_on if row.state == MandateState.ACTIVE else None
        said = AutopaySkipped(await number_of(tx, account_id), period, comes)
        await tell_all(tx, self._profile, row, said, by, now=now)
        if next_on is None:
            await self._end(tx, row, now)

    async def _end(self, tx: Transaction, row: Any, now: Moment) -> None:
        values = {"reason": "until", "ended_at": now.at, "next_at": None}
        await move(tx, row, MandateState.ENDED, at=now.at, why="its end date", **values)
        said = AutopayEnded(await number_of(tx, row.account_id), "until")
        await tell_payer(tx, row, said, key="ended", now=now)

    async def _was_skipped(self, tx: Transaction, row: Any, period: date) -> bool:
        said = select(mandate_event.c.id).where(
            mandate_event.c.mandate_id == row.id, mandate_event.c.why == _skipped(period)
        )
        return await tx.scalar(said.limit(1)) is not None

    async def _live(self, tx: Transaction, account_id: AccountId) -> Any:
        row = await live_of(tx, account_id)
        if row is None:
            raise NoMandate
        return row

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._wall.now())


def _skipped(period: date) -> str:
    return f"skipped {period}"


def _why(what: str, by: By) -> str:
    return f"{what} by {by.payer.channel} {by.payer.opaque[:8]}"
