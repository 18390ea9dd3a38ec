"""The push of updates to the bot's webhook: serial queues, retries with backoff, calls in the answers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from simulator.bot_api.arguments import Arguments, of_body
from simulator.bot_api.errors import ApiError, ApiObject
from simulator.bot_api.updates import Queue, Update, UpdateQueue

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
CONNECTIONS = 40  # at once, unless the bot asks for another number
ANSWER_SECONDS = 60
PAUSE_SECONDS_MOST = 60  # the longest pause between tries, before chance doubles it at most
RETRY_AFTER_SECONDS_MOST = 3600
# A webhook's answer may not read anything or touch the webhook itself.
NOT_IN_ANSWERS = {"deletewebhook", "setwebhook", "close", "logout"}

Execute = Callable[[str, Arguments], Awaitable[object]]


@dataclass(frozen=True)
class Target:
    url: str
    secret: str = ""
    connections: int = CONNECTIONS


@dataclass(frozen=True)
class Reply:
    status: int
    reason: str
    retry_after: int
    call: Arguments


@dataclass
class Webhook:
    updates: UpdateQueue
    execute: Execute
    pause_unit_seconds: float = 1.0  # tests shorten the backoff with it
    target: Target | None = None
    last_error_date: int = 0
    last_error_message: str = ""
    _group: asyncio.TaskGroup | None = None
    _session: aiohttp.ClientSession | None = None
    _workers: dict[Queue, asyncio.Task[None]] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            self._session, self._group = session, group
            try:
                yield
            finally:
                self.set(None)
                self._group = self._session = None

    def set(self, target: Target | None) -> None:
        """What is under way stops; what has not been confirmed goes to the new target, if there is one."""
        for worker in self._workers.values():
            worker.cancel()
        self._workers.clear()
        self.target = target
        self.last_error_date, self.last_error_message = 0, ""
        self.updates.listener = self._wake if target else None
        if target is not None:
            self._slots = asyncio.Semaphore(target.connections)
            for update in self.updates.pending():
                self._wake(update)

    def info(self) -> ApiObject:
        info: ApiObject = {
            "url": self.target.url if self.target else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates.pending()),
        }
        if self.last_error_date:
            info["last_error_date"] = self.last_error_date
            info["last_error_message"] = self.last_error_message
        if self.target:
            info["max_connections"] = self.target.connections
        if self.updates.allowed:
            info["allowed_updates"] = sorted(self.updates.allowed)
        return info

    def _wake(self, update: Update) -> None:
        if self._group is None:
            raise RuntimeError("the webhook is set, but BotApi.running() was not entered: nobody would push")
        if update.queue not in self._workers:
            self._workers[update.queue] = self._group.create_task(self._drain(update.queue))

    async def _drain(self, queue: Queue) -> None:
        while (update := self.updates.next_of(queue)) is not None:
            await self._deliver(update)
        del self._workers[queue]

    async def _deliver(self, update: Update) -> None:
        failures = 0
        while True:
            async with self._slots:
                reply = await self._push(update)
            if reply is not None and 200 <= reply.status <= 299:
                await self._obey(reply.call)
                self.updates.confirm(update)
                return
            asked = reply.retry_after if reply else 0
            pause = asked or pause_seconds(failures) * self.pause_unit_seconds
            if time.monotonic() + pause >= update.expires_at:
                self.updates.drop(update)
                return
            failures += 1
            await asyncio.sleep(pause)

    async def _push(self, update: Update) -> Reply | None:
        """The answer; None when there was none."""
        assert self.target is not None
        assert self._session is not None
        headers = {SECRET_HEADER: self.target.secret} if self.target.secret else {}
        try:
            async with self._session.post(self.target.url, json=update.as_api(), headers=headers) as answer:
                call = of_body(await answer.read(), answer.headers.get("Content-Type", ""))
                pause = Arguments({"seconds": answer.headers.get("Retry-After", "")})
                retry_after = pause.bounded("seconds", 0, least=0, most=RETRY_AFTER_SECONDS_MOST)
                reply = Reply(answer.status, answer.reason or "", retry_after, call)
        except ApiError:
            reply = Reply(200, "OK", 0, Arguments({}))  # an answer that is no call is just an answer
        except (aiohttp.ClientError, TimeoutError) as error:
            self._note(f"Connection failed: {type(error).__name__}")
            return None
        if not 200 <= reply.status <= 299:
            self._note(f"Wrong response from the webhook: {reply.status} {reply.reason}")
        return reply

    def _note(self, message: str) -> None:
        self.last_error_date, self.last_error_message = int(time.time()), message

    async def _obey(self, call: Arguments) -> None:
        method = call.text("method").lower()
        if not method or method in NOT_IN_ANSWERS or method.startswith("get"):
            return
        try:
            await self.execute(method, call)
        except ApiError:
            return  # Nobody waits for the outcome of a call made in an answer.


def pause_seconds(failures: int) -> float:
    """Before the next try. The second comes at once, then after 2, 4, 8 … as from Telegram's own server."""
    if failures == 0:
        return 0
    return min(2.0**failures, random.uniform(PAUSE_SECONDS_MOST, 2 * PAUSE_SECONDS_MOST))
