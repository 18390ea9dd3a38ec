"""An SMSC that asks for less: everybody waits, longer each time, and goes on in the order they were in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sms_gateway.gate import Gate
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.pace import Pace
from sms_gateway.smpp.pdu import SubmitSm
from sms_gateway.smpp.session import Session
from tests.deadlines import until
from tests.sms_gateway.octets import header
from tests.sms_gateway.raw_smsc import QUICK, SUBMIT_SM, Peer, RawSmsc, session_with, take_all

THROTTLED, QUEUE_FULL = 0x58, 0x14


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc().listening() as listening:
        yield listening


def text(number: int) -> SubmitSm:
    return SubmitSm(source_addr="3116", destination_addr=f"7914000000{number}", short_message=b"hello")


def number_of(frame: bytes) -> int:
    return int(frame[frame.index(b"7914000000") + 10 : frame.index(b"7914000000") + 11])


async def answer_all(peer: Peer, count: int, *, throttle: set[int]) -> list[int]:
    """Take `count` submits, and say what came; the requests of `throttle`, by place, are refused."""
    came = []
    for place in range(count):
        request = await peer.expect(SUBMIT_SM)
        came.append(number_of(request))
        if place in throttle:
            peer.answer(request, status=THROTTLED if place % 2 else QUEUE_FULL)
        else:
            peer.answer(request, b"ok\0")
    return came


async def test_a_throttled_message_is_kept_and_sent_again(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = tasks.create_task(session.submit(text(1)))
        assert await answer_all(peer, 3, throttle={0, 1}) == [1, 1, 1]
        assert await sending == Submitted("ok")


async def test_nothing_overtakes_a_throttled_message(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=1) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = [tasks.create_task(session.submit(text(n))) for n in range(4)]
        assert await answer_all(peer, 7, throttle={0, 3, 4}) == [0, 0, 1, 2, 2, 2, 3]
        assert [await task for task in sending] == [Submitted("ok")] * 4


async def test_a_window_that_is_throttled_goes_again_in_its_order(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=4) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = [tasks.create_task(session.submit(text(n))) for n in range(6)]
        requests = [await peer.expect(SUBMIT_SM) for _ in range(4)]
        for request in reversed(requests):  # the refusals come in another order
            peer.answer(request, status=THROTTLED)
        assert await answer_all(peer, 6, throttle=set()) == [0, 1, 2, 3, 4, 5]
        assert [await task for task in sending] == [Submitted("ok")] * 6


async def test_a_message_throttled_for_long_goes_back_and_says_so(smsc: RawSmsc) -> None:
    patience = replace(QUICK, throttled_hold_seconds=0.2)
    async with session_with(smsc, take_all, patience=patience) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = [tasks.create_task(session.submit(text(n))) for n in range(3)]

        async def refuse() -> None:
            while True:
                peer.answer(await peer.expect(SUBMIT_SM), status=THROTTLED)

        refusing = tasks.create_task(refuse())
        refused: Outcome = Refused(THROTTLED, retry=True, slow_down=True)
        assert [await task for task in sending] == [refused] * 3
        assert session.paused
        refusing.cancel()


async def test_a_message_that_must_not_begin_any_more_never_leaves(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=1) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        now = asyncio.get_running_loop().time()
        first = tasks.create_task(session.submit(text(1)))
        request = await peer.expect(SUBMIT_SM)
        assert await session.submit(text(2), until=now + 0.05) == NotSent("held too long")
        peer.answer(request, b"ok\0")
        assert await first == Submitted("ok")


async def test_a_vendors_own_status_may_ask_for_less_or_for_later(smsc: RawSmsc) -> None:
    address = Smsc(
        "127.0.0.1", smsc.port, "a", "b", throttled=frozenset({0x400}), again=frozenset({0x401})
    )  # fmt: skip
    session = Session(address, on_message=take_all, patience=QUICK)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        peer = await smsc.bound()
        await session.bound()
        sending = tasks.create_task(session.submit(text(1)))
        peer.answer(await peer.expect(SUBMIT_SM), status=0x400)
        peer.answer(await peer.expect(SUBMIT_SM), status=0x401)
        assert await sending == Refused(0x401, retry=True)
        running.cancel()


async def test_pauses_grow_with_jitter_and_shrink_once_something_is_taken(
    smsc: RawSmsc, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    paused = Pace.pause

    def pause(self: Pace, seconds: float) -> None:
        pauses.append(seconds)
        paused(self, seconds)

    monkeypatch.setattr(Pace, "pause", pause)
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    patience: Patience = replace(QUICK, throttled_most_seconds=0.04)
    async with session_with(smsc, take_all, patience=patience) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        for count in (5, 2):
            sending = tasks.create_task(session.submit(text(1)))
            await answer_all(peer, count, throttle=set(range(count - 1)))
            assert await sending == Submitted("ok")
    assert [round(each, 3) for each in pauses] == [0.015, 0.03, 0.06, 0.06, 0.015]


async def test_an_answer_is_waited_for_no_longer_than_a_lease_lasts() -> None:
    now = asyncio.get_running_loop().time()
    for response, left, waits in ((15, 14, 15), (15, 1, 6), (10, 1, 6), (4, 1, 3), (4, -9, 1)):
        gate = Gate("smsc", window=1, per_second=1, patience=Patience(response_seconds=response))
        assert gate.answer_within(now + left) == pytest.approx(waits, abs=0.5)


async def test_the_first_in_line_passes_first_though_it_comes_last() -> None:
    pace = Pace(1000)
    passed: list[int] = []

    async def pass_through(ticket: int) -> None:
        await pace.wait(ticket)
        passed.append(ticket)

    tickets = [pace.ticket() for _ in range(4)]
    pace.pause(0.05)
    async with asyncio.TaskGroup() as tasks:
        for ticket in (tickets[2], tickets[3], tickets[1], tickets[0]):
            tasks.create_task(pass_through(ticket))
        leaving = tasks.create_task(pass_through(pace.ticket()))
        await until(lambda: len(pace._waiting) == 5)
        leaving.cancel()
    assert passed == tickets


async def test_a_sequence_of_requests_is_sent_in_order_of_asking(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=3, per_second=1000) as session:
        peer = await smsc.bound()
        await session.bound()
        async with asyncio.TaskGroup() as tasks:
            for n in range(9):
                tasks.create_task(session.submit(text(n)))
            sequences = []
            for n in range(9):
                request = await peer.expect(SUBMIT_SM)
                assert number_of(request) == n
                sequences.append(header(request)[3])
                peer.answer(request, b"ok\0")
        assert sequences == sorted(sequences)
