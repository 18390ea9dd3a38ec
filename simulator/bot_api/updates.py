"""The queue of updates on their way to the bot, and the long poll that empties it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice, takewhile

from simulator.bot_api.chats import first_id
from simulator.bot_api.errors import ApiObject, conflict

UPDATE_SECONDS = 86_400  # Telegram keeps an update for a day …
CALLBACK_SECONDS = 150  # … and a press of a button, which nobody will wait for longer, for less
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"

# Updates of one queue go to a webhook one after another; queues do not wait for each other.
Queue = tuple[str, int]


@dataclass
class Update:
    update_id: int
    kind: str
    body: ApiObject
    queue: Queue
    expires_at: float
    repeats: int = 0  # how often it comes again after it was confirmed

    def as_api(self) -> ApiObject:
        return {"update_id": self.update_id, self.kind: self.body}


@dataclass
class UpdateQueue:
    repeats: Callable[[], int]
    allowed: frozenset[str] = frozenset()  # empty: all that come by default
    listener: Callable[[Update], None] | None = None  # the webhook, while it is set
    _pending: dict[int, Update] = field(default_factory=dict)  # by id, oldest first
    _queues: dict[Queue, dict[int, Update]] = field(default_factory=dict)  # the same, parted
    _next_id: int = field(default_factory=first_id)
    _poll: asyncio.Future[None] | None = None

    def add(self, kind: str, body: ApiObject, queue: Queue, *, seconds: float = UPDATE_SECONDS) -> int | None:
        """Its update_id; None when the bot did not ask for updates of this kind."""
        if self.allowed and kind not in self.allowed:
            return None
        update = Update(self._next_id, kind, body, queue, time.monotonic() + seconds, self.repeats())
        self._next_id += 1
        self._pending[update.update_id] = update
        self._queues.setdefault(queue, {})[update.update_id] = update
        if self.listener is not None:
            self.listener(update)
        elif self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return update.update_id

    @property
    def is_polled(self) -> bool:
        """Whether a bot waits at this moment."""
        return self._poll is not None

    def pending(self, limit: int | None = None) -> list[Update]:
        now = time.monotonic()
        return list(islice((item for item in self._pending.values() if item.expires_at > now), limit))

    def next_of(self, queue: Queue) -> Update | None:
        for update in list(self._queues.get(queue, {}).values()):
            if update.expires_at > time.monotonic():
                return update
            self.drop(update)
        return None

    def confirm(self, update: Update) -> None:
        if update.repeats > 0:
            update.repeats -= 1
        else:
            self.drop(update)

    def drop(self, update: Update) -> None:
        self._pending.pop(update.update_id, None)
        parted = self._queues.get(update.queue, {})
        parted.pop(update.update_id, None)
        if not parted:
            self._queues.pop(update.queue, None)

    def drop_all(self) -> None:
        self._pending.clear()
        self._queues.clear()

    async def poll(self, *, offset: int, limit: int, seconds: float) -> list[Update]:
        """Confirms what lies before `offset` (below zero: all but the last), then waits for something."""
        known = self._pending.values()
        before = takewhile(lambda update: update.update_id < offset, known)
        confirmed = list(known)[:offset] if offset < 0 else list(before)
        for update in confirmed:
            self.confirm(update)
        if seconds > 0 and not self.pending(1):
            await self._wait(seconds)
        return self.pending(limit)

    def end_poll(self, reason: str = "") -> None:
        """Sends the waiting bot away: with nothing, or with a conflict and its reason."""
        if self._poll is not None and not self._poll.done():
            if reason:
                self._poll.set_exception(conflict(reason))
            else:
                self._poll.set_result(None)

    async def _wait(self, seconds: float) -> None:
        self.end_poll(OTHER_POLLER)
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
