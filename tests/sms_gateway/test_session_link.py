"""A session's link: refused, lost, silent, unbound by the SMSC, closed by us."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sms_gateway.outcomes import NotSent, Submitted, Unknown
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import Tlv
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
    RawSmsc,
    session_with,
    take_all,
)
from tests.sms_gateway.session_scenes import TEXT, bound, text, works


async def test_a_bind_that_is_answered_by_a_generic_nack_is_no_bind(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all) as session:
        peer = await smsc.peer()
        peer.send(frame(RESP, sequence=header(await peer.expect(BIND_TRANSCEIVER))[3]))
        assert await peer.closed()
        assert not session.is_bound
        peer.cut()
        assert await works(session, await bound(smsc, session))


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
