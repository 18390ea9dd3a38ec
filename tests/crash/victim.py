"""A life of the product that ends by kill -9 at a chosen point, or goes on until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from commands import logs
from commands.run import serving
from core import wiring_parts
from core.clock import SystemClock
from core.settings import Settings
from core.wiring import Core, open_core
from tests.crash.fuse import Fuse, Point

READY, DONE = "ready", "done"

Errand = Callable[[Core], Coroutine[Any, Any, None]]


class AheadClock:
    """A clock that a test moves on: the leases of who died have run out by then."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass(frozen=True)
class Begins:
    """How a life begins: which parts, what it does at once, and how its clocks stand.

    `ahead` is the wall's, `business` the business clock's. `batch` makes the rounds of its jobs small, so
    that two share the work. `armed` counts from the start, not from the first message or quote.
    """

    parts: frozenset[str]
    errand: Errand | None = None
    ahead: timedelta = field(default_factory=timedelta)
    business: timedelta = field(default_factory=timedelta)
    batch: int | None = None
    armed: bool = False


def live(settings: Settings, point: Point | None, begins: Begins, told: Connection) -> None:
    """A process of the product; `told` gets READY, and what was counted when it ends by SIGTERM."""
    logs.configure(settings)
    fuse = Fuse(point, armed=begins.armed)
    fuse.wire()
    if begins.batch is not None:
        wiring_parts.BATCH = wiring_parts.MANDATES = wiring_parts.CHUNK = begins.batch
    asyncio.run(_serve(settings, begins, told))
    told.send(dict(fuse.counts))


async def _serve(settings: Settings, begins: Begins, told: Connection) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    listener = socket.create_server(("127.0.0.1", settings.http_port))
    wall, clock = AheadClock(begins.ahead), AheadClock(begins.business)
    async with (
        open_core(settings, clock=clock, wall=wall) as core,
        serving(core, only=begins.parts, listener=listener),
        asyncio.TaskGroup() as tasks,
    ):
        if begins.errand is not None:
            await begins.errand(core)
        listening = tasks.create_task(_obey(core, [wall, clock], told))
        told.send(READY)
        await stopped.wait()
        listening.cancel()


async def _obey(core: Core, clocks: Sequence[AheadClock], told: Connection) -> None:
    """What the test says: time that passes, after which all look for work, or an errand."""
    said = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(told.fileno(), said.set)
    try:
        while True:
            await said.wait()
            said.clear()
            while told.poll():
                word: timedelta | Errand = told.recv()
                if isinstance(word, timedelta):
                    for clock in clocks:
                        clock.ahead += word
                    core.wakeups.notify(TOPICS)
                else:
                    await word(core)
                    told.send(DONE)
    finally:
        loop.remove_reader(told.fileno())


TOPICS = (
    "autopay",
    "payments",
    "payments.ask",
    "callbacks",
    "refunds",
    "cards",
    "outbox.sms",
    "outbox.sms.bulk",
)
