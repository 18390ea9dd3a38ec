"""From the inbox to the handlers: messages of one sender one at a time and in order, of many side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import structlog

from core.ids import IncomingId
from core.messages.incoming import Accepted
from core.messages.wakeups import Wakeups
from core.states import Channel
from core.use_cases.receiving import Receiving

log = structlog.get_logger(__name__)

WORKERS = 100  # senders at once: they share statements, so that more of them cost less each
MOST_TRIES = 5
SWEEP_SECONDS = 5.0
SWEEP_AT_ONCE = 100

Handle = Callable[[Accepted], Awaitable[None]]


class Handling:
    def __init__(self, receiving: Receiving, handle: Handle, wakeups: Wakeups) -> None:
        self._receiving = receiving
        self._handle = handle
        self._wakeups = wakeups
        self._lines: dict[str, deque[Accepted]] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._in_hand: set[IncomingId] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def take_up(self, messages: Sequence[Accepted]) -> None:
        for message in messages:
            if message.id in self._in_hand:
                continue  # its lease ran out while it waited for its turn here
            self._in_hand.add(message.id)
            self._idle.clear()
            sender = message.arrival.sender
            line = self._lines.get(sender)
            if line is None:
                self._lines[sender] = deque((message,))
                self._ready.put_nowait(sender)
            else:
                line.append(message)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep())
            for _ in range(WORKERS):
                tasks.create_task(self._work())

    async def handle_once(self) -> None:
        """Wait for a sender's turn and handle the first message of their line."""
        sender = await self._ready.get()
        line = self._lines[sender]
        message = line.popleft()
        try:
            await self._handle(message)
        except Exception:
            incident = uuid4().hex[:8]
            log.exception("sms not handled", incident=incident, incoming=str(message.id))
            await self._left(message, incident)
        finally:
            self._in_hand.discard(message.id)
            if line:
                self._ready.put_nowait(sender)
            else:
                del self._lines[sender]
            if not self._in_hand:
                self._idle.set()

    async def sweep_once(self) -> int:
        """Take up what a process that died, or a failure here, has left; how many."""
        abandoned = await self._receiving.take_abandoned(Channel.SMS, SWEEP_AT_ONCE)
        self.take_up(abandoned)
        return len(abandoned)

    async def idle(self) -> None:
        """Return when nothing is in hand."""
        await self._idle.wait()

    async def _work(self) -> None:
        while True:
            await self.handle_once()

    async def _sweep(self) -> None:
        while True:
            try:
                taken = await self.sweep_once()
            except Exception:
                log.exception("sweep of abandoned sms failed")
                taken = 0
            if taken < SWEEP_AT_ONCE:
                await self._wakeups.wait("inbox.sms", SWEEP_SECONDS)

    async def _left(self, message: Accepted, incident: str) -> None:
        """Its lease runs out and the sweep tries again, a few times."""
        try:
            if await self._receiving.attempts(message.id) >= MOST_TRIES:
                await self._receiving.fail(message.id, f"incident {incident}")
        except Exception:
            log.exception("failed sms not closed", incoming=str(message.id))
