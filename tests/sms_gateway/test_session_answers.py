"""What a session makes of each answer, in time and late, within its window and its pace."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sms_gateway.outcomes import NotSent, Refused, Submitted, Unknown
from tests.deadlines import until
from tests.sms_gateway.octets import frame, header
from tests.sms_gateway.raw_smsc import (
    ENQUIRE_LINK,
    QUICK,
    RESP,
    SUBMIT_SM,
    RawSmsc,
    session_with,
    take_all,
)
from tests.sms_gateway.session_scenes import bound, text, works


async def test_a_bind_says_who_we_are(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        bind = await (await smsc.peer()).bind()
        await session.bound()
        assert session.is_bound
        assert bind[16:] == b"demo\0secret\0test\0\x34\0\0\0"


@pytest.mark.parametrize(
    "status, body, outcome",
    [
        (0, b"7f\0", Submitted("7f")),
        (0, b"", Submitted("")),
        (0, b"no NUL", Submitted("")),
        (0x0B, b"", Refused(0x0B, retry=False)),
        (0x0B, b"\0", Refused(0x0B, retry=False)),
        (0x08, b"", Refused(0x08, retry=True)),
        (0xDEAD, b"", Refused(0xDEAD, retry=False)),
    ],
)
async def test_a_response_is_an_outcome(smsc: RawSmsc, status: int, body: bytes, outcome: object) -> None:
    async with session_with(smsc, take_all) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = tasks.create_task(session.submit(text()))
        peer.answer(await peer.expect(SUBMIT_SM), body, status=status)
        assert await sending == outcome
        assert await works(session, peer)


async def test_a_generic_nack_refuses_what_it_names(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = tasks.create_task(session.submit(text()))
        sequence = header(await peer.expect(SUBMIT_SM))[3]
        peer.send(frame(RESP, status=3, sequence=0))
        peer.send(frame(RESP | ENQUIRE_LINK, sequence=sequence))
        peer.send(frame(RESP, status=2, sequence=sequence))
        assert await sending == Refused(2, retry=False)


async def test_a_generic_nack_of_status_0_is_a_refusal_in_time_and_late(smsc: RawSmsc) -> None:
    outcome = Refused(0, retry=False)
    late: list[object] = []
    patience = replace(QUICK, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session, asyncio.TaskGroup() as tasks:
        peer = await bound(smsc, session)
        sending = tasks.create_task(session.submit(text()))
        peer.send(frame(RESP, sequence=header(await peer.expect(SUBMIT_SM))[3]))
        assert await sending == outcome
        assert await session.submit(text(), on_late=late.append) == Unknown("no response")
        peer.send(frame(RESP, sequence=header(await peer.expect(SUBMIT_SM))[3]))
        await until(lambda: late)
        assert late == [outcome]
        assert await works(session, peer)


async def test_a_vendor_that_throttles_by_generic_nack_is_heard(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session, asyncio.TaskGroup() as tasks:
        peer = await bound(smsc, session)
        sending = tasks.create_task(session.submit(text()))
        peer.send(frame(RESP, status=0x58, sequence=header(await peer.expect(SUBMIT_SM))[3]))
        peer.answer(await peer.expect(SUBMIT_SM), b"ok\0")
        assert await sending == Submitted("ok")


async def test_a_lost_response_is_unknown_and_a_late_one_harmless(smsc: RawSmsc) -> None:
    patience = replace(QUICK, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session:
        peer = await smsc.bound()
        await session.bound()
        assert await session.submit(text()) == Unknown("no response")
        peer.answer(await peer.expect(SUBMIT_SM), b"late\0")
        assert await works(session, peer)


async def test_an_answer_after_its_time_is_handed_on_as_late(smsc: RawSmsc) -> None:
    late: list[object] = []
    patience = replace(QUICK, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session:
        peer = await bound(smsc, session)
        for status, body in ((0, b"7f\0"), (0x0B, b"")):
            assert await session.submit(text(), on_late=late.append) == Unknown("no response")
            peer.answer(await peer.expect(SUBMIT_SM), body, status=status)
        await until(lambda: len(late) == 2)
        assert late == [Submitted("7f"), Refused(0x0B, retry=False)]
        assert await works(session, peer)


async def test_no_more_than_the_window_waits_for_answers(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=2) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        sending = [tasks.create_task(session.submit(text())) for _ in range(3)]
        first, second = await peer.expect(SUBMIT_SM), await peer.expect(SUBMIT_SM)
        # What the session says next to this is its answer, not a third message.
        peer.send(frame(ENQUIRE_LINK, sequence=9))
        assert header(await peer.next())[1:] == (RESP | ENQUIRE_LINK, 0, 9)
        # Answered out of order, each finds its own.
        peer.answer(second, b"b\0")
        third = await peer.expect(SUBMIT_SM)
        peer.answer(third, b"c\0")
        peer.answer(first, b"a\0")
        assert [await task for task in sending] == [Submitted("a"), Submitted("b"), Submitted("c")]


async def test_messages_keep_to_their_pace(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, per_second=50) as session, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await session.bound()
        began_at = asyncio.get_running_loop().time()
        sending = [tasks.create_task(session.submit(text())) for _ in range(10)]
        for _ in sending:
            peer.answer(await peer.expect(SUBMIT_SM), b"1\0")
        # Ten at 50/s, less the burst of three.
        assert asyncio.get_running_loop().time() - began_at > 0.12


async def test_without_a_bind_nothing_is_sent(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        assert await session.submit(text()) == NotSent("not bound")
