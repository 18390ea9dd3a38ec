"""An SMSC in a process of its own: sends texts as fast as they are taken, or at a rate; counts replies."""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Sequence

import smpp34

WINDOW = 200  # texts of a bind that wait for their deliver_sm_resp at once
QUIET_SECONDS = 20.0  # replies that have not come by then never will


class Peer:
    def __init__(self, server: smpp34.Server, esmes: Sequence[smpp34.Esme], count: int, text: str) -> None:
        self._server = server
        self._esmes = esmes
        self._count = count
        self._payload = text.encode("utf-16-be")
        self._sent_at: dict[str, float] = {}
        self._took: list[float] = []
        self._acknowledged = self._last = 0.0
        self._parts = 0

    async def run(self, rate: float) -> dict[str, float]:
        """Seconds until all were acknowledged and answered, and of single texts until their reply."""
        began_at = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive())
            if rate:
                tasks.create_task(self._send_at(rate, tasks))
            else:
                numbers = itertools.count()
                for _ in range(WINDOW):
                    for esme in self._esmes:
                        tasks.create_task(self._send_all(esme, numbers))
        self._took.sort()
        return {
            "stored": self._acknowledged - began_at,
            "answered": self._last - began_at,
            "parts": self._parts,
            "median": self._took[len(self._took) // 2],
            "p99": self._took[len(self._took) * 99 // 100],
        }

    async def _send_all(self, esme: smpp34.Esme, numbers: "itertools.count[int]") -> None:
        while (number := next(numbers)) < self._count:
            await self._send(esme, number)

    async def _send_at(self, rate: float, tasks: asyncio.TaskGroup) -> None:
        began_at = time.perf_counter()
        for number in range(self._count):
            await asyncio.sleep(began_at + number / rate - time.perf_counter())
            tasks.create_task(self._send(self._esmes[number % len(self._esmes)], number))

    async def _send(self, esme: smpp34.Esme, number: int) -> None:
        phone = f"7900{number:07d}"
        self._sent_at[phone] = time.perf_counter()
        answer = await esme.deliver_sm(
            source_addr=phone,
            destination_addr="3116",
            short_message=self._payload,
            data_coding=8,
            source_addr_ton=1,
            source_addr_npi=1,
        )
        assert answer.is_success, answer.command_status
        self._acknowledged = time.perf_counter()

    async def _receive(self) -> None:
        """A text is answered by the first part of its reply."""
        answered: set[str] = set()
        while len(answered) < self._count:
            event = await _next(self._server)
            if isinstance(event, smpp34.SubmitSmEvent):
                event.accept(message_id=f"{self._parts:x}")
                self._parts += 1
                if event.destination_addr not in answered:
                    answered.add(event.destination_addr)
                    self._last = time.perf_counter()
                    self._took.append(self._last - self._sent_at[event.destination_addr])


async def serve(port: int, count: int, text: str, binds: int, rate: float) -> None:
    """Wait for the binds, send `count` texts from as many phones, print what `Peer.run` tells."""
    server = smpp34.Server(host="127.0.0.1", port=port, system_id="bench")
    await server.start()
    print("listening", flush=True)
    esmes = []
    for _ in range(binds):
        esme = await server.next()
        assert isinstance(esme, smpp34.Esme)
        esmes.append(esme)
    print("bound", flush=True)
    print(json.dumps(await Peer(server, esmes, count, text).run(rate)), flush=True)


async def _next(server: smpp34.Server) -> object:
    async with asyncio.timeout(QUIET_SECONDS):
        return await server.next()


if __name__ == "__main__":
    _, _port, _count, _text, _binds, _rate = sys.argv
    asyncio.run(serve(int(_port), int(_count), _text, int(_binds), float(_rate)))
    os._exit(0)  # smpp34's threads outlive the loop
