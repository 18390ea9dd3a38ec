"""Receiving: what the doors do with an incoming message before and after its handler."""

from collections.abc import Sequence

from sqlalchemy import select

from core.clock import Clock
from core.ids import IncomingId, Payer
from core.messages import incoming
from core.messages.incoming import Accepted, Arrival, Reply
from core.messages.notices import Notice
from core.states import Channel, IncomingOutcome
from core.storage.batch import Batch
from core.storage.database import Database
from core.storage.message_tables import incoming as incoming_table
from core.use_cases.sms_parts import SmsParts


class Receiving:
    """The inbox. An acknowledgement may be given once `accept` has returned."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall
        self.parts = SmsParts(database, wall)
        self._replies: Batch[Reply, None] = Batch(self._answer)

    async def accept(self, messages: Sequence[Arrival]) -> list[Accepted]:
        """Store messages in one commit; card numbers are masked before that.

        `fresh` messages are the caller's to handle within 20 s; others are in other hands or done.
        """
        async with self._database.transaction() as tx:
            return await incoming.store(tx, messages, now=self._wall.now())

    async def exchange(self, items: Sequence[Arrival | IncomingId]) -> list[Accepted | None]:
        """Store what came into a chat, and close and forget what was answered there (by id), in one commit.

        The stored ones in the order of `items`, None for the closed ones.
        """
        arrivals = [item for item in items if isinstance(item, Arrival)]
        answered = [item for item in items if not isinstance(item, Arrival)]
        async with self._database.transaction() as tx:
            stored = await incoming.store(tx, arrivals, now=self._wall.now()) if arrivals else []
            if answered:
                await incoming.forget_answered(tx, answered)
        accepted = iter(stored)
        return [next(accepted) if isinstance(item, Arrival) else None for item in items]

    async def finish(
        self,
        incoming_id: IncomingId,
        *,
        reply: Notice | None = None,
        to: Payer | None = None,
        locale: str = "ru",
        silent: IncomingOutcome | None = None,
    ) -> None:
        """Close a message with its reply, or in silence for a reason that staff see."""
        if reply is not None:
            assert to is not None, "a reply has an address"
            await self._replies.put(Reply(incoming_id, to, reply, locale))
            return
        async with self._database.at_once() as tx:
            await incoming.finish(tx, incoming_id, outcome=silent or IncomingOutcome.ANSWERED)

    async def _answer(self, replies: Sequence[Reply]) -> Sequence[None]:
        async with self._database.at_once() as tx:
            await incoming.answer_all(tx, replies, now=self._wall.now())
        return [None] * len(replies)

    async def finish_and_forget(self, incoming_id: IncomingId, *, failed: str | None = None) -> None:
        """Close a chat's message and drop its words: one-time codes are typed there."""
        async with self._database.transaction() as tx:
            await incoming.forget(tx, incoming_id)
            if failed is None:
                await incoming.finish(tx, incoming_id, outcome=IncomingOutcome.ANSWERED)
            else:
                await incoming.finish(tx, incoming_id, outcome=IncomingOutcome.FAILED, reason=failed)

    async def fail(self, incoming_id: IncomingId, reason: str) -> None:
        """Give a message up: it is not run again, staff see the reason."""
        async with self._database.transaction() as tx:
            await incoming.finish(tx, incoming_id, outcome=IncomingOutcome.FAILED, reason=reason)

    async def take_abandoned(self, channel: Channel, n: int) -> list[Accepted]:
        """Messages that were stored and whose handler died; they are the caller's now."""
        async with self._database.transaction() as tx:
            return await incoming.take_abandoned(tx, channel, limit=n, now=self._wall.now())

    async def attempts(self, incoming_id: IncomingId) -> int:
        async with self._database.read() as tx:
            return int(
                await tx.scalar(select(incoming_table.c.attempt).where(incoming_table.c.id == incoming_id))
                or 0
            )
