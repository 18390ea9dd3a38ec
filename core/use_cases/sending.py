"""Sending: the outbox as the channels' deliveries see it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, case, or_, select, update

from core.clock import Clock
from core.messages import autopay_notices, notices, outbox
from core.messages.outbox import DueNotice
from core.states import Channel, NoticeState
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.queue import unfinished

if TYPE_CHECKING:
    from core.payments.seal import Seal  # its import costs 30 ms, and few processes open a code

UNCERTAIN_AGAIN = timedelta(seconds=10)
MAX_ATTEMPTS = 8  # with the back-off of the doors this spans more than a notice's life
_REPEATS = {
    kind.template: kind.repeats
    for module in (notices, autopay_notices)
    for kind in vars(module).values()
    if hasattr(kind, "template")
}


class Sending:
    """Each outcome is written by (id, lease): a delivery that lost its lease changes nothing."""

    def __init__(self, database: Database, wall: Clock, seal: "Seal | None" = None) -> None:
        self._database = database
        self._wall = wall
        self._seal = seal

    async def claim(self, channel: Channel, n: int) -> list[DueNotice]:
        """Hold up to `n` due notices for 30 s, expired ones aside."""
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
                    or_(due, and_(taken, notice.c.lease_until < now)),
                    notice.c.expires_at < now,
                )
                .values(
                    # Who held it died, perhaps after sending it.
                    state=case((due, NoticeState.EXPIRED), else_=NoticeState.UNCERTAIN),
                    reason="too late to be of use",
                    lease=None,
                    lease_until=None,
                )
            )
            held = await outbox.claim(tx, channel, limit=n, now=now)
        return [self._opened(each) for each in held]

    async def sent(self, delivered: Sequence[tuple[DueNotice, str | None]]) -> None:
        """They went out; the id is the channel's own, by which a receipt finds the notice."""
        if not delivered:
            return
        statement = (
            update(notice)
            .where(
                notice.c.id == bindparam("key"),
                notice.c.lease == bindparam("held"),
                notice.c.state == NoticeState.TAKEN,
            )
            .values(
                state=NoticeState.SENT,
                lease=None,
                lease_until=None,
                provider_id=bindparam("said"),
                sent_at=self._wall.now(),
            )
        )
        async with self._database.transaction() as tx:
            await tx.execute(
                statement,
                [
                    {"key": each.id, "held": each.lease, "said": provider_id}
                    for each, provider_id in delivered
                ],
            )

    async def retry(self, held: DueNotice, *, after: timedelta, reason: str) -> None:
        """It certainly did not go out: again after a while, up to MAX_ATTEMPTS."""
        async with self._database.transaction() as tx:
            if held.attempt >= MAX_ATTEMPTS:
                await outbox.settle(tx, [held], NoticeState.FAILED, reason=reason[:120])
            else:
                await self._again(tx, held, after=after, reason=reason)

    async def failed(self, held: DueNotice, reason: str) -> None:
        async with self._database.transaction() as tx:
            await outbox.settle(tx, [held], NoticeState.FAILED, reason=reason[:120])

    async def uncertain(self, held: DueNotice, reason: str) -> None:
        """It may have gone out. What tells of money is sent again, visibly marked; the rest is left."""
        async with self._database.transaction() as tx:
            if _REPEATS.get(held.template, False) and held.attempt < MAX_ATTEMPTS:
                await self._again(tx, held, after=UNCERTAIN_AGAIN, reason=reason, repeat=True)
            else:
                await outbox.settle(tx, [held], NoticeState.UNCERTAIN, reason=reason[:120])

    async def receipt(self, provider_id: str, *, delivered: bool, reason: str = "") -> bool:
        """What the mobile network says became of a sent SMS; false where we know no such SMS."""
        state = NoticeState.DELIVERED if delivered else NoticeState.FAILED
        async with self._database.transaction() as tx:
            known = await tx.execute(
                update(notice)
                .where(
                    notice.c.channel == Channel.SMS,  # Telegram's numbers are alike and get no receipts
                    notice.c.provider_id == provider_id,
                    notice.c.state.in_([NoticeState.SENT, NoticeState.UNCERTAIN]),
                )
                .values(state=state, reason=reason[:120] or None)
            )
            return known.rowcount > 0

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
        now = self._wall.now()
        due = select(notice.c.id).where(
            notice.c.channel == channel,
            unfinished(notice),
            notice.c.next_at <= now,
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
