"""Mandates that a provider keeps and charges by its own calendar: mirrored here, and deleted from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, func, insert, or_, select, update

from core.clock import Clock
from core.errors import FullAccessNeeded, NotLinked, StaleScreen
from core.ids import AccountId, Payer, new_id
from core.payments.provider import Done, Provider, Subscription, Unknown
from core.states import LIVE_MANDATE, Access, Channel, SubscriptionState
from core.storage.autopay_tables import mandate, provider_mandate
from core.storage.database import Database, Transaction
from core.storage.queue import claim, unfinished
from core.storage.tables import account
from core.use_cases.accounts import access_to

LEASE = timedelta(seconds=20)
DELETE_AGAIN = (timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProviderMandate:
    """`deleting`: we have asked, and the provider has not confirmed yet."""

    id: UUID
    provider: str
    number: str
    next_on: date | None
    last_on: date | None
    ends_on: date | None
    deleting: bool


class ProviderMandates:
    def __init__(self, database: Database, providers: Sequence[Provider], clock: Clock, wall: Clock) -> None:
        self._database = database
        self._providers = {each.name: each for each in providers if each.capabilities.schedules}
        self._clock = clock
        self._wall = wall

    async def of_account(self, payer: Payer, account_id: AccountId) -> list[ProviderMandate]:
        """Those that still charge; raises NotLinked."""
        async with self._database.read() as tx:
            if await access_to(tx, payer, account_id) is None:
                raise NotLinked
            rows = await tx.all(
                select(provider_mandate)
                .where(
                    provider_mandate.c.account_id == account_id,
                    provider_mandate.c.state != SubscriptionState.GONE,
                )
                .order_by(provider_mandate.c.id)
            )
        return [_view(row) for row in rows]

    async def delete(self, payer: Payer, mandate_id: UUID) -> ProviderMandate:
        """Have it ended at the provider, again until it is; raises StaleScreen, NotLinked, FullAccessNeeded.

        A registered phone may end what it may see.
        """
        async with self._database.transaction() as tx:
            row = await tx.first(
                select(provider_mandate).where(provider_mandate.c.id == mandate_id).with_for_update()
            )
            if row is None or row.account_id is None or row.state == SubscriptionState.GONE:
                raise StaleScreen
            access = await access_to(tx, payer, row.account_id)
            if access is None:
                raise NotLinked
            if access != Access.FULL and payer.channel != Channel.SMS:
                raise FullAccessNeeded
            if row.state == SubscriptionState.LIVE:
                values = {"state": SubscriptionState.DELETING, "next_at": self._wall.now(), "asked": 0}
                changed = update(provider_mandate).where(provider_mandate.c.id == mandate_id)
                await tx.execute(changed.values(**values))
                tx.wake("provider_mandates")
            row = await tx.one(select(provider_mandate).where(provider_mandate.c.id == mandate_id))
        return _view(row)

    async def delete_once(self, n: int) -> int:
        """Ask the providers to end what is being deleted."""
        now = self._wall.now()
        due = and_(
            provider_mandate.c.provider.in_(self._providers),
            provider_mandate.c.next_at <= now,
            or_(provider_mandate.c.lease_until.is_(None), provider_mandate.c.lease_until < now),
        )
        async with self._database.read() as tx:
            look = select(provider_mandate.c.id).where(unfinished(provider_mandate), due)
            if await tx.scalar(look.limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await claim(
                tx, provider_mandate, due, order=provider_mandate.c.next_at, limit=n, now=now, lease=LEASE,
                asked=provider_mandate.c.asked + 1,
            )  # fmt: skip
        for row in rows:
            outcome = await self._providers[row.provider].delete_subscription(row.reference)
            await self._deleted(row, done=isinstance(outcome, Done))
        return len(rows)

    async def _deleted(self, row: Any, *, done: bool) -> None:
        again = DELETE_AGAIN[min(row.asked, len(DELETE_AGAIN)) - 1]
        values: dict[str, Any] = {"next_at": self._wall.now() + again}
        if done:
            values = {"state": SubscriptionState.GONE, "next_at": None}
        else:
            log.warning("provider's mandate not deleted yet", mandate=str(row.id), attempt=row.asked)
        same = and_(provider_mandate.c.id == row.id, provider_mandate.c.lease == row.lease)
        async with self._database.transaction() as tx:
            released = update(provider_mandate).where(same).values(lease=None, lease_until=None, **values)
            await tx.execute(released)

    async def mirror_once(self) -> int:
        """Read what the providers keep; how many rows came, changed or went."""
        changed = 0
        for name, provider in self._providers.items():
            told = await provider.subscriptions()
            if isinstance(told, Unknown):
                log.warning("provider did not tell its mandates", provider=name, reason=told.reason)
                continue
            async with self._database.transaction() as tx:
                await tx.alone(f"mirror:{name}")
                changed += await self._mirror(tx, name, told)
                await self._alarm(tx, name)
        return changed

    async def _mirror(self, tx: Transaction, provider: str, told: Sequence[Subscription]) -> int:
        now, changed = self._clock.now(), 0
        rows = await tx.all(select(provider_mandate).where(provider_mandate.c.provider == provider))
        known = {row.reference: row for row in rows}
        seen = {each.reference: each for each in told}
        for reference, each in seen.items():
            changed += await self._store(tx, provider, each, known.get(reference))
        gone = [row.id for row in rows if row.reference not in seen and row.state != SubscriptionState.GONE]
        if gone:
            ended = update(provider_mandate).where(provider_mandate.c.id.in_(gone))
            await tx.execute(ended.values(state=SubscriptionState.GONE, next_at=None, seen_at=now))
        return changed + len(gone)

    async def _store(self, tx: Transaction, provider: str, told: Subscription, row: Any) -> int:
        dates = {"ends_on": told.ends_on, "last_on": told.last_on, "next_on": told.next_on}
        if row is None:
            owner = select(account.c.id).where(account.c.number == told.number.lstrip("0"))
            values = {
                "id": new_id(),
                "provider": provider,
                "reference": told.reference,
                "number": told.number[:32],
                "account_id": await tx.scalar(owner),
                "state": SubscriptionState.LIVE,
                "seen_at": self._clock.now(),
            }
            await tx.execute(insert(provider_mandate).values(values | dates))
            return 1
        # Gone and told again: it charges, whatever we had heard.
        back = row.state == SubscriptionState.GONE
        if not back and all(getattr(row, name) == value for name, value in dates.items()):
            return 0
        state = SubscriptionState.LIVE if back else row.state
        changed = update(provider_mandate).where(provider_mandate.c.id == row.id)
        await tx.execute(changed.values(state=state, seen_at=self._clock.now(), **dates))
        return 1

    async def _alarm(self, tx: Transaction, provider: str) -> None:
        """Two mandates on an account charge it twice: for staff."""
        live = provider_mandate.c.state == SubscriptionState.LIVE
        ours = select(mandate.c.account_id).where(mandate.c.state.in_(LIVE_MANDATE))
        doubled = await tx.all(
            select(provider_mandate.c.number)
            .where(live, provider_mandate.c.provider == provider)
            .group_by(provider_mandate.c.number, provider_mandate.c.account_id)
            .having(or_(func.count() > 1, provider_mandate.c.account_id.in_(ours)))
        )
        for row in doubled:
            log.error("two mandates on an account: for staff", number=row.number, provider=provider)


def _view(row: Any) -> ProviderMandate:
    return ProviderMandate(
        id=row.id,
        provider=row.provider,
        number=row.number,
        next_on=row.next_on,
        last_on=row.last_on,
        ends_on=row.ends_on,
        deleting=row.state == SubscriptionState.DELETING,
    )
