"""Bulk: claims of what goes to many, and who of them is written to after all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    TextClause,
    and_,
    case,
    false,
    or_,
    select,
    text,
    true,
    update,
)

from core.clock import Clock
from core.ids import new_id
from core.messages import outbox
from core.messages.broadcast_text import fields_in
from core.messages.outbox import HELD, LEASE, DueNotice
from core.notice_states import BroadcastKind, BroadcastState
from core.profile import Profile
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.queue import unfinished
from core.use_cases import alert_wording
from core.use_cases.broadcast_facts import Facts, facts_of
from core.use_cases.bulk_recipients import HARMLESS_AGAIN, Running, repeating, sift
from core.use_cases.sms_budgets import SPENT

LOST = "its delivery ended in the middle"
UNKNOWN_FACTS = "its account's facts are not known"

_CHANGES = select(notice.c.id).where(
    notice.c.broadcast_id == broadcast.c.id,
    notice.c.broadcast_id.is_not(None),
    notice.c.parent_id.is_not(None),
    notice.c.template.in_(HARMLESS_AGAIN),
    notice.c.state == NoticeState.DUE,
)


class BulkSending:
    """Pause and cancel are one change of the broadcast's row: the next claim sees it."""

    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._round = 0

    async def claim(self, channel: Channel, n: int) -> list[DueNotice]:
        """Hold up to `n` of those that may be written to: first what is about one person, then broadcasts."""
        if not await self._has_due(channel):
            return []
        async with self._database.transaction() as tx:
            now = self._wall.now()
            await self._give_up(tx, channel, now)
            found = await self._take(tx, channel, None, n, now)
            running = await self._running(tx)
            for each in self._in_turn(running):
                if len(found) < n:
                    found += await self._take(tx, channel, each, n - len(found), now)
            held = await sift(tx, channel, found, running, self._profile, now)
            if found and not held:
                tx.wake(outbox.topic(channel, Lane.BULK))
            worded = await self._worded(tx, held, running)
            return await alert_wording.as_of(tx, worded, self._profile, self._clock.now())

    def is_quiet(self) -> bool:
        """Whether it is night where the operator's subscribers live."""
        return self._profile.notices.is_quiet(self._clock.now().astimezone(self._profile.zone).hour)

    async def _has_due(self, channel: Channel) -> bool:
        # A look costs no write lock: an idle delivery disturbs nobody.
        now = self._wall.now()
        due = and_(_in_bulk(channel), _due(None, now), self._by_day())
        async with self._database.read() as tx:
            if await tx.scalar(select(notice.c.id).where(due).limit(1)) is not None:
                return True
            if await tx.scalar(select(notice.c.id).where(*_lost(channel, now)).limit(1)) is not None:
                return True
            for each in await self._running(tx):
                mine = select(notice.c.id).where(_in_bulk(channel), _due(each, now), self._by_day())
                if await tx.scalar(mine.limit(1)) is not None:
                    return True
        return False

    async def _give_up(self, tx: Transaction, channel: Channel, now: datetime) -> None:
        """What somebody held who died is perhaps sent: only what tells of money goes again, marked."""
        again = or_(
            and_(notice.c.broadcast_id.is_(None), notice.c.template.in_(repeating())),
            notice.c.template.in_(HARMLESS_AGAIN),
        )
        lost = select(notice.c.id).where(*_lost(channel, now)).with_for_update(skip_locked=True).cte("lost")
        await tx.execute(
            update(notice)
            .where(notice.c.id.in_(select(lost.c.id)))
            .values(
                state=case((again, NoticeState.DUE), else_=NoticeState.UNCERTAIN),
                repeat=case((again, True), else_=notice.c.repeat),
                reason=LOST,
                lease=None,
                lease_until=None,
            )
        )

    async def _running(self, tx: Transaction) -> dict[UUID, Running]:
        """By night only the urgent ones, and those of which something is to be changed that was sent."""
        awake = or_(broadcast.c.urgent, _CHANGES.exists()) if self.is_quiet() else true()
        rows = await tx.all(
            select(broadcast)
            .where(unfinished(broadcast), broadcast.c.state == BroadcastState.RUNNING, awake)
            .order_by(broadcast.c.number)
        )
        return {
            row.id: Running(
                id=row.id,
                texts=row.texts,
                advertises=row.kind == BroadcastKind.ADVERTISING,
                urgent=row.urgent,
                tells_facts=bool(fields_in(row.texts)),
            )
            for row in rows
        }

    def _in_turn(self, running: dict[UUID, Running]) -> list[UUID]:
        """Urgent ones first; the others each in its turn, so that a long one holds up no short one."""
        self._round += 1
        urgent = [each.id for each in running.values() if each.urgent]
        others = [each.id for each in running.values() if not each.urgent]
        first = self._round % len(others) if others else 0
        return [*urgent, *others[first:], *others[:first]]

    async def _take(
        self, tx: Transaction, channel: Channel, of: UUID | None, n: int, now: datetime
    ) -> list[Row[Any]]:
        pick = (
            select(notice.c.id)
            .where(_in_bulk(channel), _due(of, now), self._by_day())
            .order_by(notice.c.next_at)
            .limit(n)
            .with_for_update(skip_locked=True)
        ).cte("pick")
        taken = await tx.all(
            update(notice)
            .where(notice.c.id.in_(select(pick.c.id)))
            .values(
                lease=new_id(), lease_until=now + LEASE, state=NoticeState.TAKEN, attempt=notice.c.attempt + 1
            )
            .returning(*HELD, notice.c.next_at)
        )
        return sorted(taken, key=lambda row: row.next_at)

    async def _worded(
        self, tx: Transaction, held: Sequence[DueNotice], running: dict[UUID, Running]
    ) -> list[DueNotice]:
        """A broadcast's words, and the facts of the moment where they name any."""
        default = self._profile.default_locale
        texts = {
            each.id: running[each.broadcast_id].text(each.channel, each.locale, default)
            for each in held
            if each.broadcast_id is not None
        }

        def names_facts(each: DueNotice) -> bool:
            return "{" in (texts.get(each.id) or "")

        naming = {each.account_id for each in held if each.account_id is not None and names_facts(each)}
        facts = await facts_of(tx, naming, self._profile, self._clock.now()) if naming else {}
        unknown = [each for each in held if each.account_id in naming - facts.keys() and names_facts(each)]
        await outbox.settle(tx, unknown, NoticeState.FAILED, reason=UNKNOWN_FACTS)
        left = {each.id for each in held} - {each.id for each in unknown}
        return [
            _worded(each, texts[each.id], facts, running[each.broadcast_id])
            if each.broadcast_id is not None
            else each
            for each in held
            if each.id in left
        ]

    def _by_day(self) -> ColumnElement[bool]:
        return notice.c.quiet == false() if self.is_quiet() else true()


def _worded(held: DueNotice, text: str | None, facts: Mapping[UUID, Facts], of: Running) -> DueNotice:
    params = {
        held.channel.value: text,
        "facts": {} if held.account_id is None else facts.get(held.account_id, {}),
        "opt_out": of.advertises,
    }
    if SPENT in held.params:
        params[SPENT] = held.params[SPENT]
    return replace(held, params=params)


def _in_bulk(channel: Channel) -> ColumnElement[bool]:
    return and_(unfinished(notice), notice.c.channel == channel, notice.c.lane == Lane.BULK)


def _due(of: UUID | None, now: datetime) -> ColumnElement[bool]:
    whose = notice.c.broadcast_id.is_(None) if of is None else notice.c.broadcast_id == of
    return and_(whose, notice.c.state == NoticeState.DUE, notice.c.next_at <= now)


def _lost(channel: Channel, now: datetime) -> tuple[TextClause | ColumnElement[bool], ...]:
    """In the words of the index over what is held."""
    return (
        text("state = 'taken'"),
        notice.c.channel == channel,
        notice.c.lane == Lane.BULK,
        notice.c.lease_until < now,
    )
