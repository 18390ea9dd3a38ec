"""The session against an SMSC of bare sockets: order and window, losses, throttling, closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sms_gateway.outcomes import NotSent, Refused, Submitted, Unknown
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import SubmitSm, Tlv
from sms_gateway.smpp.session import Session
from tests.deadlines import until
from tests.sms_gateway.octets import deliver_sm, frame, header
from tests.sms_gateway.raw_smsc import (
    BIND_TRANSCEIVER,
    ENQUIRE_LINK,
    QUICK,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Peer,
    RawSmsc,
    session_with,
    take_all,
)

TEXT = SubmitSm(source_addr="3116", destination_addr="79141234567", short_message=b"hello")


def text() -> SubmitSm:
    return replace(TEXT)


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc().listening() as listening:
        yield listening


async def works(session: Session, peer: Peer) -> bool:
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(session.submit(text()))
        peer.answer(await peer.expect(SUBMIT_SM), b"ok\0")
    return sending.result() == Submitted("ok")


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


async def test_a_bind_that_is_answered_by_a_generic_nack_is_no_bind(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        peer = await smsc.peer()
        peer.send(frame(RESP, sequence=header(await peer.expect(BIND_TRANSCEIVER))[3]))
        assert await peer.closed()
        assert not session.is_bound
        peer.cut()
        assert await works(session, await bound(smsc, session))


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


async def test_a_cut_with_a_full_window_leaves_each_message_unknown(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, window=5) as session:
        peer = await smsc.bound()
        await session.bound()
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(session.submit(text())) for _ in range(7)]
            for _ in range(5):
                await peer.expect(SUBMIT_SM)
            peer.cut()
        outcomes = [task.result() for task in sending]
        assert [type(each) for each in outcomes[:5]] == [Unknown] * 5
        assert {type(each) for each in outcomes[5:]} <= {NotSent, Unknown}
        again = await smsc.bound()
        await session.bound()
        assert await works(session, again)


async def test_an_smsc_that_resets_the_connection_is_found_again(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        peer = await bound(smsc, session)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(session.submit(text()))
            await peer.expect(SUBMIT_SM)
            peer.reset()
        assert isinstance(sending.result(), Unknown)
        assert await works(session, await bound(smsc, session))


async def test_an_smsc_that_does_not_read_is_not_waited_for(smsc: RawSmsc) -> None:
    patience = replace(QUICK, response_seconds=1)
    long = replace(TEXT, short_message=b"", tlvs=(Tlv(0x0424, bytes(60_000)),))
    async with session_with(smsc, take_all, patience=patience, window=100) as session:
        await bound(smsc, session)
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(session.submit(replace(long))) for _ in range(100)]
        assert {type(task.result()) for task in sending} == {Unknown}


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


async def test_a_refused_bind_is_tried_again(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        for _ in range(3):
            peer = await smsc.peer()
            peer.answer(await peer.next(), status=0x0E)
            assert await peer.closed()
        assert not session.is_bound
        assert await works(session, await bound(smsc, session))


async def test_an_unanswered_bind_is_tried_again(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all, patience=replace(QUICK, response_seconds=1)) as session:
        silent = await smsc.peer()
        await silent.next()
        assert await silent.closed()
        await bound(smsc, session)


async def test_nobody_listening_is_tried_again() -> None:
    smsc = RawSmsc()
    async with smsc.listening():
        pass
    async with session_with(smsc, take_all) as session, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.bound())
        async with smsc.listening():
            await smsc.bound()
            await running


async def test_silence_is_asked_about_and_an_answer_keeps_the_link(smsc: RawSmsc) -> None:
    patience = replace(QUICK, enquire_link_seconds=0.05)
    async with session_with(smsc, take_all, patience=patience) as session:
        peer = await bound(smsc, session)
        for _ in range(3):
            peer.answer(await peer.expect(ENQUIRE_LINK))
        assert session.is_bound


async def test_a_far_end_that_is_gone_without_a_word_is_found(smsc: RawSmsc) -> None:
    patience = replace(QUICK, enquire_link_seconds=0.05, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session:
        silent = await bound(smsc, session)
        await silent.expect(ENQUIRE_LINK)
        again = await smsc.bound()
        await session.bound()
        assert await works(session, again)


async def test_other_traffic_is_a_sign_of_life(smsc: RawSmsc) -> None:
    patience = replace(QUICK, enquire_link_seconds=0.05, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session:
        peer = await bound(smsc, session)
        first = header(await peer.expect(ENQUIRE_LINK))
        peer.send(deliver_sm(b"hi", sequence=3))
        assert header(await peer.next())[1:] == (RESP | 5, 0, 3)
        # Its own question went unanswered, and still it asks again on the same connection.
        assert header(await peer.expect(ENQUIRE_LINK))[3] > first[3]


async def test_the_smsc_may_unbind(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        peer = await bound(smsc, session)
        peer.send(frame(UNBIND, sequence=4))
        assert header(await peer.next())[1:] == (RESP | UNBIND, 0, 4)
        assert await peer.closed()
        await bound(smsc, session)


async def test_an_smsc_that_unbinds_may_finish_what_is_under_way(smsc: RawSmsc) -> None:
    stored = asyncio.Event()

    async def slow(_: object) -> int:
        await stored.wait()
        return 0

    async with session_with(smsc, slow) as session, asyncio.TaskGroup() as tasks:
        peer = await bound(smsc, session)
        sending = tasks.create_task(session.submit(text()))
        request = await peer.expect(SUBMIT_SM)
        peer.send(deliver_sm(b"hi", sequence=8) + frame(UNBIND, sequence=9))
        await until(lambda: not session.is_bound)
        assert await session.submit(text()) == NotSent("not bound")
        peer.answer(request, b"1\0")
        assert await sending == Submitted("1")
        stored.set()
        assert header(await peer.next())[1:] == (RESP | 5, 0, 8)
        assert header(await peer.next())[1:] == (RESP | UNBIND, 0, 9)
        assert await peer.closed()
        await bound(smsc, session)


async def test_closing_drains_the_window_then_unbinds_then_closes(smsc: RawSmsc) -> None:
    stored = asyncio.Event()

    async def slow(_: object) -> int:
        await stored.wait()
        return 0

    async with session_with(smsc, slow) as session, asyncio.TaskGroup() as tasks:
        peer = await bound(smsc, session)
        sending = tasks.create_task(session.submit(text()))
        request = await peer.expect(SUBMIT_SM)
        peer.send(deliver_sm(b"hi", sequence=8))
        peer.send(frame(ENQUIRE_LINK, sequence=9))
        await peer.expect(RESP | ENQUIRE_LINK)
        closing = tasks.create_task(session.close())
        await until(lambda: not session.is_bound)
        assert await session.submit(text()) == NotSent("not bound")
        peer.answer(request, b"1\0")
        assert await sending == Submitted("1")
        stored.set()
        assert header(await peer.next())[1:] == (RESP | 5, 0, 8)
        peer.answer(await peer.expect(UNBIND))
        assert await peer.closed()
        await closing


async def test_closing_does_not_wait_for_ever(smsc: RawSmsc) -> None:
    patience = replace(QUICK, drain_seconds=0.05, response_seconds=1)
    async with session_with(smsc, take_all, patience=patience) as session, asyncio.TaskGroup() as tasks:
        peer = await bound(smsc, session)
        sending = tasks.create_task(session.submit(text()))
        await peer.expect(SUBMIT_SM)
        await session.close()
        assert isinstance(await sending, Unknown)
        await peer.expect(UNBIND)


async def test_closing_before_the_bind_ends_the_session(smsc: RawSmsc) -> None:
    session = Session(
        Smsc("127.0.0.1", smsc.port, "a", "b", window=1),
        on_message=take_all,
        patience=QUICK,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run())
        peer = await smsc.peer()
        bind = await peer.next()
        await session.close()
        peer.answer(bind)
        peer.answer(await peer.expect(UNBIND))
        await running


async def bound(smsc: RawSmsc, session: Session) -> Peer:
    peer = await smsc.bound()
    await session.bound()
    return peer
