"""A lasting bind to an SMSC: connects, binds, sends within window and pace, comes back when cut off."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

import structlog

from sms_gateway.smpp import pdu as p
from sms_gateway.smpp import status as s
from sms_gateway.smpp.connection import Answer, Connection, LinkLost, OnMessage
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.pace import Pace

log = structlog.get_logger(__name__)

MOST_DOUBLINGS = 3  # 8 s: all tries of a throttled message fit into its lease of 30 s


@dataclass(frozen=True, slots=True)
class Submitted:
    """The SMSC has it; `message_id` is empty where it gave none."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The SMSC said no; `retry`: it may say yes to the same message later."""

    status: int
    retry: bool


@dataclass(frozen=True, slots=True)
class NotSent:
    """It never left us."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It left us and no answer came: sent or not, nobody here can tell."""

    why: str


Outcome = Submitted | Refused | NotSent | Unknown


class BindRefused(LinkLost):
    pass


class Session:
    """`run` until `close`; `submit` in between, from as many tasks as you like."""

    def __init__(
        self,
        smsc: Smsc,
        *,
        on_message: OnMessage,
        window: int,
        messages_per_second: float,
        patience: Patience | None = None,
    ) -> None:
        self._smsc = smsc
        self._on_message = on_message
        self._patience = patience or Patience()
        self._window = asyncio.Semaphore(window)
        self._pace = Pace(messages_per_second)
        self._throttled_in_a_row = 0
        self._connection: Connection | None = None
        self._bound = asyncio.Event()
        self._closing = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while not self._closing.is_set():
            began_at = loop.time()
            await self._live()
            if loop.time() - began_at > self._patience.reconnect_most_seconds:
                attempt = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(self._reconnect_seconds(attempt)):
                    await self._closing.wait()
            attempt += 1

    async def bound(self) -> None:
        """Return when messages can be sent."""
        await self._bound.wait()

    @property
    def is_bound(self) -> bool:
        return self._bound.is_set()

    async def submit(self, pdu: p.SubmitSm) -> Outcome:
        """Send one message and tell what became of it; a throttled one is tried again for a while."""
        tries_left = self._patience.throttled_tries
        while True:
            outcome = await self._submit_once(pdu)
            if not (isinstance(outcome, Refused) and outcome.status in s.SLOW_DOWN):
                self._throttled_in_a_row = 0
                return outcome
            self._slow_down()
            tries_left -= 1
            if not tries_left:
                return outcome

    async def close(self) -> None:
        """Drain the window, unbind, close. What is submitted from now on is NotSent."""
        self._closing.set()
        self._bound.clear()
        connection = self._connection
        if connection is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.drain_seconds):
                await connection.idle()
        with suppress(TimeoutError, LinkLost):
            await connection.request(p.Unbind())
        connection.close()

    async def _submit_once(self, pdu: p.SubmitSm) -> Outcome:
        async with self._window:
            await self._pace.wait()
            connection = self._connection
            if connection is None or not connection.open or self._closing.is_set():
                return NotSent("not bound")
            try:
                answer = await connection.request(pdu)
            except TimeoutError:
                return Unknown("no response")
            except LinkLost as lost:
                return Unknown(str(lost))
        return _outcome(answer)

    def _slow_down(self) -> None:
        if self._pace.paused:
            return  # the rest of the same window: one request to slow down, not ten
        self._throttled_in_a_row += 1
        doublings = min(self._throttled_in_a_row - 1, MOST_DOUBLINGS)
        self._pace.pause(self._patience.throttled_first_seconds * 2**doublings)
        log.warning("smsc asks for less", in_a_row=self._throttled_in_a_row)

    async def _live(self) -> None:
        """One connection from its first packet to its last."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._patience.connect_seconds):
                reader, writer = await asyncio.open_connection(self._smsc.host, self._smsc.port)
            connection = Connection(reader, writer, patience=self._patience, on_message=self._on_message)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.read(tasks))
                await self._bind(connection)
                self._connection = connection
                self._bound.set()
                log.info("smsc bound", smsc=self._smsc.name)
                tasks.create_task(connection.keep_alive())
                if self._closing.is_set():
                    await self.close()
        except* (LinkLost, OSError) as lost:
            log.info("smsc link over", smsc=self._smsc.name, why=[str(each) for each in lost.exceptions])
        finally:
            self._bound.clear()
            self._connection = None
            if connection is not None:
                connection.close()

    async def _bind(self, connection: Connection) -> None:
        answer = await connection.request(
            p.BindTransceiver(
                system_id=self._smsc.system_id,
                password=self._smsc.password,
                system_type=self._smsc.system_type,
            )
        )
        if answer.status != s.OK:
            log.error("smsc refuses our bind", smsc=self._smsc.name, status=answer.status)
            raise BindRefused(f"bind status {answer.status:#x}")

    def _reconnect_seconds(self, attempt: int) -> float:
        longest = min(
            self._patience.reconnect_first_seconds * 2 ** min(attempt, 16),
            self._patience.reconnect_most_seconds,
        )
        # Jitter: gateways cut off together do not come back together.
        return random.uniform(longest / 2, longest)


def _outcome(answer: Answer) -> Outcome:
    if answer.status != s.OK:
        return Refused(answer.status, retry=answer.status in s.TRY_AGAIN)
    return Submitted(answer.pdu.message_id if isinstance(answer.pdu, p.SubmitSmResp) else "")
