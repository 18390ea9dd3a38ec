"""The fuse of a life: it counts the commits and calls that pass, each by its step, and kills at one."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from bot.bulk import BulkDelivery
from core.payments.sandbox import Sandbox
from core.payments.yookassa import YooKassa
from core.storage.database import Database, Transaction
from core.use_cases.alerts import Alerts
from core.use_cases.autopay import Autopay
from core.use_cases.autopay_charging import AutopayCharging
from core.use_cases.broadcast_work import BroadcastWork
from core.use_cases.broadcasts import Broadcasts
from core.use_cases.callbacks import Callbacks
from core.use_cases.cards import Cards
from core.use_cases.payments import Payments
from core.use_cases.receiving import Receiving
from core.use_cases.reconciliations import Reconciliations
from core.use_cases.refunds import Refunds
from core.use_cases.sending import Sending
from core.use_cases.sms_sending import SmsSending
from core.use_cases.top_ups import TopUps
from sms_gateway.smpp.session import Session
from web.callbacks import CallbackRoutes

BESIDE = "beside"  # the work of an hour of the day: whether it comes into a life, the clock on the wall says
# Whose commits they are, from an autopay date to a receipt: docs/architecture.md, "The way of a message".
STEPS: tuple[tuple[type, str, str], ...] = (
    (AutopayCharging, "due_once", "pick"),
    (Payments, "collect_once", "take"),
    (Payments, "collect_for", "take"),
    (Payments, "_write_once", "result"),
    (Callbacks, "_store_event", "store"),
    (Callbacks, "events_once", "hold"),
    (Callbacks, "_apply_once", "apply"),
    (Refunds, "refund_once", "give"),
    (Refunds, "_write", "given"),
    (Alerts, "due_once", "alert"),
    (Broadcasts, "start", "start"),
    (BroadcastWork, "_step", "freeze"),
    (Sending, "claim", "claim"),
    (Sending, "sent", "mark"),
    (SmsSending, "conclude", "mark"),
    (TopUps, "quote", "quote"),
    (TopUps, "confirm", "confirm"),
    (Autopay, "delete", "delete"),
    (Cards, "unlink", "unlink"),
    (Reconciliations, "due_once", BESIDE),
)
# What goes out of the process; `ack` is the answer to a callback, which leaves after it.
CALLS: tuple[tuple[type, str, str], ...] = (
    (Sandbox, "start_checkout", "call"),
    (Sandbox, "charge_mobile", "call"),
    (YooKassa, "charge_saved", "call"),
    (YooKassa, "look_up", "look"),
    (YooKassa, "refund", "refund"),
    (Session, "submit", "submit"),
    (BulkDelivery, "_send", "send"),
    (CallbackRoutes, "take", "ack"),
)
BEGINNINGS = ((Receiving, "accept"), (TopUps, "quote"))

_step: ContextVar[str] = ContextVar("step", default="")


@dataclass(frozen=True)
class Point:
    """Where to die: before or after the n-th commit (any, or a step's) or call of a kind."""

    kind: str
    number: int
    when: str

    def __str__(self) -> str:
        return f"{self.when} {self.kind} {self.number}"


def both(kind: str, number: int = 1) -> list[Point]:
    return [Point(kind, number, when) for when in ("before", "after")]


@dataclass
class Fuse:
    """Counts what passes once the work under test has begun; dies at its point."""

    point: Point | None
    counts: Counter[str] = field(default_factory=Counter)
    armed: bool = False

    def passes(self, kind: str) -> int:
        if self.armed:
            self.counts[kind] += 1
        return self.counts[kind]

    def dies(self, kind: str, number: int, when: str) -> None:
        if self.armed and self.point == Point(kind, number, when):
            os.kill(os.getpid(), signal.SIGKILL)

    def wire(self) -> None:
        """Lay it where money and messages pass; the process is this test's own."""
        self._wire_commits()
        for owner, name, step in STEPS:
            _name(owner, name, step)
        for owner, name, kind in CALLS:
            self._wire_call(owner, name, kind)
        for owner, name in BEGINNINGS:
            self._wire_beginning(owner, name)

    def _wire_commits(self) -> None:
        whole, fuse = Database.transaction, self

        @asynccontextmanager
        async def transaction(self: Database) -> AsyncIterator[Transaction]:
            if _step.get() == BESIDE:
                async with whole(self) as tx:
                    yield tx
                return
            kinds, numbers = ("commit", _step.get()), (0, 0)
            async with whole(self) as tx:
                yield tx
                numbers = fuse.passes(kinds[0]), fuse.passes(kinds[1])
                for kind, number in zip(kinds, numbers, strict=True):
                    fuse.dies(kind, number, "before")
            for kind, number in zip(kinds, numbers, strict=True):
                fuse.dies(kind, number, "after")

        Database.transaction = transaction  # type: ignore[method-assign]

    def _wire_call(self, owner: type, name: str, kind: str) -> None:
        whole = getattr(owner, name)

        async def call(*args: Any, **kw: Any) -> Any:
            number = self.passes(kind)
            self.dies(kind, number, "before")
            outcome = await whole(*args, **kw)
            self.dies(kind, number, "after")
            return outcome

        setattr(owner, name, call)

    def _wire_beginning(self, owner: type, name: str) -> None:
        whole = getattr(owner, name)

        async def begin(*args: Any, **kw: Any) -> Any:
            self.armed = True
            return await whole(*args, **kw)

        setattr(owner, name, begin)


def _name(owner: type, name: str, step: str) -> None:
    """The commits of this method bear the step's name."""
    whole = getattr(owner, name)

    async def named(*args: Any, **kw: Any) -> Any:
        outer = _step.set(step)
        try:
            return await whole(*args, **kw)
        finally:
            _step.reset(outer)

    setattr(owner, name, named)
