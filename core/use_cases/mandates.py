"""Mandates: what all moves of one share: its dates, its event row, what is cancelled, who is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, insert, or_, select, update

from core.ids import AccountId, IncomingId, MandateId, Payer, new_id
from core.messages import incoming, outbox
from core.messages.autopay_notices import PeriodFacts
from core.messages.notices import Notice, addressed
from core.money import Money
from core.profile import Profile
from core.states import (
    CHARGE_IN_FLIGHT,
    LIVE_MANDATE,
    MANDATE_MOVES,
    ChargeState,
    MandateState,
    PaymentState,
    TopUpState,
)
from core.storage.autopay_tables import mandate, mandate_charge, mandate_event
from core.storage.database import Transaction
from core.storage.tables import link, payment, top_up
from core.use_cases import schedules
from core.use_cases.asking import Moment
from core.use_cases.schedules import DAY, EveryDays, Monthly, Period
from core.use_cases.subscribers import locale_of
from core.use_cases.top_up_moves import move as move_top_up


@dataclass(frozen=True, slots=True)
class Calendar:
    """The operator's days, and the hour from which charges and warnings run."""

    zone: ZoneInfo
    hour: int

    @classmethod
    def of(cls, profile: Profile) -> "Calendar":
        return cls(profile.zone, profile.autopay.hour)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def works(self, now: datetime) -> bool:
        return now.astimezone(self.zone).hour >= self.hour

    def earliest(self, now: datetime) -> date:
        return schedules.earliest_date(now, self.zone, hour=self.hour)

    def at(self, day: date) -> datetime:
        return schedules.moment(day, self.zone, hour=self.hour)

    def charge_at(self, day: date, warned_at: datetime) -> datetime:
        return schedules.charge_at(day, warned_at, self.zone, hour=self.hour)

    def planned(self, row: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The changes, and the moment of what comes next by them."""
        return {**changes, "next_at": self.next_at({**row._mapping, **changes})}

    def next_at(self, values: Mapping[str, Any]) -> datetime | None:
        """When a mandate is to be looked at: for a retry, a warning or a charge, the first of them."""
        moments = []
        if values["retry_on"] is not None:
            moments.append(self.at(values["retry_on"]))
        day = values["next_on"]
        if day is not None:
            warned = values["warned_on"] == day
            moments.append(self.charge_at(day, values["warned_at"]) if warned else self.at(day - DAY))
        return min(moments, default=None)


def period_of(row: Any) -> Period:
    return EveryDays(row.every_days) if row.every_days is not None else Monthly(row.month_day)


def period_values(period: Period) -> dict[str, int | None]:
    if isinstance(period, EveryDays):
        return {"every_days": period.days, "month_day": None}
    return {"every_days": None, "month_day": period.day}


def period_facts(period: Period) -> PeriodFacts:
    return {"days": period.days} if isinstance(period, EveryDays) else {"day": period.day}


def facts(row: Any, number: str, mask: str | None) -> dict[str, Any]:
    """What a notice says of a mandate."""
    return {
        "number": number,
        "amount": Money(row.amount),
        "period": period_facts(period_of(row)),
        # Of one that is paused, or waits for a card, no date is certain.
        "next_on": row.next_on if row.state == MandateState.ACTIVE else None,
        "mask": mask,
        "until": row.until,
    }


def next_date(period: Period, scheduled: date, until: date | None, *, earliest: date) -> date | None:
    """The chain's next date; None where the agreement ends before it."""
    day = schedules.following(period, scheduled, earliest=earliest)
    return None if until is not None and day > until else day


async def live_of(tx: Transaction, account_id: AccountId) -> Any:
    """The account's live mandate, locked; None where there is none."""
    return await tx.first(
        select(mandate)
        .where(mandate.c.account_id == account_id, mandate.c.state.in_(LIVE_MANDATE))
        .with_for_update()
    )


async def move(
    tx: Transaction, row: Any, state: MandateState, *, at: datetime, why: str, **values: Any
) -> None:
    """Take a locked mandate to another state, or change it in its own; either writes its event."""
    assert state == row.state or state in MANDATE_MOVES[row.state], f"{row.state} -> {state}"
    await tx.execute(update(mandate).where(mandate.c.id == row.id).values(state=state, **values))
    await record(tx, row.id, state, at=at, why=why)


async def record(tx: Transaction, of: MandateId, state: MandateState, *, at: datetime, why: str) -> None:
    await tx.execute(
        insert(mandate_event).values(id=new_id(), mandate_id=of, state=state, at=at, why=why[:160])
    )


async def cancel_intents(tx: Transaction, which: Any, *, at: datetime) -> None:
    """Cancel charges that nothing was sent of. One that a sender holds is refused by the sender itself."""
    left = await tx.all(
        select(payment.c.id, payment.c.top_up_id)
        .join(mandate_charge, mandate_charge.c.payment_id == payment.c.id)
        .where(which, payment.c.state == PaymentState.INTENT, payment.c.asked == 0)
        .with_for_update(of=payment, skip_locked=True)
    )
    for row in left:
        await cancel_intent(tx, row.id, row.top_up_id, at=at)


async def cancel_intent(tx: Transaction, payment_id: UUID, top_up_id: UUID, *, at: datetime) -> None:
    await tx.execute(
        update(payment)
        .where(payment.c.id == payment_id)
        .values(state=PaymentState.DECLINED, reason="cancelled", next_at=None, lease=None, lease_until=None)
    )
    asked = await tx.one(select(top_up).where(top_up.c.id == top_up_id).with_for_update())
    await move_top_up(tx, asked, TopUpState.DECLINED, at=at, why="cancelled")
    await follow(tx, [payment_id], ChargeState.CANCELLED)


async def follow(
    tx: Transaction, payments: Sequence[UUID], state: ChargeState, *, began: datetime | None = None
) -> None:
    """A payment's new state, where it is a mandate's charge."""
    values: dict[str, Any] = {"state": state}
    if began is not None:
        values["sending_at"] = began
    await tx.execute(update(mandate_charge).where(mandate_charge.c.payment_id.in_(payments)).values(**values))


async def in_flight(tx: Transaction, which: Any) -> bool:
    """Whether a mandate's charge is under way that nobody can call back."""
    under_way = or_(
        mandate_charge.c.state.in_(CHARGE_IN_FLIGHT),
        and_(mandate_charge.c.state == ChargeState.INTENT, payment.c.asked > 0),
    )
    found = await tx.scalar(
        select(mandate_charge.c.id)
        .join(payment, payment.c.id == mandate_charge.c.payment_id)
        .where(which, under_way)
        .limit(1)
    )
    return found is not None


async def tell_payer(tx: Transaction, row: Any, said: Notice, *, key: str, now: Moment) -> None:
    """Tell who agreed to the mandate; once a key."""
    payer = Payer(row.channel, row.payer)
    key = f"mandate:{row.id}:{key}"
    await outbox.add(tx, payer, said, key=key, locale=row.locale, now=now.wall, account_id=row.account_id)


@dataclass(frozen=True, slots=True)
class By:
    """Who does it and how they hear of it: on a screen of the chat, or as the reply to an SMS."""

    payer: Payer
    screen: str | None = None
    answering: IncomingId | None = None
    locale: str | None = None


async def tell_all(tx: Transaction, profile: Profile, row: Any, said: Any, by: By, *, now: Moment) -> None:
    """Tell who did it, who agreed to the mandate, and everybody linked to the account."""
    event = new_id()
    linked = await tx.all(
        select(link.c.channel, link.c.address).where(
            link.c.account_id == row.account_id, link.c.ended_at.is_(None)
        )
    )
    people = {Payer(each.channel, each.address) for each in linked} | {Payer(row.channel, row.payer)}
    for other in sorted(people - {by.payer}, key=lambda each: (each.channel, each.address)):
        locale = await locale_of(tx, other, profile)
        key = addressed(other, f"autopay:{event}")
        told = replace(said, by_other=True)
        await outbox.add(tx, other, told, key=key, locale=locale, now=now.wall)
    await answer(tx, profile, said, by, event=event, now=now)


async def answer(
    tx: Transaction, profile: Profile, said: Notice, by: By, *, event: UUID, now: Moment
) -> None:
    locale = by.locale or await locale_of(tx, by.payer, profile)
    if by.answering is not None:
        await incoming.answer(tx, by.answering, by.payer, said, locale=locale, now=now.wall)
        return
    key = addressed(by.payer, f"autopay:{event}")
    await outbox.add(tx, by.payer, said, key=key, locale=locale, now=now.wall, edit=by.screen)
