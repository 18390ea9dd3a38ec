"""Alerts: the accounts whose moment has come are looked at, and their people told of a low balance, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, insert, or_, select, update

from core.clock import Clock
from core.messages import outbox
from core.messages.notices import addressed
from core.money import Money
from core.profile import Profile
from core.states import MandateState
from core.storage.alert_tables import alert_episode
from core.storage.autopay_tables import card, mandate
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.tables import account, ledger_account
from core.use_cases import alert_episodes, balances
from core.use_cases.accrual import accrued
from core.use_cases.alert_conditions import Course, Watch, days_of, holding, next_look, word_of
from core.use_cases.alert_recipients import Recipient, recipients
from core.use_cases.asking import Moment
from core.use_cases.mandates import Calendar

CHARGED_WITHIN = timedelta(hours=1)  # of its moment; an autopay that has not paid by then is not waited for


@dataclass(frozen=True, slots=True)
class _Look:
    """One account as it is seen, and which kinds begin now."""

    row: Any
    seen: Course
    watch: Watch
    told: Sequence[str]  # open before
    begin: Sequence[str]  # the most urgent first
    again_at: datetime | None = None  # when an autopay that was waited for must have paid


@dataclass(slots=True)
class _Batch:
    """What a round writes: one statement a table, however many accounts are due."""

    episodes: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    overtaken: list[UUID] = field(default_factory=list)

    async def write(self, tx: Transaction) -> None:
        if self.overtaken:
            await alert_episodes.overtake(tx, self.overtaken)
        for table, rows in ((alert_episode, self.episodes), (notice, self.notices)):
            if rows:
                await tx.execute(insert(table), rows)
        if self.accounts:
            await tx.execute(_SEEN, self.accounts)
        for each in self.notices:
            tx.wake(outbox.topic(each["channel"], each["lane"]))


_SEEN = (
    update(account)
    .where(account.c.id == bindparam("key"))
    .values(alert_at=bindparam("new_alert_at"), alerts=bindparam("new_alerts"))
)


class Alerts:
    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._calendar = Calendar.of(profile)
        self._clock = clock
        self._wall = wall
        known = [
            or_(code.is_(None), code.in_(profile.tariffs_by_code))
            for code in (account.c.tariff, account.c.tariff_next)
        ]
        self._known = and_(account.c.alert_at.is_not(None), *known)

    async def due_once(self, n: int) -> int:
        """Look at up to `n` accounts whose moment has come; how many there were."""
        due = and_(self._known, account.c.alert_at <= self._clock.now())
        async with self._database.read() as tx:
            if await tx.scalar(select(account.c.id).where(due).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await self._take(tx, due, n)
            if rows:
                await self._look_at(tx, rows)
        return len(rows)

    async def _take(self, tx: Transaction, due: Any, n: int) -> Sequence[Any]:
        """Up to `n` due accounts, locked; read after the lock, or a payment just made would be lost."""
        picked = await tx.all(
            select(account.c.id)
            .where(due)
            .order_by(account.c.alert_at)
            .limit(n)
            .with_for_update(key_share=True, skip_locked=True)
        )
        return await tx.all(
            select(account, ledger_account.c.balance)
            .join(ledger_account, ledger_account.c.id == account.c.id)
            .where(account.c.id.in_([row.id for row in picked]))
        )

    async def _look_at(self, tx: Transaction, rows: Sequence[Any]) -> None:
        now = Moment(self._clock.now(), self._wall.now())
        told: dict[UUID, list[str]] = {row.id: [] for row in rows}
        if some := [row.id for row in rows if row.alerts]:
            for each in await alert_episodes.opened(tx, some):
                told[each.account_id].append(each.kind)
        looks = [self._look(row, told[row.id], now.at) for row in rows]
        looks = await self._without_those_paid_for(tx, looks)
        speak = [look.row.id for look in looks if look.begin]
        people = await recipients(tx, speak, self._profile) if speak else {}
        batch = _Batch()
        for look in looks:
            self._write(batch, look, people, now)
        await batch.write(tx)

    def _look(self, row: Any, told: Sequence[str], at: datetime) -> _Look:
        service = balances.watched(row, self._profile)
        watch = service.watch
        assert watch is not None
        seen = service.shown(Money(row.balance), max(at, row.accrued_until), self._profile.zone)
        begin = [kind for kind in holding(seen, watch) if kind not in told]
        return _Look(row, seen, watch, told, begin)

    async def _without_those_paid_for(self, tx: Transaction, looks: Sequence[_Look]) -> list[_Look]:
        """Days left are not told of where autopay will have paid before they are over."""
        low = [look.row.id for look in looks if any(days_of(kind) for kind in look.begin)]
        if not low:
            return list(looks)
        held = await tx.all(
            select(mandate)
            .join(card, card.c.id == mandate.c.card_id)
            .where(
                mandate.c.account_id.in_(low),
                mandate.c.state == MandateState.ACTIVE,
                mandate.c.next_on.is_not(None),
                mandate.c.retry_on.is_(None),  # one that was declined may be so again
                mandate.c.failed_cycles == 0,
                card.c.revoked_at.is_(None),
            )
        )
        mandates = {row.account_id: row for row in held}
        return [self._without_paid_for(look, mandates.get(look.row.id)) for look in looks]

    def _without_paid_for(self, look: _Look, held: Any) -> _Look:
        if held is None:
            return look
        at = self._calendar.at(held.next_on)
        if held.warned_on == held.next_on:
            at = self._calendar.charge_at(held.next_on, held.warned_at)
        paid_for = [kind for kind in look.begin if self._pays(held, at, kind, look.seen)]
        if not paid_for:
            return look
        begin = [kind for kind in look.begin if kind not in paid_for]
        # Waited for, they are as good as told until it must have paid.
        return _Look(look.row, look.seen, look.watch, look.told, begin, at + CHARGED_WITHIN)

    def _pays(self, held: Any, at: datetime, kind: str, seen: Course) -> bool:
        """Whether a charge comes in time, and brings more days than this kind is about."""
        n, runs_out = days_of(kind), seen.runs_out_at()
        if n is None or runs_out is None or not seen.since <= at < runs_out:
            return False
        left = seen.after(Money(held.amount) - accrued(seen.monthly, seen.since, at, seen.zone)).days_left()
        return left is not None and left > n

    def _write(
        self, batch: _Batch, look: _Look, people: Mapping[UUID, Sequence[Recipient]], now: Moment
    ) -> None:
        row, told = look.row, [*look.told, *look.begin]
        for place, kind in enumerate(look.begin):
            # Of several that begin together the most urgent one is said.
            to = people[row.id] if place == 0 else []
            opened = alert_episodes.episode(row.id, kind, at=look.seen.since, told=len(to))
            batch.episodes.append(opened)
            batch.notices += [self._notice(look, opened["id"], kind, each, now) for each in to]
            if to and look.told:
                batch.overtaken.append(row.id)
        if look.again_at is None:
            at = next_look(look.seen, look.watch, told)
        else:
            rest = [kind for kind in look.watch.kinds() if days_of(kind)]
            following = next_look(look.seen, look.watch, [*told, *rest])
            at = look.again_at if following is None else min(following, look.again_at)
        batch.accounts.append({"key": row.id, "new_alert_at": at, "new_alerts": len(told)})

    def _notice(self, look: _Look, opened: UUID, kind: str, to: Recipient, now: Moment) -> dict[str, Any]:
        said = alert_episodes.said(
            opened, word_of(kind), look.row.number, look.seen, look.watch, self._profile
        )
        key = addressed(to.payer, f"alert:{opened}")
        return outbox.row(
            to.payer, said, key=key, locale=to.locale, now=now.wall, answers=None, edit=None,
            account_id=look.row.id,
        )  # fmt: skip
