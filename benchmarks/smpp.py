"""One bind's submit_sm and deliver_sm a second, against smpp34's own client (Rust) at the same server."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence

import smpp34
import uvloop

from benchmarks.figures import Figure
from benchmarks.smpp_peer import PHONE, SHORT_CODE
from sms_gateway.outcomes import Submitted
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import DataSm, DeliverSm, SubmitSm
from sms_gateway.smpp.session import Session
from tests.servers.processes import free_port

COUNT = 20_000
WINDOW = 100
ROUNDS = 3  # in turn, ours and theirs; the median of each counts
SHARE = 0.5
UNLIMITED = 1_000_000
TEXT = "aliance 100080 100".encode("utf-16-be")

Client = Callable[[int, asyncio.Event], Coroutine[None, None, None]]


async def _ours(port: int, done: asyncio.Event) -> None:
    async def stored(_: DeliverSm | DataSm) -> int:
        return 0

    async def submit() -> None:
        for _ in range(COUNT // WINDOW):
            message = SubmitSm(
                source_addr=SHORT_CODE, destination_addr=PHONE, data_coding=8, short_message=TEXT
            )
            assert isinstance(await session.submit(message), Submitted)

    smsc = Smsc("127.0.0.1", port, "bench", "bench", window=WINDOW, per_second=UNLIMITED)
    session = Session(smsc, on_message=stored)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        await session.bound()
        async with asyncio.TaskGroup() as submitting:
            for _ in range(WINDOW):
                submitting.create_task(submit())
        await done.wait()
        running.cancel()


async def _theirs(port: int, done: asyncio.Event) -> None:
    client = smpp34.Client(
        "127.0.0.1", port, "bench", "bench", window_size=WINDOW, inbound_capacity=COUNT
    )
    session = await client.connect()

    async def submit() -> None:
        for _ in range(COUNT // WINDOW):
            answer = await session.submit_sm(PHONE, TEXT, source_addr=SHORT_CODE, data_coding=8)
            assert answer.is_success

    async def take() -> None:
        while True:
            await session.next()

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take())
        async with asyncio.TaskGroup() as submitting:
            for _ in range(WINDOW):
                submitting.create_task(submit())
        await done.wait()
        taking.cancel()
    await client.stop()


async def _rates(client: Client) -> dict[str, float]:
    port = free_port()
    peer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.smpp_peer", str(port), str(COUNT), str(WINDOW),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert peer.stdout is not None
    await peer.stdout.readline()
    done = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client(port, done))
        said = await peer.stdout.readline()
        done.set()
    await peer.wait()
    rates: dict[str, float] = json.loads(said)
    return rates


def run() -> Sequence[Figure]:
    rounds = [(uvloop.run(_rates(_ours)), uvloop.run(_rates(_theirs))) for _ in range(ROUNDS)]
    figures = []
    for kind, name in (("submitted", "submit_sm answered"), ("delivered", "deliver_sm acknowledged")):
        ours = statistics.median(each[kind] for each, _ in rounds)
        ceiling = statistics.median(each[kind] for _, each in rounds)
        figures += [
            Figure(f"{name}, one bind, window {WINDOW}", ours, "/s"),
            Figure(f"{name}, smpp34's client (Rust) in its place", ceiling, "/s"),
            Figure(
                f"{name}, ours to the peer's", ours / ceiling, "×", f"≥ {SHARE}×", ours >= SHARE * ceiling
            ),
        ]
    return figures


if __name__ == "__main__":
    for figure in run():
        print(figure.row())
