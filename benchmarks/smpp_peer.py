"""smpp34's SMSC in a process of its own: takes submit_sm, then sends deliver_sm, and tells the rates."""

import asyncio
import itertools
import json
import os
import sys
import time

import smpp34

PHONE, SHORT_CODE = "79141234567", "3116"
QUIET_SECONDS = 60.0


async def serve(port: int, count: int, window: int) -> None:
    """Of one bind: `count` submit_sm from the first to the last, then as many deliver_sm in windows."""
    server = smpp34.Server(host="127.0.0.1", port=port, system_id="bench")
    await server.start()
    print("listening", flush=True)
    esme = await server.next()
    assert isinstance(esme, smpp34.Esme)
    submitted = await _take(server, count)
    began_at = time.perf_counter()
    numbers = itertools.count()
    text = "aliance 100080 100".encode("utf-16-be")

    async def send() -> None:
        while next(numbers) < count:
            answer = await esme.deliver_sm(SHORT_CODE, text, source_addr=PHONE, data_coding=8)
            assert answer.is_success, answer.command_status

    async with asyncio.TaskGroup() as tasks:
        for _ in range(window):
            tasks.create_task(send())
    delivered = count / (time.perf_counter() - began_at)
    print(json.dumps({"submitted": submitted, "delivered": delivered}), flush=True)


async def _take(server: smpp34.Server, count: int) -> float:
    began_at = 0.0
    for number in range(count):
        async with asyncio.timeout(QUIET_SECONDS):
            event = await server.next()
        assert isinstance(event, smpp34.SubmitSmEvent)
        began_at = began_at or time.perf_counter()
        event.accept(f"{number:x}")
    return count / (time.perf_counter() - began_at)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    os._exit(0)  # smpp34's threads outlive the loop
