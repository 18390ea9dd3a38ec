"""The way of an SMS in and out, with an inbox that keeps nothing: the process whose memory is measured."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import uvloop

from core.ids import IncomingId, new_id
from core.messages.incoming import Accepted, Arrival
from core.use_cases.receiving import Receiving
from sms_gateway.receipts import Receipt
from sms_gateway.receive import Receive
from sms_gateway.smpp.bind import Bind
from sms_gateway.smpp.link import Smsc

SHORT_CODE = "3116"
PER_SECOND = 1000  # as time goes for what is kept for a minute: that many texts would come in a second of it
PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20


class Inbox:
    """Accepts and forgets."""

    async def accept(self, arrivals: Sequence[Arrival]) -> list[Accepted]:
        return [Accepted(IncomingId(new_id()), each, fresh=True, done=False) for each in arrivals]


class Esme:
    def __init__(self, port: int, texts: int) -> None:
        self._texts = texts
        self._answered = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._done = asyncio.Event()
        self.resident: list[float] = []
        inbox = cast(Receiving, Inbox())
        self._receive = Receive(inbox, take_up=self._take_up, on_receipt=_no_receipt, now=self._now)
        smsc = Smsc("127.0.0.1", port, "bench", "bench", window=200, per_second=1_000_000)
        self._bind = Bind(smsc, short_code=SHORT_CODE, on_message=partial(self._receive.on_message, smsc))

    async def run(self) -> dict[str, float]:
        began_at = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            working = [tasks.create_task(self._receive.run()), tasks.create_task(self._bind.run())]
            await self._done.wait()
            for each in working:
                each.cancel()
        seconds = time.perf_counter() - began_at
        tenth, half, last = self.resident[0], self.resident[4], self.resident[-1]
        return {"seconds": seconds, "tenth": tenth, "half": half, "last": last}

    def _now(self) -> float:
        return self._answered / PER_SECOND

    def _take_up(self, messages: Sequence[Accepted]) -> None:
        assert self._tasks is not None
        for each in messages:
            self._tasks.create_task(self._answer(each.arrival.sender))

    async def _answer(self, phone: str) -> None:
        (piece,) = self._bind.cut("Остаток 198,19 ₽", reference=self._answered & 0xFFFF)
        until = asyncio.get_running_loop().time() + 60
        await self._bind.submit(phone, piece, last=True, lives_seconds=None, until=until)
        self._answered += 1
        if self._answered % (self._texts // 10) == 0:
            self.resident.append(_resident())
        if self._answered == self._texts:
            self._done.set()


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def _no_receipt(smsc: str, receipt: Receipt) -> None:
    raise AssertionError(f"{smsc}: {receipt}")


async def main() -> None:
    print(json.dumps(await Esme(int(sys.argv[1]), int(sys.argv[2])).run()))


if __name__ == "__main__":
    uvloop.run(main())
