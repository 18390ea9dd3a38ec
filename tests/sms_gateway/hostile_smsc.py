"""An SMSC that takes what the product sends and answers as badly as a test says; no codec of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.deadlines import until
from tests.sms_gateway.octets import data_sm, deliver_sm, frame, header
from tests.sms_gateway.raw_smsc import ENQUIRE_LINK, QUERY_SM, RESP, SUBMIT_SM, UNBIND, Peer, RawSmsc

DELIVER_SM_RESP, DATA_SM_RESP = RESP | 5, RESP | 0x103


@dataclass(frozen=True, slots=True)
class Came:
    """A submit_sm as it was read by eye: 4.4.1, with the one TLV that a test asks for."""

    to: str
    esm_class: int
    data_coding: int
    octets: bytes
    sequence: int
    raw: bytes

    @property
    def text(self) -> str:
        """Of this part alone, without its header."""
        octets = self.octets[1 + self.octets[0] :] if self.esm_class & 0x40 else self.octets
        return octets.decode("utf-16-be" if self.data_coding == 8 else "ascii")


# What is said to a submit: the whole frame, or None for nothing at all.
Answer = Callable[[Came, int], bytes | None]


def accepted(came: Came, number: int) -> bytes | None:
    return frame(RESP | SUBMIT_SM, f"{number:x}".encode() + b"\0", sequence=came.sequence)


def silence(came: Came, number: int) -> bytes | None:
    return None


def refused(status: int) -> Answer:
    return lambda came, number: frame(RESP | SUBMIT_SM, status=status, sequence=came.sequence)


@dataclass
class Hostile:
    """`answers` are used one by one, then everything is accepted; ids are hex numbers from 0x3039."""

    smsc: RawSmsc
    answers: list[Answer] = field(default_factory=list)
    came: list[Came] = field(default_factory=list)
    acknowledged: dict[int, int] = field(default_factory=dict)  # status by sequence of what was handed over
    peer: Peer | None = None
    _sequence: int = 1000

    @property
    def ids(self) -> list[str]:
        return [f"{0x3039 + n:x}" for n in range(len(self.came))]

    async def run(self) -> None:
        while True:
            self.peer = await self.smsc.bound_sometime()
            try:
                await self._serve(self.peer)
            except (asyncio.IncompleteReadError, ConnectionError):
                continue

    async def say(self, octets: bytes, **fields: int | bytes) -> int:
        """A deliver_sm; the status that it is acknowledged with."""
        self._sequence += 1
        octets = deliver_sm(octets, sequence=self._sequence, **fields)  # type: ignore[arg-type]  # its own fields
        return await self._hand_over(octets, self._sequence)

    async def say_data(self, tlvs: bytes, *, data_coding: int = 8) -> int:
        """A data_sm; the same."""
        self._sequence += 1
        octets = data_sm(tlvs, sequence=self._sequence, data_coding=data_coding)
        return await self._hand_over(octets, self._sequence)

    async def ask(self, text: str, **fields: int | bytes) -> int:
        return await self.say(text.encode("utf-16-be"), data_coding=8, **fields)

    async def _hand_over(self, octets: bytes, sequence: int) -> int:
        assert self.peer is not None
        self.peer.send(octets)
        await until(lambda: sequence in self.acknowledged)
        return self.acknowledged[sequence]

    async def _serve(self, peer: Peer) -> None:
        while True:
            got = await peer.next(within=None)
            _, command, status, sequence = header(got)
            if command == SUBMIT_SM:
                self._take(peer, got, sequence)
            elif command in (DELIVER_SM_RESP, DATA_SM_RESP):
                self.acknowledged[sequence] = status
            elif command in (ENQUIRE_LINK, UNBIND, QUERY_SM):
                peer.answer(got)

    def _take(self, peer: Peer, got: bytes, sequence: int) -> None:
        came = _read(got, sequence)
        number = 0x3039 + len(self.came)
        self.came.append(came)
        answer = self.answers.pop(0) if self.answers else accepted
        said = answer(came, number)
        if said is not None:
            peer.send(said)


def _read(got: bytes, sequence: int) -> Came:
    rest = got[16:]
    _, rest = rest.split(b"\0", 1)  # service_type
    _, rest = rest[2:].split(b"\0", 1)  # the short code
    to, rest = rest[2:].split(b"\0", 1)
    esm_class = rest[0]
    _, rest = rest[3:].split(b"\0", 1)  # schedule_delivery_time
    _, rest = rest.split(b"\0", 1)  # validity_period
    data_coding, length = rest[2], rest[4]
    return Came(to.decode(), esm_class, data_coding, rest[5 : 5 + length], sequence, got)


@asynccontextmanager
async def hostile_smsc() -> AsyncIterator[Hostile]:
    async with RawSmsc().listening() as smsc, asyncio.TaskGroup() as tasks:
        hostile = Hostile(smsc)
        serving = tasks.create_task(hostile.run())
        yield hostile
        serving.cancel()
