"""A lasting connection to an SMSC: connects, binds, sends within window and pace, comes back when cut off."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from contextlib import suppress

import structlog

from sms_gateway.gate import Gate
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp import pdu as p
from sms_gateway.smpp import status as s
from sms_gateway.smpp.connection import Answer, Connection, LinkLost, OnMessage
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.tls import tls_of

log = structlog.get_logger(__name__)

MOST_DOUBLINGS = 16

OnOutcome = Callable[[Outcome], None]


class BindRefused(LinkLost):
    pass


class Session:
    """`run` until `close`; `submit` in between, from as many tasks as you like."""

    def __init__(
        self,
        smsc: Smsc,
        *,
        on_message: OnMessage,
        bind_as: type[p.Bind] = p.BindTransceiver,
        patience: Patience | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._smsc = smsc
        self._bind_as = bind_as
        self._on_message = on_message
        self._patience = (patience or Patience()).with_that_of(smsc)
        self._on_change = on_change
        self._tls = tls_of(smsc) if smsc.tls else None
        self._gate = Gate(smsc.label, window=smsc.window, per_second=smsc.per_second, patience=self._patience)
        self._refused_in_a_row = 0
        self._connection: Connection | None = None
        self._bound = asyncio.Event()
        self._closing = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        async with asyncio.TaskGroup() as lives:
            while not self._closing.is_set():
                began_at = loop.time()
                # In a task of its own: a group that a lost link ends drops a cancellation of that moment.
                await asyncio.wait({lives.create_task(self._live())})
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
        connection = self._connection
        return self._bound.is_set() and connection is not None and connection.open

    @property
    def paused(self) -> bool:
        """The SMSC asked for less: nothing goes out for now."""
        return self._gate.paused

    async def submit(
        self, pdu: p.SubmitSm, *, until: float | None = None, on_late: OnOutcome | None = None
    ) -> Outcome:
        """Send one message and tell what became of it; a throttled one keeps its place, and goes again first.

        `until` (the loop's time) it may begin; NotSent, or the SMSC's last word, where that is too late. An
        answer that comes after Unknown goes to `on_late`.
        """
        if until is None:
            until = asyncio.get_running_loop().time() + self._patience.throttled_hold_seconds
        latest = until
        return await self._gate.through(lambda: self._submit_once(pdu, latest, on_late), until=latest)

    async def query(self, pdu: p.QuerySm) -> p.QuerySmResp | None:
        """What the SMSC says of a message; None where it says nothing of use."""
        connection = self._connection
        if connection is None or not connection.open or self._closing.is_set():
            return None
        await self._gate.turn()
        try:
            answer = await connection.request(pdu)
        except (TimeoutError, LinkLost):
            return None
        if isinstance(answer.pdu, p.QuerySmResp) and answer.status == s.OK:
            return answer.pdu
        return None

    async def close(self) -> None:
        """Drain the window, unbind, close. What is submitted from now on is NotSent."""
        self._closing.set()
        self._bound.clear()
        self._on_change()
        connection = self._connection
        if connection is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.drain_seconds):
                await connection.idle()
        with suppress(TimeoutError, LinkLost):
            await connection.request(p.Unbind())
        connection.close()

    async def _submit_once(self, pdu: p.SubmitSm, until: float, on_late: OnOutcome | None) -> Outcome:
        connection = self._connection
        if connection is None or not connection.open or self._closing.is_set():
            return NotSent("not bound")
        within = self._gate.answer_within(until)
        late = None if on_late is None else (lambda answer: on_late(self._outcome(answer)))
        try:
            answer = await connection.request(pdu, within=within, on_late=late)
        except TimeoutError:
            return Unknown("no response")
        except LinkLost as lost:
            return Unknown(str(lost))
        return self._outcome(answer)

    def _outcome(self, answer: Answer) -> Outcome:
        if answer.status == s.OK and isinstance(answer.pdu, p.GenericNack):
            return Refused(s.OK, retry=False)  # what we sent was not understood, and would not be again
        if answer.status == s.OK:
            return Submitted(answer.pdu.message_id if isinstance(answer.pdu, p.SubmitSmResp) else "")
        slow_down = answer.status in s.SLOW_DOWN | self._smsc.throttled
        retry = slow_down or answer.status in s.TRY_AGAIN | self._smsc.again
        return Refused(answer.status, retry=retry, slow_down=slow_down)

    async def _live(self) -> None:
        """One connection from its first packet to its last."""
        connection: Connection | None = None
        refused_before = self._refused_in_a_row
        try:
            connection = await self._connect()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.read(tasks))
                await self._bind(connection)
                self._connection = connection
                self._bound.set()
                self._on_change()
                log.info("smsc bound", smsc=self._smsc.label, bind=self._bind_as.__name__)
                tasks.create_task(connection.keep_alive())
                if self._closing.is_set():
                    await self.close()
        except* ssl.SSLError as wrong:
            log.error("smsc fails tls", smsc=self._smsc.label, why=[str(each) for each in wrong.exceptions])
        except* (LinkLost, OSError) as lost:
            log.info("smsc link over", smsc=self._smsc.label, why=[str(each) for each in lost.exceptions])
        finally:
            if self._refused_in_a_row == refused_before:
                self._refused_in_a_row = 0
            self._bound.clear()
            self._connection = None
            if connection is not None:
                connection.close()
            self._on_change()

    async def _connect(self) -> Connection:
        async with asyncio.timeout(self._patience.connect_seconds):
            reader, writer = await asyncio.open_connection(self._smsc.host, self._smsc.port, ssl=self._tls)
        return Connection(reader, writer, patience=self._patience, on_message=self._on_message)

    async def _bind(self, connection: Connection) -> None:
        answer = await connection.request(
            self._bind_as(
                system_id=self._smsc.system_id,
                password=self._smsc.password,
                system_type=self._smsc.system_type,
                interface_version=self._smsc.interface_version,
                addr_ton=self._smsc.address_ton,
                addr_npi=self._smsc.address_npi,
                address_range=self._smsc.address_range,
            )
        )
        if answer.status == s.OK and not isinstance(answer.pdu, p.GenericNack):
            self._refused_in_a_row = 0
            return
        if answer.status in s.NOT_WELCOME:
            self._refused_in_a_row += 1
        log.error("smsc refuses our bind", smsc=self._smsc.label, status=answer.status)
        raise BindRefused(f"bind status {answer.status:#x}")

    def _reconnect_seconds(self, attempt: int) -> float:
        first, most = self._patience.reconnect_first_seconds, self._patience.reconnect_most_seconds
        if self._refused_in_a_row:
            attempt = self._refused_in_a_row - 1
            first, most = self._patience.refused_first_seconds, self._patience.refused_most_seconds
        longest = min(first * 2 ** min(attempt, MOST_DOUBLINGS), most)
        # Jitter: gateways cut off together do not come back together.
        return random.uniform(longest / 2, longest)
