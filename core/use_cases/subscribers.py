"""Subscribers: the people who write to us, and what they chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, case, false, func, select, update

from core.clock import Clock
from core.ids import AccountId, IncomingId, Payer
from core.messages import incoming
from core.messages.notices import LanguageChosen, Started, Stopped
from core.profile import Profile
from core.states import Channel, IncomingOutcome
from core.storage.away import outlasting
from core.storage.batch import Batch
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming as incoming_table
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows
from core.storage.tables import subscriber
from core.use_cases import consents

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# Asked for with every message: built once.
_PERSON = select(subscriber).where(
    subscriber.c.channel == bindparam("of"), subscriber.c.address == bindparam("at")
)
_PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
_CHOSEN = select(subscriber.c.address, subscriber.c.locale).where(
    subscriber.c.channel == bindparam("of"),
    subscriber.c.address.in_(_PEOPLE),
    subscriber.c.locale_chosen.is_(True),
)
_IS_VOUCHED = func.coalesce(incoming_table.c.payload[incoming.VOUCHED].as_boolean(), false()).label(
    "is_vouched"
)
_REPLIES = (
    select(
        notice.c.address,
        _IS_VOUCHED,
        func.count().label("day"),
        func.sum(case((notice.c.created_at > bindparam("this_hour"), 1), else_=0)).label("hour"),
    )
    .join(incoming_table, incoming_table.c.id == notice.c.incoming_id)
    .where(
        notice.c.channel == bindparam("of"),
        notice.c.address.in_(_PEOPLE),
        notice.c.created_at > bindparam("this_day"),
    )
    .group_by(notice.c.address, "is_vouched")
)
_NEW = NewRows(subscriber, "channel", "address", returning="address")


@dataclass(frozen=True, slots=True)
class Subscriber:
    payer: Payer
    locale: str
    locale_chosen: bool
    current_account: AccountId | None
    reachable: bool
    stopped: bool


@dataclass(frozen=True, slots=True)
class Replies:
    """How many a person got in an hour and a day."""

    hour: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes: the language they chose, if any, and the replies to what came as theirs.

    What came by a way that vouches for nobody may be anybody's, and has replies of its own.
    """

    locale: str | None
    vouched: Replies = Replies()
    unvouched: Replies = Replies()


class Subscribers:
    def __init__(self, database: Database, profile: Profile, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._wall = wall
        self._writing: Batch[Payer, Writing] = Batch(self._look)

    async def get(self, payer: Payer, *, locale: str | None = None) -> Subscriber:
        """The person; kept from the first sight on where the channel tells a language to remember."""
        async with self._database.read() as tx:
            row = await tx.first(_PERSON, {"of": payer.channel, "at": payer.address})
        if row is None and locale is None:
            default = self._profile.default_locale
            return Subscriber(payer, default, False, None, reachable=True, stopped=False)
        if row is None:
            async with self._database.transaction() as tx:
                row = await self._make(tx, payer, locale)
        return Subscriber(
            payer, row.locale, row.locale_chosen, row.current_account, row.reachable, row.stopped
        )

    async def writing(self, payer: Payer) -> Writing:
        """What has to be known of a person before their message is answered."""
        return await self._writing.put(payer)

    async def _look(self, payers: Sequence[Payer]) -> Sequence[Writing]:
        now, found = self._wall.now(), dict[Payer, Writing]()
        since = {"this_hour": now - HOUR, "this_day": now - DAY}
        async with self._database.read() as tx:
            for channel in {payer.channel for payer in payers}:
                people = sorted({payer.address for payer in payers if payer.channel == channel})
                named = {"of": channel, "people": people}
                chosen = {row.address: row.locale for row in await tx.all(_CHOSEN, named)}
                replies = {
                    (row.address, bool(row.is_vouched)): Replies(int(row.hour), row.day)
                    for row in await tx.all(_REPLIES, named | since)
                }
                for address in people:
                    found[Payer(channel, address)] = Writing(
                        chosen.get(address),
                        vouched=replies.get((address, True), Replies()),
                        unvouched=replies.get((address, False), Replies()),
                    )
        return [found[payer] for payer in payers]

    async def set_locale(self, payer: Payer, locale: str) -> None:
        await self._set(payer, locale=locale, locale_chosen=True)

    async def choose_language(self, payer: Payer, locale: str, *, answering: IncomingId) -> None:
        """SMS: answer in this language from now on, and write first in it; the reply says so in it."""
        async with self._database.transaction() as tx:
            await self._make(tx, payer, None)
            chosen = update(subscriber).where(_is(payer)).values(locale=locale, locale_chosen=True)
            await tx.execute(chosen)
            said = LanguageChosen()
            await incoming.answer(tx, answering, payer, said, locale=locale, now=self._wall.now())

    async def choose_account(self, payer: Payer, account_id: AccountId) -> None:
        await self._set(payer, current_account=account_id)

    @outlasting
    async def set_reachable(self, payer: Payer, *, reachable: bool) -> None:
        await self._set(payer, reachable=reachable)

    async def stop(
        self,
        payer: Payer,
        *,
        answering: IncomingId,
        locale: str | None = None,
        silent: IncomingOutcome | None = None,
    ) -> None:
        """SMS: we do not write first any more. The confirmation is the last that we say, in `locale`.

        `silent` says why it is not said; it holds all the same.
        """
        await self._stopped(payer, locale, answering, stopped=True, silent=silent)

    async def start(self, payer: Payer, *, answering: IncomingId, locale: str | None = None) -> None:
        await self._stopped(payer, locale, answering, stopped=False)

    async def was_written_to(self, payer: Payer) -> bool:
        """Whether we ever sent this person anything: a bare STOP on a shared number asks that."""
        async with self._database.read() as tx:
            known = await tx.scalar(
                select(notice.c.id)
                .where(notice.c.channel == payer.channel, notice.c.address == payer.address)
                .limit(1)
            )
            return known is not None

    async def _stopped(
        self,
        payer: Payer,
        locale: str | None,
        answering: IncomingId,
        *,
        stopped: bool,
        silent: IncomingOutcome | None = None,
    ) -> None:
        async with self._database.transaction() as tx:
            row = await self._make(tx, payer, None)
            await tx.execute(update(subscriber).where(_is(payer)).values(stopped=stopped))
            if stopped:  # who comes back has not asked for advertising by that
                await consents.end(tx, payer, self._wall.now())
            if silent is not None:
                await incoming.finish(tx, answering, outcome=silent)
                return
            said = Stopped() if stopped else Started()
            language, now = locale or row.locale, self._wall.now()
            await incoming.answer(tx, answering, payer, said, locale=language, now=now)

    async def _set(self, payer: Payer, **values: Any) -> None:
        async with self._database.transaction() as tx:
            await self._make(tx, payer, None)
            await tx.execute(update(subscriber).where(_is(payer)).values(**values))

    async def _make(self, tx: Transaction, payer: Payer, locale: str | None) -> Any:
        if locale not in self._profile.locales:
            locale = self._profile.default_locale
        await _NEW.add_one(
            tx,
            channel=payer.channel,
            address=payer.address,
            locale=locale,
            locale_chosen=False,
            reachable=True,
            stopped=False,
            first_seen_at=self._wall.now(),
        )
        return await tx.one(select(subscriber).where(_is(payer)))


def _is(payer: Payer) -> Any:
    return and_(subscriber.c.channel == payer.channel, subscriber.c.address == payer.address)


async def locale_of(tx: Transaction, payer: Payer, profile: Profile) -> str:
    """The language to write to a person in, inside a transaction that tells them something."""
    chosen = await tx.scalar(select(subscriber.c.locale).where(_is(payer)))
    return str(chosen or profile.default_locale)


def is_phone(payer: Payer) -> bool:
    return payer.channel == Channel.SMS
