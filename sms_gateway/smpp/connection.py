"""One TCP connection to an SMSC while it lives: requests and their responses, messages and their answers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

import structlog

from core.messages.masking import mask_phone
from sms_gateway.smpp import pdu as p
from sms_gateway.smpp import status as s
from sms_gateway.smpp.codec import BodyError, command_of, decode, encode
from sms_gateway.smpp.framer import Framer, FramingError
from sms_gateway.smpp.link import Patience

log = structlog.get_logger(__name__)

READ_OCTETS = 64 * 1024
MOST_OVERDUE = 1000  # answers that may still come after their time
MOST_IN_HAND = 500  # incoming messages between arrival and answer; the SMSC keeps the ones above it
LAST_SEQUENCE = 0x7FFFFFFF

Incoming = p.DeliverSm | p.DataSm
OnMessage = Callable[[Incoming], Awaitable[int]]


class LinkLost(Exception):
    """The connection is of no more use, and why."""


class Answer(NamedTuple):
    """A response, a generic_nack too; `pdu` is None where only its header could be read."""

    status: int
    pdu: p.Pdu | None


OnLate = Callable[[Answer], None]


class Connection:
    """`on_message` answers with the status to acknowledge with, after the message is safe."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        patience: Patience,
        on_message: OnMessage,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._on_message = on_message
        self._pending: dict[int, tuple[int, asyncio.Future[Answer]]] = {}
        self._overdue: dict[int, tuple[int, OnLate]] = {}
        self._unbinding = False
        self._in_hand = 0
        self._sequence = 0
        self._heard_at = asyncio.get_running_loop().time()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def open(self) -> bool:
        return not self._writer.is_closing() and not self._unbinding

    async def request(
        self, pdu: p.Pdu, *, within: float | None = None, on_late: OnLate | None = None
    ) -> Answer:
        """Send and wait. TimeoutError or LinkLost mean that the SMSC may or may not have acted on it.

        An answer that comes after a TimeoutError, and before the connection is lost, goes to `on_late`.
        """
        sequence = pdu.sequence = self._next_sequence()
        frame = encode(pdu)
        if not self.open:
            raise LinkLost("closed")  # uvloop's writers raise RuntimeError here
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = (command_of(pdu) | p.RESPONSE, answered)
        self._quiet.clear()
        try:
            async with asyncio.timeout(within or self._patience.response_seconds):
                self._writer.write(frame)
                await self._writer.drain()
                return await answered
        except TimeoutError:
            if on_late is not None:
                self._await_late(sequence, command_of(pdu) | p.RESPONSE, on_late)
            raise
        except OSError as error:
            raise LinkLost(f"write: {error}") from error
        finally:
            del self._pending[sequence]
            self._note_quiet()

    async def read(self, tasks: asyncio.TaskGroup) -> None:
        """Take what comes until the connection is lost; messages are handed on as tasks of their own."""
        framer = Framer()
        try:
            while data := await self._reader.read(READ_OCTETS):
                self._heard_at = asyncio.get_running_loop().time()
                for frame in framer.feed(data):
                    self._take(frame, tasks)
                # An SMSC that sends and does not read is not read either.
                await self._writer.drain()
            why = LinkLost("closed by us" if self._writer.is_closing() else "closed by the SMSC")
        except (FramingError, OSError) as error:
            why = LinkLost(f"{type(error).__name__}: {error}")
        except LinkLost as lost:
            why = lost
        self.close(why)
        raise why

    async def keep_alive(self) -> None:
        """Ask after a silence; no sign of life in answer means that the far end is gone without a FIN."""
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - self._heard_at
            if silent < self._patience.enquire_link_seconds:
                await asyncio.sleep(self._patience.enquire_link_seconds - silent)
                continue
            asked_at = loop.time()
            try:
                await self.request(p.EnquireLink())
            except TimeoutError as error:
                if self._heard_at < asked_at:
                    raise LinkLost("enquire_link without an answer") from error

    async def idle(self) -> None:
        """Nothing awaits the SMSC's answer and nothing awaits ours."""
        await self._quiet.wait()

    def close(self, why: LinkLost | None = None) -> None:
        self._writer.close()
        for _, answered in self._pending.values():
            if not answered.done():
                answered.set_exception(why or LinkLost("closed by us"))

    def _take(self, frame: bytes, tasks: asyncio.TaskGroup) -> None:
        try:
            pdu = decode(frame)
        except BodyError as error:
            self._take_unreadable(error)
            return
        if command_of(pdu) & p.RESPONSE:
            self._settle(pdu.sequence, command_of(pdu), Answer(pdu.status, pdu))
        elif isinstance(pdu, p.DeliverSm | p.DataSm):
            self._take_message(pdu, tasks)
        elif isinstance(pdu, p.EnquireLink):
            self._write(p.EnquireLinkResp(pdu.sequence))
        elif isinstance(pdu, p.Unbind):
            self._unbinding = True
            tasks.create_task(self._part(pdu))
        elif isinstance(pdu, p.AlertNotification):
            # A phone that can be reached again; nobody asked: what waits for it waits at the SMSC.
            log.info("smpp phone is there again", phone=mask_phone(pdu.source_addr))
        elif isinstance(pdu, p.Outbind):
            log.info("smpp outbind ignored", system_id=pdu.system_id)
        else:
            self._write(p.GenericNack(pdu.sequence, s.INVALID_COMMAND_ID))

    async def _part(self, unbind: p.Unbind) -> None:
        """Nothing new goes out; what is under way may still be answered, by both sides."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.drain_seconds):
                await self.idle()
        self._write(p.UnbindResp(unbind.sequence))
        why = LinkLost("unbound by the SMSC")
        self.close(why)
        raise why

    def _take_message(self, pdu: Incoming, tasks: asyncio.TaskGroup) -> None:
        if pdu.cut is not None:
            sender, octets = mask_phone(pdu.source_addr), len(pdu.raw)
            log.warning("smpp message cut short", sender=sender, at_tlv=f"{pdu.cut:#x}", octets=octets)
        if self._in_hand >= MOST_IN_HAND:
            self._acknowledge(command_of(pdu), pdu.sequence, s.TEMPORARY_APPLICATION_ERROR)
            return
        self._in_hand += 1
        self._quiet.clear()
        tasks.create_task(self._hand_on(pdu))

    async def _hand_on(self, pdu: Incoming) -> None:
        status = s.TEMPORARY_APPLICATION_ERROR
        try:
            async with asyncio.timeout(self._patience.answer_seconds):
                status = await self._on_message(pdu)
        except Exception:
            # Whatever it was, the message is not safe with us: the SMSC is told to keep it.
            log.exception("incoming message not stored")
        finally:
            self._in_hand -= 1
            self._note_quiet()
            self._acknowledge(command_of(pdu), pdu.sequence, status)

    def _acknowledge(self, command: int, sequence: int, status: int) -> None:
        resp = p.DeliverSmResp if command == p.DELIVER_SM else p.DataSmResp
        self._write(resp(sequence, status))

    def _take_unreadable(self, error: BodyError) -> None:
        # Enough to find it in the SMSC's own records; what it says is a person's, or a secret.
        digest = hashlib.sha256(error.raw).hexdigest()
        log.warning("smpp body unreadable", why=str(error), octets=len(error.raw), sha256=digest)
        if error.command & p.RESPONSE:
            self._settle(error.sequence, error.command, Answer(error.status, None))
        elif error.command in (p.DELIVER_SM, p.DATA_SM):
            self._acknowledge(error.command, error.sequence, error.answer)
        else:
            self._write(p.GenericNack(error.sequence, error.answer))

    def _settle(self, sequence: int, command: int, answer: Answer) -> None:
        expected, answered = self._pending.get(sequence, (0, None))
        if answered is None and sequence in self._overdue:
            expected, on_late = self._overdue.pop(sequence)
            if command in (expected, p.GENERIC_NACK):
                on_late(answer)
        elif answered is None or command not in (expected, p.GENERIC_NACK):
            log.warning("smpp response to nothing", command=command, status=answer.status)
        elif not answered.done():
            answered.set_result(answer)

    def _await_late(self, sequence: int, command: int, on_late: OnLate) -> None:
        self._overdue[sequence] = command, on_late
        if len(self._overdue) > MOST_OVERDUE:
            del self._overdue[next(iter(self._overdue))]

    def _write(self, pdu: p.Pdu) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(pdu))

    def _note_quiet(self) -> None:
        if not self._pending and not self._in_hand:
            self._quiet.set()

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        return self._sequence
