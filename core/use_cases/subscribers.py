"""Subscribers: the people who write to us, and what they chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, func, select, update

from core.clock import Clock
from core.ids import AccountId, IncomingId, Payer
from core.messages import incoming
from core.messages.notices import Started, Stopped
from core.profile import Profile
from core.states import Channel
from core.storage.away import outlasting
from core.storage.batch import Batch
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows
from core.storage.tables import subscriber
from core.use_cases import consents

# Asked for with every message: built once.
_PERSON = select(subscriber).where(
    subscriber.c.channel == bindparam("of"), subscriber.c.address == bindparam("at")
)
_PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
_LOCALES = select(subscriber.c.address, subscriber.c.locale).where(
    subscriber.c.channel == bindparam("of"), subscriber.c.address.in_(_PEOPLE)
)
_REPLIES = (
    select(notice.c.address, func.count().label("replies"))
    .where(
        notice.c.channel == bindparam("of"),
        notice.c.address.in_(_PEOPLE),
        notice.c.created_at > bindparam("since"),
        notice.c.incoming_id.is_not(None),
    )
    .group_by(notice.c.address)
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


class Subscribers:
    def __init__(self, database: Database, profile: Profile, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._wall = wall
        self._writing: Batch[tuple[Payer, timedelta], tuple[str, int]] = Batch(self._look)

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

    async def writing(self, payer: Payer, *, window: timedelta) -> tuple[str, int]:
        """The language to answer a message in, and how many replies went out within `window`."""
        return await self._writing.put((payer, window))

    async def _look(self, asked: Sequence[tuple[Payer, timedelta]]) -> Sequence[tuple[str, int]]:
        groups: dict[tuple[Channel, timedelta], set[str]] = {}
        for payer, window in asked:
            groups.setdefault((payer.channel, window), set()).add(payer.address)
        found: dict[tuple[Payer, timedelta], tuple[str, int]] = {}
        async with self._database.read() as tx:
            for (channel, window), people in groups.items():
                named = {"of": channel, "people": sorted(people)}
                locales = {row.address: row.locale for row in await tx.all(_LOCALES, named)}
                since = {"since": self._wall.now() - window}
                replies = {row.address: row.replies for row in await tx.all(_REPLIES, named | since)}
                for address in people:
                    locale = locales.get(address, self._profile.default_locale)
                    found[Payer(channel, address), window] = locale, replies.get(address, 0)
        return [found[each] for each in asked]

    async def set_locale(self, payer: Payer, locale: str) -> None:
        await self._set(payer, locale=locale, locale_chosen=True)

    async def choose_account(self, payer: Payer, account_id: AccountId) -> None:
        await self._set(payer, current_account=account_id)

    @outlasting
    async def set_reachable(self, payer: Payer, *, reachable: bool) -> None:
        await self._set(payer, reachable=reachable)

    async def stop(self, payer: Payer, *, answering: IncomingId) -> None:
        """SMS: we do not write first any more. The confirmation is the last that we say."""
        await self._stopped(payer, answering, stopped=True)

    async def start(self, payer: Payer, *, answering: IncomingId) -> None:
        await self._stopped(payer, answering, stopped=False)

    async def was_written_to(self, payer: Payer) -> bool:
        """Whether we ever sent this person anything: a bare STOP on a shared number asks that."""
        async with self._database.read() as tx:
            known = await tx.scalar(
                select(notice.c.id)
                .where(notice.c.channel == payer.channel, notice.c.address == payer.address)
                .limit(1)
            )
            return known is not None

    async def _stopped(self, payer: Payer, answering: IncomingId, *, stopped: bool) -> None:
        async with self._database.transaction() as tx:
            row = await self._make(tx, payer, None)
            await tx.execute(update(subscriber).where(_is(payer)).values(stopped=stopped))
            if stopped:  # who comes back has not asked for advertising by that
                await consents.end(tx, payer, self._wall.now())
            said = Stopped() if stopped else Started()
            await incoming.answer(tx, answering, payer, said, locale=row.locale, now=self._wall.now())

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
