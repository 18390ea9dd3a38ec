"""The demo's short message centre: texts to the phones, texts and receipts to the product, over SMPP 3.4.

Built on smpp34's server, so that no fault of the product's own codec can hide on both sides.
"""

import asyncio
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import smpp34

from simulator.background import Background, open_background
from simulator.faults import Faults
from simulator.phones import Message, SmsPhones
from simulator.smpp_gate import Gate
from simulator.sms_text import DEFAULT_ALPHABET, RECEIPT, Part, fits, read_part, split, user_data

# command_status, SMPP 3.4 section 5.1.3.
WRONG_LENGTH, WRONG_DESTINATION, WRONG_ESM_CLASS, THROTTLED = 0x01, 0x0B, 0x43, 0x58
USER_MESSAGE_REFERENCE, RECEIPTED_MESSAGE_ID, MESSAGE_STATE = 0x0204, 0x001E, 0x0427
FINAL_RECEIPT, FAILURE_RECEIPT = 1, 2  # registered_delivery, SMPP 3.4 section 5.2.17
DELIVERED, UNDELIVERABLE = 2, 5  # message_state, section 5.2.28
INTERNATIONAL, ISDN = 1, 1  # TON and NPI

ANSWER_SECONDS = 10  # a deliver_sm that is not answered by then is sent again
REPEAT_SECONDS = 1.0


@dataclass(slots=True)
class SmscFaults(Faults):
    throttle: int = 0  # submit_sm answered with ESME_RTHROTTLED
    lose_responses: int = 0  # submit_sm accepted, the answer lost
    duplicate: int = 0  # how many times more each deliver_sm is sent; stays until changed
    undeliverable: int = 0  # texts that do not reach the phone: the receipt says so


@dataclass(frozen=True, slots=True)
class Delivery:
    """One deliver_sm; a repeat has the same fields."""

    source: str
    destination: str
    short_message: bytes
    esm_class: int
    data_coding: int
    tlvs: tuple[tuple[int, bytes], ...] = ()


class Smsc:
    def __init__(
        self,
        background: Background,
        gate: Gate,
        server: smpp34.Server,
        phones: SmsPhones,
        *,
        faults: SmscFaults,
        now: Callable[[], datetime],
        repeat_seconds: float,
    ) -> None:
        self.faults = faults
        self.port = 0
        self._background = background
        self._gate = gate
        self._server = server
        self._phones = phones
        self._now = now
        self._repeat_seconds = repeat_seconds
        self._sessions: dict[str, smpp34.Esme] = {}
        self._bound = asyncio.Condition()
        # A phone's texts keep their order: the next one waits for the one before.
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._reference = secrets.randbelow(1 << 16)
        self.waiting = 0  # texts and receipts that the product has not acknowledged yet

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    def cut(self) -> None:
        self._gate.cut()

    def send(self, msisdn: str, *, to: str, text: str) -> Message:
        """What the phone's owner typed. Raises ValueError when it is longer than a short message can be."""
        self._reference = (self._reference + 1) % (1 << 16)
        parts = split(text, reference=self._reference & 0xFF)
        message = self._phones.write(msisdn, to=to, text=text, segments=len(parts))
        # The phone's own number of the message (TP-MR): two equal texts differ in it, a repeat does not.
        tlvs = ((USER_MESSAGE_REFERENCE, self._reference.to_bytes(2)),)
        self._start(self._carry(msisdn, message, parts, tlvs))
        return message

    async def run(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.SubmitSmEvent):
                self._submitted(event)
                continue
            async with self._bound:
                if isinstance(event, smpp34.Esme):
                    self._sessions[event.session_id] = event
                else:
                    self._sessions.pop(event.session_id, None)
                self._bound.notify_all()

    async def wait_bound(self) -> smpp34.Esme:
        """The newest session that takes deliver_sm."""
        async with self._bound:
            while not (able := [esme for esme in self._sessions.values() if esme.can_receive]):
                await self._bound.wait()
            return able[-1]

    def _submitted(self, event: smpp34.SubmitSmEvent) -> None:
        judged = self._judge(event)
        if isinstance(judged, int):
            event.reject(judged)
            return
        msisdn = event.destination_addr.lstrip("+")
        message_id = f"{secrets.randbelow(10**12):012}"
        reached = not self.faults.take("undeliverable")
        if reached:
            self._phones.receive(msisdn, sender=event.source_addr, part=judged)
        event.accept(message_id)
        wanted = event.registered_delivery & 3
        if wanted == FINAL_RECEIPT or (wanted == FAILURE_RECEIPT and not reached):
            receipt = self._receipt(message_id, msisdn, event.source_addr, reached=reached)
            self._start(self._deliver(receipt))

    def _judge(self, event: smpp34.SubmitSmEvent) -> Part | int:
        """The part for the phone, or the command_status that refuses it."""
        if self.faults.take("throttle"):
            return THROTTLED
        if not event.destination_addr.lstrip("+").isdecimal():
            return WRONG_DESTINATION
        try:
            part = read_part(event)
        except ValueError:
            return WRONG_ESM_CLASS
        return part if part.payload and fits(part) else WRONG_LENGTH

    def _receipt(self, message_id: str, msisdn: str, sender: str, *, reached: bool) -> Delivery:
        """SMPP 3.4 appendix B, and the same in optional parameters."""
        at = f"{self._now():%y%m%d%H%M}"
        stat, state, count = ("DELIVRD", DELIVERED, 1) if reached else ("UNDELIV", UNDELIVERABLE, 0)
        text = (
            f"id:{message_id} sub:001 dlvrd:{count:03} submit date:{at} done date:{at} "
            f"stat:{stat} err:{0 if reached else 1:03} text:"
        )
        tlvs = ((RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"), (MESSAGE_STATE, bytes((state,))))
        return Delivery(msisdn, sender, text.encode("ascii"), RECEIPT, DEFAULT_ALPHABET, tlvs)

    def _start(self, delivery: Coroutine[object, object, None]) -> None:
        async def deliver() -> None:
            try:
                await delivery
            finally:
                self.waiting -= 1

        self.waiting += 1
        self._background.start(deliver())

    async def _carry(
        self, msisdn: str, message: Message, parts: list[Part], tlvs: tuple[tuple[int, bytes], ...]
    ) -> None:
        async with self._lanes[msisdn]:
            for part in parts:
                esm_class, short_message = user_data(part)
                await self._deliver(
                    Delivery(msisdn, message.to, short_message, esm_class, part.data_coding, tlvs)
                )
            self._phones.delivered(msisdn, message)

    async def _deliver(self, delivery: Delivery) -> None:
        """Again and again until the product has acknowledged it with ESME_ROK."""
        while True:
            if await self._deliver_once(await self.wait_bound(), delivery):
                return
            await asyncio.sleep(self._repeat_seconds)

    async def _deliver_once(self, esme: smpp34.Esme, delivery: Delivery) -> bool:
        copies = 1 + self.faults.duplicate
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(_acknowledged(esme, delivery)) for _ in range(copies)]
        return any(one.result() for one in tries)


async def _acknowledged(esme: smpp34.Esme, delivery: Delivery) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await esme.deliver_sm(
                delivery.destination,
                delivery.short_message,
                source_addr=delivery.source,
                source_addr_ton=INTERNATIONAL,
                source_addr_npi=ISDN,
                dest_addr_npi=ISDN,
                esm_class=delivery.esm_class,
                data_coding=delivery.data_coding,
                tlvs=[smpp34.Tlv(tag, value) for tag, value in delivery.tlvs],
            )
    except (smpp34.SmppError, TimeoutError):
        return False  # cut or silent: the SMSC cannot know whether it has arrived, so it repeats
    return answer.is_success


@asynccontextmanager
async def open_smsc(
    phones: SmsPhones,
    *,
    host: str,
    port: int,
    system_id: str,
    password: str,
    now: Callable[[], datetime],
    repeat_seconds: float = REPEAT_SECONDS,
) -> AsyncIterator[Smsc]:
    faults = SmscFaults()
    inner_port = _free_port()
    server = smpp34.Server("127.0.0.1", inner_port, system_id="simulator")
    await server.start()
    try:
        async with open_background() as background:
            gate = Gate(background, faults, system_id=system_id, password=password)
            smsc = Smsc(
                background, gate, server, phones, faults=faults, now=now, repeat_seconds=repeat_seconds
            )
            async with await gate.open(host, port, inner_port=inner_port) as street:
                smsc.port = street.sockets[0].getsockname()[1]
                background.start(smsc.run())
                yield smsc
                gate.cut()
    finally:
        await server.stop()


def _free_port() -> int:
    """smpp34 does not tell which port it took, so it is told one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
