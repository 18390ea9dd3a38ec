"""Balances: fees brought up to a moment, and what follows from a balance that moved."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from core.ids import AccountId, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import REVENUE, Transfer, of_subscriber
from core.money import ZERO, Money
from core.profile import Profile, Tariff
from core.states import ServiceState, TransferKind
from core.storage.database import Transaction
from core.storage.tables import account
from core.use_cases import accrual, alert_episodes
from core.use_cases.alert_conditions import Course, Watch, next_look


@dataclass(frozen=True, slots=True)
class Fee:
    """What a local day, or a part of one, costs from `start` on."""

    start: datetime
    amount: Money


@dataclass(slots=True)
class Service:
    """What of an account decides the fee; the rest of the row does not change here."""

    account_id: AccountId
    tariff: Tariff | None
    tariff_next: Tariff | None
    state: ServiceState
    accrued_until: datetime
    negative_since: date | None
    watch: Watch | None = None  # what its people want to be told of; none: as the profile has it
    alerts: int = 0  # episodes that are open

    @classmethod
    def of(cls, row: Any, profile: Profile) -> "Service":
        return cls(
            account_id=row.id,
            tariff=profile.tariff(row.tariff),
            tariff_next=profile.tariff(row.tariff_next),
            state=row.state,
            accrued_until=row.accrued_until,
            negative_since=row.negative_since,
        )

    def rate(self, day: date) -> Money:
        """The monthly fee that runs on a local day."""
        negative_days = -1 if self.negative_since is None else (day - self.negative_since).days
        return accrual.fee_rate(self.tariff, self.state, negative_days=negative_days)

    def course(self, balance: Money, zone: ZoneInfo) -> Course:
        """How the balance as of `accrued_until` goes on."""
        day = self.accrued_until.astimezone(zone).date()
        monthly = self.rate(day)
        next_tariff = self.tariff if self.tariff_next is None else self.tariff_next
        then = accrual.fee_rate(next_tariff, self.state, negative_days=-1)
        return Course(
            balance=balance,
            since=self.accrued_until,
            monthly=monthly,
            then=then,
            watched=self.state == ServiceState.ACTIVE and bool(monthly),
            negative_since=self.negative_since,
            zone=zone,
        )

    def shown(self, posted: Money, at: datetime, zone: ZoneInfo) -> Course:
        """The balance less what has run up until a moment, and how it goes on from there."""
        ahead = replace(self)
        for fee in ahead.run(posted, at.replace(second=0, microsecond=0), zone):
            posted -= fee.amount
        return ahead.course(posted, zone)

    def run(self, posted: Money, until: datetime, zone: ZoneInfo) -> list[Fee]:
        """Live on until a moment: the fees of the days between, and what each new day changes."""
        fees = []
        while self.accrued_until < until:
            start, midnight = self.accrued_until, accrual.next_day(self.accrued_until, zone)
            end, day = min(until, midnight), start.astimezone(zone).date()
            amount = accrual.accrued(self.rate(day), start, end, zone)
            if amount:
                fees.append(Fee(start, amount))
                posted -= amount
            if posted < ZERO and self.negative_since is None:
                self.negative_since = day
            self.accrued_until = end
            if end == midnight:
                self._begin_day(end, zone)
        return fees

    def _begin_day(self, midnight: datetime, zone: ZoneInfo) -> None:
        """The next tariff begins with a month, the block with the eighth day below zero."""
        day = midnight.astimezone(zone).date()
        if day.day == 1 and self.tariff_next is not None:
            self.tariff = self.tariff_next
        if self.negative_since is None or self.state != ServiceState.ACTIVE:
            return
        if (day - self.negative_since).days >= accrual.GRACE_DAYS:
            self.state = ServiceState.BLOCKED


async def lock(tx: Transaction, account_id: AccountId, profile: Profile) -> Service:
    """The account's row, locked until the transaction ends."""
    # Notices and top-ups of the account may be stored meanwhile: who has one locked must not wait for us.
    locked = select(account).where(account.c.id == account_id).with_for_update(key_share=True)
    row = await tx.one(locked)
    return watched(row, profile)


def watched(row: Any, profile: Profile) -> Service:
    """The service of a whole row, with what alerts go by."""
    return replace(Service.of(row, profile), watch=Watch.of(row.watch, profile), alerts=row.alerts)


async def bring_up(tx: Transaction, service: Service, until: datetime, profile: Profile) -> None:
    """Post the fees up to `until`: one transfer a local day, or less where something changes within it."""
    posted, before = await book.balance(tx, of_subscriber(service.account_id)), service.tariff
    for fee in service.run(posted, until.replace(second=0, microsecond=0), profile.zone):
        await _post_fee(tx, service.account_id, fee)
        posted -= fee.amount
    # What is posted was foreseen: only another tariff changes when the next alert is due.
    seen_at = None if service.tariff is before else service.accrued_until
    await save(tx, service, posted, profile, at=seen_at)


async def moved(tx: Transaction, service: Service, profile: Profile, *, at: datetime) -> None:
    """A balance was raised or lowered: the block, the grace, the day it runs out and its alerts follow."""
    posted = await book.balance(tx, of_subscriber(service.account_id))
    if posted >= ZERO:
        service.negative_since = None
        if service.state == ServiceState.BLOCKED:
            service.state = ServiceState.ACTIVE
    await save(tx, service, posted, profile, at=at)


async def save(
    tx: Transaction, service: Service, posted: Money, profile: Profile, *, at: datetime | None
) -> None:
    """`at`: when something happened that alerts follow; none: time alone has passed."""
    values: dict[str, Any] = {
        "tariff": None if service.tariff is None else service.tariff.code,
        "state": service.state,
        "accrued_until": service.accrued_until,
        "negative_since": service.negative_since,
        "runs_out_at": service.course(posted, profile.zone).runs_out_at(),
    }
    if at is not None:
        values |= await _alerts(tx, service, posted, profile, at)
    await tx.execute(update(account).where(account.c.id == service.account_id).values(values))


async def _alerts(
    tx: Transaction, service: Service, posted: Money, profile: Profile, at: datetime
) -> dict[str, Any]:
    """When the account is to be looked at; where something was told of, what of it is over by now."""
    watch = service.watch or Watch.of(None, profile)
    if not service.alerts:
        return {"alert_at": next_look(service.course(posted, profile.zone), watch, ())}
    seen = service.shown(posted, max(at, service.accrued_until), profile.zone)
    told = await alert_episodes.follow(tx, service.account_id, seen, watch, profile)
    service.alerts = len(told)
    return {"alerts": len(told), "alert_at": next_look(seen, watch, told)}


async def _post_fee(tx: Transaction, account_id: AccountId, fee: Fee) -> None:
    await book.post(
        tx,
        Transfer(
            id=TransferId(new_id()),
            debit=of_subscriber(account_id),
            credit=REVENUE.id,
            amount=fee.amount,
            kind=TransferKind.FEE,
            key=f"fee:{account_id}:{fee.start:%Y-%m-%dT%H:%MZ}",
            at=fee.start,
        ),
    )
