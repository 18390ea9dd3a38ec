"""Who handles what in which order, and what becomes of a message whose handler fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.ids import IncomingId
from core.messages.incoming import LEASE, Accepted, Arrival
from core.messages.wakeups import LocalWakeups
from core.states import Channel
from core.storage.message_tables import incoming
from core.use_cases.receiving import Receiving
from core.wiring import Core
from sms_gateway.handling import MOST_TRIES, WORKERS, Handling
from tests.fakes import FakeClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

AFTER_THE_LEASE = LEASE + timedelta(seconds=1)


def arrivals(*texts: str) -> list[Arrival]:
    """ "7:da" is the text da of sender 7."""
    return [
        Arrival(Channel.SMS, "smsc", f"{n}.{said}", said.split(":")[0], {"text": said})
        for n, said in enumerate(texts)
    ]


@asynccontextmanager
async def running(handling: Handling) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(handling.run())
        yield
        work.cancel()


async def test_one_senders_messages_go_one_by_one_and_in_order(core: Core) -> None:
    handled: list[str] = []
    at_work: set[str] = set()

    async def handle(message: Accepted) -> None:
        sender = message.arrival.sender
        assert sender not in at_work
        at_work.add(sender)
        await asyncio.sleep(0)
        at_work.remove(sender)
        handled.append(message.arrival.payload["text"])

    handling = Handling(core.receiving, handle, core.wakeups)
    texts = [f"{n % 3}:{n}" for n in range(30)]
    async with running(handling):
        handling.take_up(await core.receiving.accept(arrivals(*texts)))
        await handling.idle()
    for sender in "012":
        assert [said for said in handled if said[0] == sender] == [
            said for said in texts if said[0] == sender
        ]


async def test_a_slow_sender_holds_nobody_else_up(core: Core) -> None:
    others: list[str] = []
    go_on = asyncio.Event()

    async def handle(message: Accepted) -> None:
        if message.arrival.sender == "slow":
            await go_on.wait()
        others.append(message.arrival.payload["text"])
        if len(others) == WORKERS:
            go_on.set()

    handling = Handling(core.receiving, handle, core.wakeups)
    async with running(handling):
        texts = ["slow:1", "slow:2", *(f"{n}:x" for n in range(WORKERS))]
        handling.take_up(await core.receiving.accept(arrivals(*texts)))
        await handling.idle()
    assert others[-2:] == ["slow:1", "slow:2"]


async def test_a_failed_message_is_tried_again_and_then_given_up(core: Core, clock: FakeClock) -> None:
    tries: list[IncomingId] = []

    async def fail(message: Accepted) -> None:
        tries.append(message.id)
        raise ValueError("no")

    handling = Handling(core.receiving, fail, core.wakeups)
    handling.take_up(await core.receiving.accept(arrivals("7:da")))
    await handling.handle_once()
    for _ in range(MOST_TRIES - 1):
        assert await handling.sweep_once() == 0
        clock.shift(AFTER_THE_LEASE)
        assert await handling.sweep_once() == 1
        await handling.handle_once()
    clock.shift(AFTER_THE_LEASE)
    assert await handling.sweep_once() == 0
    assert len(tries) == MOST_TRIES
    async with core.database.read() as tx:
        row = await tx.one(select(incoming))
    assert (row.state, row.outcome) == ("failed", "failed")
    assert row.reason.startswith("incident ")


async def test_what_waits_here_beyond_its_lease_is_not_taken_twice(core: Core, clock: FakeClock) -> None:
    handled: list[str] = []

    async def handle(message: Accepted) -> None:
        handled.append(message.arrival.payload["text"])
        await core.receiving.finish(message.id)

    handling = Handling(core.receiving, handle, core.wakeups)
    handling.take_up(await core.receiving.accept(arrivals("7:da")))
    clock.shift(AFTER_THE_LEASE)
    assert await handling.sweep_once() == 1
    async with running(handling):
        await handling.idle()
    assert handled == ["7:da"]


async def test_the_sweep_starts_by_itself_with_what_was_left(core: Core, clock: FakeClock) -> None:
    done = asyncio.Event()

    async def handle(message: Accepted) -> None:
        await core.receiving.finish(message.id)
        done.set()

    await core.receiving.accept(arrivals("7:da"))
    clock.shift(AFTER_THE_LEASE)
    async with running(Handling(core.receiving, handle, core.wakeups)), asyncio.timeout(10):
        await done.wait()


class Unreachable(Receiving):
    """An inbox whose database went away after the first messages were stored."""

    def __init__(self, core: Core) -> None:
        super().__init__(core.database, core.clock)
        self.asked = asyncio.Event()

    async def attempts(self, incoming_id: IncomingId) -> int:
        raise OSError("gone")

    async def take_abandoned(self, channel: Channel, n: int) -> list[Accepted]:
        self.asked.set()
        raise OSError("gone")


async def test_a_database_that_is_gone_stops_no_worker(core: Core) -> None:
    tries: list[str] = []

    async def fail(message: Accepted) -> None:
        tries.append(message.arrival.payload["text"])
        raise OSError("gone")

    inbox = Unreachable(core)
    handling = Handling(inbox, fail, LocalWakeups())
    async with running(handling):
        await inbox.asked.wait()
        handling.take_up(await inbox.accept(arrivals("7:a", "7:b", "8:c")))
        await handling.idle()
    assert sorted(tries) == ["7:a", "7:b", "8:c"]
