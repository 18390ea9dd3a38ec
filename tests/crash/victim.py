"""A life of the product that ends by kill -9 at a chosen point, or goes on until it is told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from commands.run import serving
from core.clock import SystemClock
from core.payments.sandbox import Sandbox
from core.settings import Settings
from core.storage.database import Database, Transaction
from core.use_cases.receiving import Receiving
from core.use_cases.top_ups import TopUps
from core.wiring import Core, open_core
from sms_gateway.smpp.session import Session

READY = "ready"

Errand = Callable[[Core], Coroutine[Any, Any, None]]


class AheadClock:
    """The second life's wall clock: leases of the first one have run out by then."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead


@dataclass(frozen=True)
class Point:
    """Where to die: before or after the n-th commit, call to the provider, or submit_sm."""

    kind: str
    number: int
    when: str

    def __str__(self) -> str:
        return f"{self.when} {self.kind} {self.number}"


@dataclass
class Fuse:
    """Counts what passes once the work under test has begun; dies at its point."""

    point: Point | None
    counts: dict[str, int] = field(default_factory=lambda: {"commit": 0, "call": 0, "submit": 0})
    armed: bool = False

    def passes(self, kind: str) -> int:
        if self.armed:
            self.counts[kind] += 1
        return self.counts[kind]

    def dies(self, kind: str, number: int, when: str) -> None:
        if self.armed and self.point == Point(kind, number, when):
            os.kill(os.getpid(), signal.SIGKILL)


def live(
    settings: Settings,
    point: Point | None,
    *,
    ahead: timedelta,
    parts: frozenset[str],
    errand: Errand | None,
    told: Connection,
) -> None:
    """A process of the product; `told` gets READY, and what was counted when it ends by SIGTERM."""
    fuse = Fuse(point)
    _wire(fuse)
    asyncio.run(_serve(settings, ahead, parts, errand, told))
    told.send(fuse.counts)


async def _serve(
    settings: Settings,
    ahead: timedelta,
    parts: frozenset[str],
    errand: Errand | None,
    told: Connection,
) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    listener = socket.create_server(("127.0.0.1", settings.http_port))
    async with (
        open_core(settings, wall=AheadClock(ahead)) as core,
        serving(core, only=parts, listener=listener),
    ):
        if errand is not None:
            await errand(core)
        told.send(READY)
        await stopped.wait()


def _wire(fuse: Fuse) -> None:
    """Put the fuse where money and messages pass; the process is this test's own."""
    _wire_commits(fuse)
    _wire_calls(fuse, Sandbox, "start_checkout", "call")
    _wire_calls(fuse, Sandbox, "charge_mobile", "call")
    _wire_calls(fuse, Session, "submit", "submit")
    _wire_beginning(fuse, Receiving, "accept")
    _wire_beginning(fuse, TopUps, "quote")


def _wire_commits(fuse: Fuse) -> None:
    whole = Database.transaction

    @asynccontextmanager
    async def transaction(self: Database) -> AsyncIterator[Transaction]:
        number = 0
        async with whole(self) as tx:
            yield tx
            number = fuse.passes("commit")
            fuse.dies("commit", number, "before")
        fuse.dies("commit", number, "after")

    Database.transaction = transaction  # type: ignore[method-assign]


def _wire_calls(fuse: Fuse, owner: type, name: str, kind: str) -> None:
    whole = getattr(owner, name)

    async def call(*args: Any, **kw: Any) -> Any:
        number = fuse.passes(kind)
        fuse.dies(kind, number, "before")
        outcome = await whole(*args, **kw)
        fuse.dies(kind, number, "after")
        return outcome

    setattr(owner, name, call)


def _wire_beginning(fuse: Fuse, owner: type, name: str) -> None:
    whole = getattr(owner, name)

    async def begin(*args: Any, **kw: Any) -> Any:
        fuse.armed = True
        return await whole(*args, **kw)

    setattr(owner, name, begin)
