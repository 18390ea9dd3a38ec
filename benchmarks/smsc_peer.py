"""An SMSC in a process of its own: sends texts over one bind and counts the replies."""

import asyncio
import itertools
import json
import os
import sys
import time

import smpp34

WINDOW = 200  # texts that wait for their deliver_sm_resp at once
QUIET_SECONDS = 20.0  # replies that have not come by then never will


async def serve(port: int, count: int, text: str) -> None:
    """Wait for a bind, send `count` texts from as many phones, print the seconds until the last reply."""
    server = smpp34.Server(host="127.0.0.1", port=port, system_id="bench")
    await server.start()
    print("listening", flush=True)
    esme = await server.next()
    assert isinstance(esme, smpp34.Esme)
    numbers = itertools.count()
    started = time.perf_counter()
    replies = 0
    last = acknowledged = started
    payload = text.encode("utf-16-be")

    async def sender() -> None:
        nonlocal acknowledged
        while (number := next(numbers)) < count:
            answer = await esme.deliver_sm(
                source_addr=f"7900{number:07d}",
                destination_addr="3116",
                short_message=payload,
                data_coding=8,
                source_addr_ton=1,
                source_addr_npi=1,
            )
            assert answer.is_success, answer.command_status
            acknowledged = time.perf_counter()

    async def receiver() -> None:
        nonlocal replies, last
        seen: set[str] = set()
        while len(seen) < count:
            event = await _next(server)
            if isinstance(event, smpp34.SubmitSmEvent):
                event.accept(message_id=f"{replies:x}")
                replies += 1
                if event.destination_addr not in seen:
                    seen.add(event.destination_addr)
                    last = time.perf_counter()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(receiver())
        for _ in range(WINDOW):
            tasks.create_task(sender())
    said = {"stored": acknowledged - started, "answered": last - started, "parts": replies}
    print(json.dumps(said), flush=True)


async def _next(server: smpp34.Server) -> object:
    async with asyncio.timeout(QUIET_SECONDS):
        return await server.next()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
    os._exit(0)  # smpp34's threads outlive the loop
