"""Autopay by the clock: warned a day ahead, charged from 10:00, tried again; agreements watched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, bindparam, insert, select, update

from core.clock import Clock
from core.ids import new_id
from core.messages.autopay_notices import AutopayCardNeeded, AutopayEnded, AutopayWarning
from core.money import Money
from core.payments.provider import Provider
from core.profile import Profile
from core.states import ChargeState, MandateState, Method, PaymentState, TopUpState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.database import Database, Transaction
from core.storage.queue import unfinished
from core.storage.tables import account, payment, top_up, top_up_event
from core.use_cases.asking import Moment
from core.use_cases.autopay_outcomes import NO_RETRY
from core.use_cases.mandates import Calendar, move, next_date, period_of, record, tell_payer
from core.use_cases.schedules import following
from core.use_cases.top_up_moves import number_of

ACTIVE_WITHIN = timedelta(hours=24)  # of the request: the handbook's promise

log = structlog.get_logger()


@dataclass(slots=True)
class _Batch:
    """What a round writes: one statement a table, however many mandates are due."""

    top_ups: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    charges: list[dict[str, Any]] = field(default_factory=list)
    mandates: list[dict[str, Any]] = field(default_factory=list)

    async def write(self, tx: Transaction) -> None:
        for table, rows in (
            (top_up, self.top_ups),
            (top_up_event, self.events),
            (payment, self.payments),
            (mandate_charge, self.charges),
        ):
            if rows:
                await tx.execute(insert(table), rows)
        if self.mandates:
            changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGED}
            statement = update(mandate).where(mandate.c.id == bindparam("key")).values(changed)
            await tx.execute(statement, self.mandates)


CHANGED = (
    "scheduled", "next_on", "warned_on", "warned_at", "retry_period", "retry_on", "attempt", "next_at",
)  # fmt: skip


class AutopayCharging:
    def __init__(
        self, database: Database, profile: Profile, providers: Sequence[Provider], clock: Clock, wall: Clock
    ) -> None:
        self._database = database
        self._calendar = Calendar.of(profile)
        self._providers = {each.name for each in providers if each.capabilities.charges_saved}
        self._clock = clock
        self._wall = wall

    async def due_once(self, n: int) -> int:
        """Warn and charge what is due, from the operator's hour on; how many mandates moved."""
        now = self._clock.now()
        if not self._calendar.works(now):
            return 0
        due = and_(unfinished(mandate), mandate.c.next_at <= now)
        async with self._database.read() as tx:
            if await tx.scalar(select(mandate.c.id).where(due).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await self._take(tx, due, n)
            batch = _Batch()
            for row in rows:
                await self._step(tx, batch, row, Moment(self._clock.now(), self._wall.now()))
            await batch.write(tx)
            if batch.payments:
                tx.wake("payments")
        return len(rows)

    async def _take(self, tx: Transaction, due: Any, n: int) -> Sequence[Any]:
        """Up to `n` due mandates, locked; read after the lock, or a change just made would be lost."""
        picked = await tx.all(
            select(mandate.c.id)
            .where(due)
            .order_by(mandate.c.next_at)
            .limit(n)
            .with_for_update(skip_locked=True)
        )
        return await tx.all(
            select(mandate, account.c.number, card.c.mask, card.c.provider, card.c.revoked_at)
            .join(account, account.c.id == mandate.c.account_id)
            .join(card, card.c.id == mandate.c.card_id)
            .where(mandate.c.id.in_([row.id for row in picked]))
            .order_by(mandate.c.next_at)
        )

    async def _step(self, tx: Transaction, batch: _Batch, row: Any, now: Moment) -> None:
        today = self._calendar.today(now.at)
        if row.revoked_at is not None or row.provider not in self._providers:
            await self._card_needed(tx, row, now)
        elif row.retry_on is not None and row.retry_on <= today:
            self._charge(batch, row, row.retry_period, row.attempt + 1, NO_RETRY, now)
        elif following(period_of(row), row.next_on, earliest=row.next_on) <= self._comes_on(row, now.at):
            await self._miss(tx, batch, row, now)
        elif row.warned_on != row.next_on:
            await self._warn(tx, batch, row, now)
        else:
            self._charge(batch, row, row.next_on, 1, self._next(row, now.at), now)

    def _next(self, row: Any, at: datetime) -> dict[str, Any]:
        """What the mandate holds once `next_on` is dealt with: the chain goes on from that date."""
        earliest = self._calendar.earliest(at)
        next_on = next_date(period_of(row), row.next_on, row.until, earliest=earliest)
        return {"scheduled": row.next_on, "next_on": next_on}

    def _charge(
        self, batch: _Batch, row: Any, period: date, attempt: int, changes: dict[str, Any], now: Moment
    ) -> None:
        """The intent of one attempt: a top-up that nobody had to confirm, its payment, its charge."""
        asked = _top_up(row, now)
        batch.top_ups.append(asked)
        why = f"autopay {period} attempt {attempt}"
        event = {"id": new_id(), "top_up_id": asked["id"], "state": TopUpState.CONFIRMED, "at": now.at}
        batch.events.append({**event, "why": why})
        intent = _payment(row, asked["id"], now)
        batch.payments.append(intent)
        batch.charges.append(
            {
                "id": new_id(),
                "mandate_id": row.id,
                "period": period,
                "attempt": attempt,
                "payment_id": intent["id"],
                "state": ChargeState.INTENT,
                "created_at": now.at,
            }
        )
        self._plan(batch, row, changes)

    def _plan(self, batch: _Batch, row: Any, changes: dict[str, Any]) -> None:
        new = {**row._mapping, **self._calendar.planned(row, changes)}
        batch.mandates.append({"key": row.id, **{f"new_{name}": new[name] for name in CHANGED}})

    def _comes_on(self, row: Any, at: datetime) -> date:
        """The day on which `next_on` is charged: now if it was warned of, else after a warning made now."""
        warned = row.warned_on == row.next_on
        return self._calendar.today(at if warned else self._calendar.charge_at(row.next_on, at))

    async def _warn(self, tx: Transaction, batch: _Batch, row: Any, now: Moment) -> None:
        on = self._comes_on(row, now.at)
        said = AutopayWarning(str(row.id), row.number, Money(row.amount), on, row.next_on, row.mask)
        await tell_payer(tx, row, said, key=f"{row.next_on}:warning", now=now)
        self._plan(batch, row, {"warned_on": row.next_on, "warned_at": now.at})

    async def _miss(self, tx: Transaction, batch: _Batch, row: Any, now: Moment) -> None:
        """We were away for a whole period: one that is over is not charged any more."""
        log.error("an autopay date was missed", mandate=str(row.id), period=str(row.next_on))
        changes = self._next(row, now.at)
        await record(tx, row.id, row.state, at=now.at, why=f"missed {row.next_on}")
        if changes["next_on"] is None:
            ended = {"scheduled": row.next_on, "next_on": None, "reason": "until", "ended_at": now.at}
            await move(tx, row, MandateState.ENDED, at=now.at, why="its end date", next_at=None, **ended)
            await tell_payer(tx, row, AutopayEnded(row.number, "until"), key="ended", now=now)
        else:
            self._plan(batch, row, changes)

    async def _card_needed(self, tx: Transaction, row: Any, now: Moment) -> None:
        values = {**NO_RETRY, "reason": "card_needed", "next_at": None}
        await move(tx, row, MandateState.PAUSED, at=now.at, why="no card to charge", **values)
        said = AutopayCardNeeded(row.number, Money(row.amount), row.mask, "unlinked")
        await tell_payer(tx, row, said, key=f"{row.next_on}:card_needed", now=now)

    async def watch_once(self, n: int) -> int:
        """Agreements that no card came for in a day end, openly; no other may be as old as that."""
        late = and_(
            mandate.c.state == MandateState.REQUESTED,
            mandate.c.requested_at < self._clock.now() - ACTIVE_WITHIN,
        )
        async with self._database.read() as tx:
            if await tx.scalar(select(mandate.c.id).where(late).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await tx.all(select(mandate).where(late).limit(n).with_for_update(skip_locked=True))
            now = Moment(self._clock.now(), self._wall.now())
            for row in rows:
                log.error("autopay was not active within 24 hours", mandate=str(row.id))
                values = {"reason": "no_card", "ended_at": now.at}
                await move(tx, row, MandateState.ENDED, at=now.at, why="no card in 24 hours", **values)
                said = AutopayEnded(await number_of(tx, row.account_id), "no_card")
                await tell_payer(tx, row, said, key="ended", now=now)
        return len(rows)


def _top_up(row: Any, now: Moment) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": row.account_id,
        "channel": row.channel,
        "payer": row.payer,
        "locale": row.locale,
        "method": Method.CARD,
        "amount": row.amount,
        "commission": 0,
        "total": row.amount,
        "commission_from": False,
        "state": TopUpState.CONFIRMED,
        "needs_sum": False,
        "card_id": row.card_id,
        "mandate_id": row.id,
        "save_card": False,
        "created_at": now.at,
        "expires_at": now.at,
    }


def _payment(row: Any, top_up_id: Any, now: Moment) -> dict[str, Any]:
    """Its id is the attempt's key at the provider."""
    return {
        "id": new_id(),
        "top_up_id": top_up_id,
        "provider": row.provider,
        "method": Method.CARD,
        "card_id": row.card_id,
        "total": row.amount,
        "state": PaymentState.INTENT,
        "created_at": now.wall,
        "next_at": now.wall,
    }
