"""The provider of the callbacks' benchmark: signed callbacks over HTTP, in a process of its own."""

import asyncio
import json
import statistics
import sys
import time

import aiohttp
import uvloop

from tests.providers.arsenalpay_desk import ArsenalPayDesk, Transaction

CONNECTIONS = 64
AMOUNT = "300.00"


async def tell(url: str, numbers: range, *, per_second: float) -> dict[str, float]:
    """As many as the other side takes, then at a given rate; an answer's time counts from when it was due."""
    half = len(numbers) // 2
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as http:
        seconds, _ = await _told(http, url, _bodies(numbers[:half]), per_second=1e9)
        _, late = await _told(http, url, _bodies(numbers[half:]), per_second=per_second)
    return {
        "most": half / seconds,
        "median": statistics.median(late),
        "p99": statistics.quantiles(late, n=100)[98],
    }


def _bodies(numbers: range) -> list[bytes]:
    desk = ArsenalPayDesk()
    return [
        desk.callback(Transaction(f"rrn-{number}", str(number), AMOUNT, "9140001111"), "payment")
        for number in numbers
    ]


async def _told(
    http: aiohttp.ClientSession, url: str, bodies: list[bytes], *, per_second: float
) -> tuple[float, list[float]]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    started, times, left = time.perf_counter(), list[float](), iter(enumerate(bodies))

    async def worker() -> None:
        for number, body in left:
            due = started + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            async with http.post(url, data=body, headers=headers) as response:
                assert (response.status, await response.text()) == (200, "OK")
            times.append(time.perf_counter() - max(due, started))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(worker())
    return time.perf_counter() - started, times


if __name__ == "__main__":
    address, first, count, rate = sys.argv[1:]
    numbers = range(int(first), int(first) + int(count))
    print(json.dumps(uvloop.run(tell(address, numbers, per_second=float(rate)))))
