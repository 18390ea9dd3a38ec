"""Sending: the outbox as the channels' deliveries see it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, or_, select, update

from core.clock import Clock
from core.ids import NoticeId
from core.messages import outbox
from core.messages.notices import Notice
from core.messages.outbox import DueNotice
from core.profile import Profile
from core.states import Channel, Lane, NoticeState
from core.storage.away import outlasting
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.queue import unfinished
from core.use_cases import fallbacks, sms_budgets
from core.use_cases.bulk_recipients import BLOCKED, LATE
from core.use_cases.bulk_sending import BulkSending

if TYPE_CHECKING:
    from core.payments.seal import Seal  # its import costs 30 ms, and few processes open a code

UNCERTAIN_AGAIN = timedelta(seconds=10)
MAX_ATTEMPTS = 8  # half an hour by the back-off of the doors


class Sending:
    """Each outcome is written by (id, lease): a delivery that lost its lease changes nothing.

    What became of a message is written though the database is away for a moment: else it were uncertain.
    """

    def __init__(
        self, database: Database, profile: Profile, clock: Clock, wall: Clock, seal: "Seal | None" = None
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._seal = seal
        self._bulk = BulkSending(database, profile, clock, wall)

    async def claim(
        self, channel: Channel, n: int, *, lane: Lane = Lane.PEOPLE, avoid: Collection[str] = ()
    ) -> list[DueNotice]:
        """Hold up to `n` due notices of a lane for 20 s, expired ones aside.

        Answers to what came by the SMSCs of `avoid`, which take nothing now, stay where they are.
        """
        if lane == Lane.BULK:
            held = await self._bulk.claim(channel, n)
        else:
            held = await self._claim(channel, n, avoid)
        return [self._opened(each) for each in held]

    @outlasting
    async def sent(self, delivered: Sequence[tuple[DueNotice, str | None]]) -> None:
        """They went out; the id is the channel's own, by which a receipt finds the notice."""
        if not delivered:
            return
        async with self._database.transaction() as tx:
            await outbox.mark_sent(tx, delivered, self._wall.now())

    @outlasting
    async def put_back(self, held: Sequence[DueNotice], *, after: timedelta, reason: str) -> None:
        """They were not tried, or the channel said not now: no attempt is counted."""
        if not held:
            return
        async with self._database.transaction() as tx:
            await outbox.settle(
                tx,
                held,
                NoticeState.DUE,
                attempt=notice.c.attempt - 1,
                next_at=self._wall.now() + after,
                reason=reason[:120],
            )

    @outlasting
    async def retry(self, held: DueNotice, *, after: timedelta, reason: str) -> None:
        """It certainly did not go out: again after a while, as long as it lives.

        Of a broadcast up to MAX_ATTEMPTS: it has an end, and staff may try the failed ones again.
        """
        async with self._database.transaction() as tx:
            if held.broadcast_id is not None and held.attempt >= MAX_ATTEMPTS:
                await outbox.settle(tx, [held], NoticeState.FAILED, reason=reason[:120])
            else:
                await self._again(tx, held, after=after, reason=reason)

    @outlasting
    async def failed(self, held: DueNotice, reason: str) -> None:
        async with self._database.transaction() as tx:
            await outbox.settle(tx, [held], NoticeState.FAILED, reason=reason[:120])

    @outlasting
    async def blocked(self, held: DueNotice) -> None:
        """Its reader blocked the bot: it fails, and goes by SMS where its kind may."""
        async with self._database.transaction() as tx:
            if await outbox.settle(tx, [held], NoticeState.FAILED, reason=BLOCKED):
                await fallbacks.by_sms(tx, held, self._profile, now=self._wall.now())

    @outlasting
    async def spend(self, costs: Sequence[tuple[DueNotice, int]]) -> set[NoticeId]:
        """Take the segments of SMS that nobody asked for out of their budgets, before they are submitted.

        Those that nothing is left for; they have failed.
        """
        if not any(sms_budgets.is_budgeted(held) for held, _ in costs):
            return set()
        day = self._clock.now().astimezone(self._profile.zone).date()
        async with self._database.transaction() as tx:
            most = self._profile.notices.sms_fallback
            refused = await sms_budgets.spend(tx, costs, day, most_a_day=most)
            await outbox.settle(tx, refused, NoticeState.FAILED, reason="sms budget")
        return {each.id for each in refused}

    @outlasting
    async def uncertain(self, held: DueNotice, reason: str) -> None:
        """It may have gone out. What tells of money is sent again, visibly marked; the rest is left."""
        kind = Notice.kinds.get(held.template)
        async with self._database.transaction() as tx:
            if kind is not None and kind.repeats and held.attempt < MAX_ATTEMPTS:
                await self._again(tx, held, after=UNCERTAIN_AGAIN, reason=reason, repeat=True)
            else:
                await outbox.settle(tx, [held], NoticeState.UNCERTAIN, reason=reason[:120])

    async def _claim(self, channel: Channel, n: int, avoid: Collection[str]) -> list[DueNotice]:
        if not await self._has_due(channel):
            return []
        async with self._database.transaction() as tx:
            now = self._wall.now()
            due, taken = notice.c.state == NoticeState.DUE, notice.c.state == NoticeState.TAKEN
            await tx.execute(
                update(notice)
                .where(
                    unfinished(notice),
                    notice.c.channel == channel,
                    notice.c.lane == Lane.PEOPLE,
                    or_(due, and_(taken, notice.c.lease_until < now)),
                    notice.c.expires_at < now,
                )
                .values(
                    # Who held it died, perhaps after sending it.
                    state=case((due, NoticeState.EXPIRED), else_=NoticeState.UNCERTAIN),
                    reason=LATE,
                    lease=None,
                    lease_until=None,
                )
            )
            return await outbox.claim(tx, channel, limit=n, now=now, avoid=avoid)

    def _opened(self, held: DueNotice) -> DueNotice:
        """A one-time code rests sealed, and is opened for the delivery alone.

        Where its key is not here it stays without `code`, and what was claimed with it goes out.
        """
        if "sealed" not in held.params or self._seal is None:
            return held
        from core.payments.seal import SealBroken  # who has a seal has paid for the import

        try:
            code = self._seal.open(held.params["sealed"].encode())
        except SealBroken:
            return held
        return replace(held, params={**held.params, "code": code})

    async def _has_due(self, channel: Channel) -> bool:
        # A look costs no write lock: an idle delivery disturbs nobody.
        due = select(notice.c.id).where(
            notice.c.channel == channel,
            notice.c.lane == Lane.PEOPLE,
            unfinished(notice),
            notice.c.next_at <= self._wall.now(),
        )
        async with self._database.read() as tx:
            return await tx.scalar(due.limit(1)) is not None

    async def _again(
        self, tx: Transaction, held: DueNotice, *, after: timedelta, reason: str, repeat: bool = False
    ) -> None:
        await outbox.settle(
            tx,
            [held],
            NoticeState.DUE,
            next_at=self._wall.now() + after,
            reason=reason[:120],
            repeat=held.repeat or repeat,
        )
