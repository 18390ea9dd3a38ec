"""What a payment's outcome means to its mandate: the cycle paid, tried again or given up; the card needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, select, update

from core.clock import Clock
from core.ids import Payer
from core.messages import outbox
from core.messages.autopay_notices import (
    AutopayCardNeeded,
    AutopayConnected,
    AutopayDeclined,
    AutopayEnded,
    AutopayOffer,
    AutopayPaused,
)
from core.messages.notices import Notice
from core.money import Money
from core.payments.provider import Declined
from core.profile import Profile
from core.states import (
    CHARGE_OF_PAYMENT,
    LIVE_MANDATE,
    ChargeState,
    MandateState,
    PaymentState,
)
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.database import Transaction
from core.use_cases import accounts
from core.use_cases.asking import Moment
from core.use_cases.mandates import (
    Calendar,
    cancel_intents,
    follow,
    move,
    next_date,
    period_facts,
    period_of,
    tell_payer,
)
from core.use_cases.refunds import Refunds
from core.use_cases.schedules import EveryDays, following, retry_on
from core.use_cases.top_up_moves import number_of

FAILED_CYCLES = 3  # one after another, and then it is paused
HOLDS_PERIOD = (
    ChargeState.INTENT,
    ChargeState.SENDING,
    ChargeState.PENDING,
    ChargeState.UNKNOWN,
    ChargeState.PAID,
)
NO_RETRY: dict[str, Any] = {"retry_period": None, "retry_on": None, "attempt": 0}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cycle:
    """A charge and its mandate, both locked."""

    charge: Any
    mandate: Any


class AutopayOutcomes:
    """Works inside its caller's transaction."""

    def __init__(self, profile: Profile, refunds: Refunds, clock: Clock) -> None:
        self._profile = profile
        self._refunds = refunds
        self._clock = clock
        self._calendar = Calendar.of(profile)

    async def dead(self, tx: Transaction, rows: Sequence[Any]) -> set[UUID]:
        """Which payments with a saved card may not begin: unlinked, deleted or paused before this commit.

        Cards, then mandates, are held until the transaction ends: who ends one waits, or has ended it.
        """
        saved = [row for row in rows if row.card_id is not None]
        if not saved:
            return set()
        cards = await tx.all(
            select(card.c.id, card.c.revoked_at)
            .where(card.c.id.in_({row.card_id for row in saved}))
            .order_by(card.c.id)
            .with_for_update(read=True)
        )
        revoked = {row.id for row in cards if row.revoked_at is not None}
        mandates = await tx.all(
            select(mandate.c.id, mandate.c.state, mandate_charge.c.payment_id)
            .join(mandate_charge, mandate_charge.c.mandate_id == mandate.c.id)
            .where(mandate_charge.c.payment_id.in_([row.id for row in saved]))
            .order_by(mandate.c.id)
            .with_for_update(of=mandate, read=True)
        )
        stopped = {row.payment_id for row in mandates if row.state != MandateState.ACTIVE}
        return {row.id for row in saved if row.card_id in revoked or row.id in stopped}

    async def began(self, tx: Transaction, rows: Sequence[Any]) -> None:
        """Charges that enter `sending` in this transaction."""
        saved = [row.id for row in rows if row.card_id is not None]
        if saved:
            await follow(tx, saved, ChargeState.SENDING, began=self._clock.now())

    async def follow(self, tx: Transaction, row: Any, state: PaymentState) -> None:
        if row.card_id is not None:
            await follow(tx, [row.id], CHARGE_OF_PAYMENT[state])

    async def lock(self, tx: Transaction, row: Any) -> Cycle | None:
        """The cycle that a payment belongs to; None where a person started it."""
        if row.card_id is None:
            return None
        charge = await tx.first(select(mandate_charge).where(mandate_charge.c.payment_id == row.id))
        if charge is None:
            return None
        held = await tx.one(select(mandate).where(mandate.c.id == charge.mandate_id).with_for_update())
        # Read again: who held the mandate may have changed its charges.
        charge = await tx.one(select(mandate_charge).where(mandate_charge.c.payment_id == row.id))
        return Cycle(charge, held)

    async def has_room(self, tx: Transaction, cycle: Cycle, now: Moment) -> bool:
        """Whether the period can take this success: a late one meets perhaps another attempt."""
        if cycle.charge.state in HOLDS_PERIOD:
            return True
        same = and_(
            mandate_charge.c.mandate_id == cycle.mandate.id, mandate_charge.c.period == cycle.charge.period
        )
        await cancel_intents(tx, same, at=now.at)
        other = select(mandate_charge.c.id).where(same, mandate_charge.c.state.in_(HOLDS_PERIOD))
        return await tx.scalar(other.limit(1)) is None

    async def paid(self, tx: Transaction, cycle: Cycle, row: Any, now: Moment) -> None:
        """The period is paid; what was deleted or unlinked meanwhile is given back."""
        held = cycle.mandate
        values: dict[str, Any] = {"failed_cycles": 0}
        if held.retry_period == cycle.charge.period:
            values |= NO_RETRY
        await tx.execute(
            update(mandate).where(mandate.c.id == held.id).values(self._calendar.planned(held, values))
        )
        revoked = await tx.scalar(select(card.c.revoked_at).where(card.c.id == row.card_id))
        if held.state == MandateState.DELETED or revoked is not None:
            why = "autopay_deleted" if held.state == MandateState.DELETED else "card_unlinked"
            await self._refunds.ask(tx, row, Money(row.total), why=why, by="autopay")
        await self._end_if_over(tx, cycle, now)

    async def held(self, tx: Transaction, cycle: Cycle, now: Moment) -> None:
        """The period's money is in suspense: staff see to it, and nothing of it is tried again."""
        if cycle.charge.state in HOLDS_PERIOD:
            await self._end_if_over(tx, cycle, now)

    async def declined(self, tx: Transaction, cycle: Cycle, row: Any, outcome: Declined, now: Moment) -> None:
        held, charge = cycle.mandate, cycle.charge
        if held.state != MandateState.ACTIVE:
            return
        if outcome.hard and row.card_id == held.card_id:
            await self._card_needed(tx, held, row, outcome.reason, now)
            return
        today = self._calendar.today(now.at)
        again = retry_on(charge.period, charge.attempt, today=today, before=held.next_on)
        if again is None:
            await self._cycle_failed(tx, cycle, row, outcome.reason, now)
            return
        values = {"retry_period": charge.period, "retry_on": again, "attempt": charge.attempt}
        planned = self._calendar.planned(held, values)
        await move(tx, held, held.state, at=now.at, why=f"declined {charge.period}", **planned)
        said = AutopayDeclined(
            await number_of(tx, held.account_id), Money(row.total), await _mask(tx, row), outcome.reason,
            retry_on=again, next_on=held.next_on,
        )  # fmt: skip
        await self._tell(tx, cycle, said, now)

    async def _card_needed(self, tx: Transaction, held: Any, row: Any, reason: str, now: Moment) -> None:
        values = {**NO_RETRY, "reason": "card_needed", "next_at": None}
        await move(tx, held, MandateState.PAUSED, at=now.at, why=f"card refused: {reason}", **values)
        number, mask = await number_of(tx, held.account_id), await _mask(tx, row)
        said = AutopayCardNeeded(number, Money(row.total), mask, reason)
        await tell_payer(tx, held, said, key=f"{row.id}:card_needed", now=now)

    async def _cycle_failed(self, tx: Transaction, cycle: Cycle, row: Any, reason: str, now: Moment) -> None:
        held, failed = cycle.mandate, cycle.mandate.failed_cycles + 1
        values = {**NO_RETRY, "failed_cycles": failed}
        number = await number_of(tx, held.account_id)
        if failed >= FAILED_CYCLES:
            values |= {"reason": "failed", "next_at": None}
            await move(tx, held, MandateState.PAUSED, at=now.at, why="three cycles failed", **values)
            await self._tell(tx, cycle, AutopayPaused(number, "failed"), now)
            return
        planned = self._calendar.planned(held, values)
        await move(tx, held, held.state, at=now.at, why=f"cycle failed {cycle.charge.period}", **planned)
        mask = await _mask(tx, row)
        said = AutopayDeclined(number, Money(row.total), mask, reason, retry_on=None, next_on=held.next_on)
        await self._tell(tx, cycle, said, now)
        await self._end_if_over(tx, cycle, now)

    async def _end_if_over(self, tx: Transaction, cycle: Cycle, now: Moment) -> None:
        """The last date of the agreement is behind, and it is the one that was settled now."""
        held = cycle.mandate
        last = held.next_on is None and held.scheduled == cycle.charge.period
        if last and held.state in (MandateState.ACTIVE, MandateState.PAUSED):
            await self._end(tx, held, now)

    async def _end(self, tx: Transaction, held: Any, now: Moment) -> None:
        ended = {**NO_RETRY, "reason": "until", "ended_at": now.at, "next_at": None}
        await move(tx, held, MandateState.ENDED, at=now.at, why="its end date", **ended)
        said = AutopayEnded(await number_of(tx, held.account_id), "until")
        await tell_payer(tx, held, said, key="ended", now=now)

    async def _tell(self, tx: Transaction, cycle: Cycle, said: Notice, now: Moment) -> None:
        key = f"{cycle.charge.period}:{cycle.charge.attempt}:{said.template}"
        await tell_payer(tx, cycle.mandate, said, key=key, now=now)

    async def activate(self, tx: Transaction, asked: Any, card_id: UUID, mask: str, now: Moment) -> bool:
        """A card was saved that an agreement waits for: it counts from this payment."""
        held = await tx.first(
            select(mandate)
            .where(
                mandate.c.account_id == asked.account_id,
                mandate.c.channel == asked.channel,
                mandate.c.payer == asked.payer,
                mandate.c.state == MandateState.REQUESTED,
            )
            .with_for_update()
        )
        if held is None:
            return False
        today, period = self._calendar.today(now.at), period_of(held)
        next_on = next_date(period, today, held.until, earliest=self._calendar.earliest(now.at))
        if next_on is None:
            await self._end(tx, held, now)  # the card came too late for any of its dates
            return True
        values = {"card_id": card_id, "activated_at": now.at, "scheduled": today, "next_on": next_on}
        planned = self._calendar.planned(held, values)
        await move(tx, held, MandateState.ACTIVE, at=now.at, why="card saved", **planned)
        number, amount = await number_of(tx, held.account_id), Money(held.amount)
        said = AutopayConnected(number, amount, period_facts(period), next_on, mask, held.until)
        await tell_payer(tx, held, said, key="connected", now=now)
        return True

    async def offer(self, tx: Transaction, asked: Any, now: Moment) -> None:
        """After a payment by card: the same again by itself, to who could agree to it."""
        payer, terms = Payer(asked.channel, asked.payer), self._profile.autopay
        if not terms.least.kopecks <= asked.amount <= terms.most.kopecks:
            return
        live = select(mandate.c.id).where(
            mandate.c.account_id == asked.account_id, mandate.c.state.in_(LIVE_MANDATE)
        )
        if await tx.scalar(live) is not None or not await accounts.is_linked(tx, payer, asked.account_id):
            return
        today, earliest = self._calendar.today(now.at), self._calendar.earliest(now.at)
        next_on = following(EveryDays(terms.days), today, earliest=earliest)
        number = await number_of(tx, asked.account_id)
        said = AutopayOffer(number, Money(asked.amount), terms.days, next_on)
        key = f"top_up:{asked.id}:offer"
        await outbox.add(tx, payer, said, key=key, locale=asked.locale, now=now.wall)


async def _mask(tx: Transaction, row: Any) -> str | None:
    mask: str | None = await tx.scalar(select(card.c.mask).where(card.c.id == row.card_id))
    return mask
