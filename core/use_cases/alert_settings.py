"""Alert settings: what an account's people are told of a low balance, and how; in the chat and by SMS.

Who may see the account may change them, also who only reads it: they move no money, its registered phones are
the same right, and everybody linked is told of each change.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import Clock
from core.errors import AccountNeeded, AmountTooLarge, DaysOutOfRange, NoRegisteredPhone, NotLinked
from core.ids import AccountId, IncomingId, Payer, new_id
from core.ledger import book
from core.ledger.transfer import of_subscriber
from core.messages import incoming, outbox
from core.messages.alert_notices import AlertsChanged, AlertsState
from core.messages.notices import addressed
from core.money import Money
from core.notice_states import AlertBySms
from core.profile import Profile
from core.storage.alert_tables import alert_setting
from core.storage.database import Database, Transaction
from core.storage.tables import account, account_phone, link, subscriber
from core.use_cases import alert_episodes, balances
from core.use_cases.accounts import is_linked
from core.use_cases.alert_conditions import Course, Watch, holding, next_look
from core.use_cases.alert_recipients import Ways
from core.use_cases.asking import Moment
from core.use_cases.mandates import By
from core.use_cases.subscribers import locale_of
from core.use_cases.top_up_moves import number_of


@dataclass(frozen=True, slots=True)
class Settings:
    """`days`: days left, each told of once; `negative`: below zero, and the last day before the block."""

    days: tuple[int, ...]
    threshold: Money | None
    negative: bool
    telegram: bool
    sms: AlertBySms

    def with_day(self, n: int, *, on: bool) -> "Settings":
        others = {day for day in self.days if day != n}
        return replace(self, days=tuple(sorted(others | {n} if on else others, reverse=True)))

    def off(self) -> "Settings":
        return replace(self, days=(), threshold=None, negative=False)


@dataclass(frozen=True, slots=True)
class SettingsScreen:
    """The settings of an account, and the balance that they are about."""

    number: str
    settings: Settings
    balance: Money


Change = Callable[[Settings], Settings]


class AlertSettings:
    """Each change is told to who made it and to everybody linked; one that changes nothing is told to nobody.

    What holds already is not told of as an alert: who changes the settings is shown the balance with them.
    """

    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    @property
    def usual(self) -> Settings:
        """As they are where nothing was chosen."""
        limits = self._profile.alerts
        return Settings(tuple(limits.days), None, limits.negative, limits.telegram, limits.sms)

    async def of(self, payer: Payer, account_id: AccountId) -> SettingsScreen:
        """Raises NotLinked."""
        async with self._database.read() as tx:
            if not await is_linked(tx, payer, account_id):
                raise NotLinked
            return await self._screen(tx, account_id)

    async def change(
        self, payer: Payer, account_id: AccountId, change: Change, *, screen: str | None = None
    ) -> SettingsScreen:
        """Raises NotLinked, DaysOutOfRange, AmountTooLarge. The notice replaces the message `screen`."""
        async with self._database.transaction() as tx:
            if not await is_linked(tx, payer, account_id):
                raise NotLinked
            before, after = await self._change(tx, payer, account_id, change)
            if before != after.settings:
                await self._tell(tx, account_id, after, By(payer, screen))
            return after

    async def tell_by_sms(
        self, payer: Payer, number: str | None, *, locale: str, answering: IncomingId
    ) -> None:
        """Replies AlertsState; raises NoRegisteredPhone, NotLinked, AccountNeeded."""
        async with self._database.transaction() as tx:
            account_id = await self._of_phone(tx, payer, number)
            await self._reply(tx, payer, await self._screen(tx, account_id), locale, answering)

    async def change_by_sms(
        self, payer: Payer, number: str | None, change: Change, *, locale: str, answering: IncomingId
    ) -> None:
        """The same, after a change that all others are told of; what `change` refuses as well."""
        async with self._database.transaction() as tx:
            account_id = await self._of_phone(tx, payer, number)
            before, after = await self._change(tx, payer, account_id, change)
            if before != after.settings:
                await self._tell_others(tx, account_id, after, payer)
            await self._reply(tx, payer, after, locale, answering)

    async def _change(
        self, tx: Transaction, payer: Payer, account_id: AccountId, change: Change
    ) -> tuple[Settings, SettingsScreen]:
        service = await balances.lock(tx, account_id, self._profile)
        before = await self._stored(tx, account_id)
        after = change(before)
        self._check(after)
        posted = await book.balance(tx, of_subscriber(account_id))
        at = max(self._clock.now(), service.accrued_until)
        seen = service.shown(posted, at, self._profile.zone)
        if after != before:
            await self._store(tx, payer, account_id, after)
            await self._watch(tx, account_id, seen, _watch(after))
        return before, SettingsScreen(await number_of(tx, account_id), after, seen.balance)

    def _check(self, wished: Settings) -> None:
        limits = self._profile.alerts
        if any(not 1 <= n <= limits.days_most for n in wished.days if n not in limits.days):
            raise DaysOutOfRange(limits.days_most)
        if wished.threshold is not None and wished.threshold > limits.threshold_most:
            raise AmountTooLarge(limits.threshold_most)

    async def _watch(self, tx: Transaction, account_id: AccountId, seen: Course, watch: Watch) -> None:
        why = alert_episodes.UNWANTED
        told = await alert_episodes.follow(tx, account_id, seen, watch, self._profile, why=why)
        begin = [kind for kind in holding(seen, watch) if kind not in told]
        await alert_episodes.open_silently(tx, account_id, begin, at=seen.since)
        told += begin
        await tx.execute(
            update(account)
            .where(account.c.id == account_id)
            .values(watch=watch.stored(), alerts=len(told), alert_at=next_look(seen, watch, told))
        )

    async def _store(self, tx: Transaction, payer: Payer, account_id: AccountId, wished: Settings) -> None:
        values = {
            "telegram": wished.telegram,
            "sms": wished.sms,
            "changed_at": self._wall.now(),
            "changed_by": f"{payer.channel}:{payer.address}",
        }
        dialect = sqlite if tx.sqlite else postgresql
        fresh = dialect.insert(alert_setting).values(account_id=account_id, **values)
        await tx.execute(fresh.on_conflict_do_update(index_elements=["account_id"], set_=values))

    async def _screen(self, tx: Transaction, account_id: AccountId) -> SettingsScreen:
        row = await tx.one(select(account).where(account.c.id == account_id))
        posted = await book.balance(tx, of_subscriber(account_id))
        at = max(self._clock.now(), row.accrued_until)
        seen = balances.watched(row, self._profile).shown(posted, at, self._profile.zone)
        return SettingsScreen(row.number, await self._stored(tx, account_id), seen.balance)

    async def _stored(self, tx: Transaction, account_id: AccountId) -> Settings:
        stored = await tx.scalar(select(account.c.watch).where(account.c.id == account_id))
        row = await tx.first(select(alert_setting).where(alert_setting.c.account_id == account_id))
        watch, ways = Watch.of(stored, self._profile), Ways.of(row, self._profile)
        return Settings(watch.days, watch.threshold, watch.negative, ways.telegram, ways.sms)

    async def _of_phone(self, tx: Transaction, payer: Payer, number: str | None) -> AccountId:
        rows = await tx.all(
            select(account.c.id, account.c.number)
            .join(account_phone, account_phone.c.account_id == account.c.id)
            .where(account_phone.c.msisdn == payer.address)
            .order_by(account.c.number)
        )
        if not rows:
            raise NoRegisteredPhone
        if number is not None:
            rows = [row for row in rows if row.number == number.lstrip("0")]
            if not rows:
                raise NotLinked
        if len(rows) > 1:
            raise AccountNeeded([row.number for row in rows])
        return AccountId(rows[0].id)

    async def _reply(
        self, tx: Transaction, payer: Payer, of: SettingsScreen, locale: str, answering: IncomingId
    ) -> None:
        stopped = await tx.scalar(
            select(subscriber.c.stopped).where(
                subscriber.c.channel == payer.channel, subscriber.c.address == payer.address
            )
        )
        said = AlertsState(**_facts(of), stopped=bool(stopped))
        await incoming.answer(tx, answering, payer, said, locale=locale, now=self._wall.now())

    async def _tell(self, tx: Transaction, account_id: AccountId, of: SettingsScreen, by: By) -> None:
        await self._tell_others(tx, account_id, of, by.payer)
        locale = await locale_of(tx, by.payer, self._profile)
        key, now = addressed(by.payer, f"alerts:{new_id()}"), self._wall.now()
        said = AlertsChanged(**_facts(of))
        await outbox.add(tx, by.payer, said, key=key, locale=locale, now=now, edit=by.screen)

    async def _tell_others(
        self, tx: Transaction, account_id: AccountId, of: SettingsScreen, by: Payer
    ) -> None:
        rows = await tx.all(
            select(link.c.channel, link.c.address)
            .where(link.c.account_id == account_id, link.c.ended_at.is_(None))
            .order_by(link.c.id)
        )
        event, now = new_id(), Moment(self._clock.now(), self._wall.now())
        for other in (Payer(row.channel, row.address) for row in rows):
            if other == by:
                continue
            locale = await locale_of(tx, other, self._profile)
            said = AlertsChanged(**_facts(of), by_other=True)
            key = addressed(other, f"alerts:{event}")
            await outbox.add(tx, other, said, key=key, locale=locale, now=now.wall)


def _watch(wished: Settings) -> Watch:
    return Watch(wished.days, wished.threshold, wished.negative)


def _facts(of: SettingsScreen) -> dict[str, Any]:
    wished = of.settings
    return {
        "number": of.number,
        "balance": of.balance,
        "days": list(wished.days),
        "threshold": wished.threshold,
        "negative": wished.negative,
        "telegram": wished.telegram,
        "sms": wished.sms,
    }
