"""Binds over real sockets: a pair of connections, TLS, passwords as operators give them, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from sms_gateway.outcomes import NotSent, Outcome, Submitted
from sms_gateway.smpp.bind import Bind
from sms_gateway.smpp.connection import OnMessage
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.link import Mode, Patience, Smsc
from tests.deadlines import until
from tests.sms_gateway.certificates import Authority
from tests.sms_gateway.octets import deliver_sm, frame, header
from tests.sms_gateway.raw_smsc import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    ENQUIRE_LINK,
    QUERY_SM,
    QUICK,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Peer,
    RawSmsc,
    take_all,
)
from tests.sms_gateway.smpp34_smsc import smpp34_smsc

PHONE = "79141234567"
HELLO = Piece(0, 0, b"hello")


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc().listening() as listening:
        yield listening


@asynccontextmanager
async def running(
    port: int, *, on_message: OnMessage = take_all, patience: Patience = QUICK, **said: object
) -> AsyncIterator[Bind]:
    address = replace(Smsc("127.0.0.1", port, "demo", "secret", per_second=10_000), **said)  # type: ignore[arg-type]  # any field of it
    bind = Bind(address, short_code="3116", on_message=on_message, patience=patience)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(bind.run())
        yield bind
        work.cancel()


async def submit(bind: Bind, *, seconds: float = 5) -> Outcome:
    begin_by = asyncio.get_running_loop().time() + seconds
    return await bind.submit(PHONE, HELLO, last=True, lives_seconds=None, until=begin_by)


async def both(smsc: RawSmsc) -> tuple[Peer, Peer]:
    """The transmitter's and the receiver's end of a pair, bound."""
    peers = {}
    for _ in range(2):
        peer = await smsc.peer()
        request = await peer.next()
        peer.answer(request, b"raw\0")
        peers[header(request)[1]] = peer
    return peers[BIND_TRANSMITTER], peers[BIND_RECEIVER]


async def test_a_pair_sends_by_one_connection_and_receives_by_the_other(smsc: RawSmsc) -> None:
    async with running(smsc.port, mode=Mode.PAIR) as bind, asyncio.TaskGroup() as tasks:
        transmitter, receiver = await both(smsc)
        await until(lambda: bind.up)
        sending = tasks.create_task(submit(bind))
        receiver.send(deliver_sm(b"hi", sequence=7))
        assert header(await receiver.next())[1:] == (RESP | 5, 0, 7)
        transmitter.answer(await transmitter.expect(SUBMIT_SM), b"1\0")
        assert await sending == Submitted("1")


async def test_a_pair_is_up_as_long_as_its_transmitter_is(smsc: RawSmsc) -> None:
    async with running(smsc.port, mode=Mode.PAIR) as bind:
        transmitter, receiver = await both(smsc)
        await until(lambda: bind.up)
        receiver.cut()
        again = await smsc.peer()
        await again.bind(BIND_RECEIVER)
        assert bind.up
        transmitter.cut()
        await until(lambda: not bind.up)
        assert await submit(bind) == NotSent("not bound")
        await (await smsc.peer()).bind(BIND_TRANSMITTER)
        await until(lambda: bind.up)


async def test_an_smsc_has_the_version_and_the_timers_that_its_operator_wants(smsc: RawSmsc) -> None:
    async with running(
        smsc.port, interface_version=0x33, enquire_link_seconds=0.05, response_seconds=1
    ) as bind:
        peer = await smsc.peer()
        assert (await peer.bind())[16:].endswith(b"\0\x33\0\0\0")
        await until(lambda: bind.up)
        # QUICK would ask after 30 s, and wait for 5.
        async with asyncio.timeout(4):
            await peer.expect(ENQUIRE_LINK)
            assert await peer.closed()


async def test_a_pair_unbinds_both(smsc: RawSmsc) -> None:
    async with running(smsc.port, mode=Mode.PAIR) as bind, asyncio.TaskGroup() as tasks:
        ends = await both(smsc)
        await until(lambda: bind.up)
        closing = tasks.create_task(bind.close())
        for end in ends:
            end.answer(await end.expect(UNBIND))
            assert await end.closed()
        await closing


async def test_a_receiver_alone_sends_nothing(smsc: RawSmsc) -> None:
    async with running(smsc.port, mode=Mode.RECEIVER) as bind:
        peer = await smsc.peer()
        await peer.bind(BIND_RECEIVER)
        peer.send(deliver_sm(b"hi", sequence=7))
        assert header(await peer.next())[1:] == (RESP | 5, 0, 7)
        assert not bind.up
        assert await submit(bind) == NotSent("not bound")
        assert await bind.query("1") is None


@pytest.mark.parametrize("mode", [Mode.TRANSCEIVER, Mode.PAIR, Mode.TRANSMITTER])
async def test_an_independent_smsc_takes_each_mode(mode: Mode) -> None:
    async with smpp34_smsc() as peer, running(peer.port, mode=mode) as bind:
        esmes = [await peer.esme() for _ in mode.binds]
        await until(lambda: bind.up)
        assert await submit(bind) == Submitted(f"{0xA0:x}")
        assert peer.texts == [(PHONE, "hello")]
        # Its server refuses a receiver's deliver_sm_resp, its own client's too: a pair is sent nothing.
        assert [esme.can_receive for esme in esmes].count(True) == (mode is not Mode.TRANSMITTER)


async def test_a_password_may_be_longer_than_the_standards_eight(smsc: RawSmsc) -> None:
    said: Any = {"address_range": "^3116$", "address_ton": 3, "address_npi": 1, "system_type": "VMA"}
    async with running(smsc.port, password="p" * 24, **said):
        bind = await (await smsc.peer()).bind()
        assert bind[16:] == b"demo\0" + b"p" * 24 + b"\0VMA\0\x34\3\1^3116$\0"


async def test_tls_is_spoken_with_who_is_vouched_for_by_our_authority(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    async with (
        RawSmsc().listening(ours.server()) as smsc,
        running(smsc.port, tls=True, ca=str(ours.file)) as bind,
        asyncio.TaskGroup() as tasks,
    ):
        peer = await smsc.bound()
        await until(lambda: bind.up)
        sending = tasks.create_task(submit(bind))
        peer.answer(await peer.expect(SUBMIT_SM), b"1\0")
        assert await sending == Submitted("1")


@pytest.mark.parametrize("known", ["nobody", "others"])
async def test_a_password_is_told_to_nobody_who_is_not_vouched_for(tmp_path: Path, known: str) -> None:
    ca = str(Authority(tmp_path, "others").file) if known == "others" else ""
    with capture_logs() as told:
        async with (
            RawSmsc().listening(Authority(tmp_path, "ours").server()) as smsc,
            running(smsc.port, tls=True, ca=ca) as bind,
        ):
            await until(lambda: [each for each in told if each["event"] == "smsc fails tls"])
            assert not bind.up
            assert smsc._all == []  # no connection came so far that it could be read
    assert {each["log_level"] for each in told if each["event"] == "smsc fails tls"} == {"error"}


async def test_verification_can_be_turned_off_and_the_log_says_so(tmp_path: Path) -> None:
    with capture_logs() as told:
        async with (
            RawSmsc().listening(Authority(tmp_path, "ours").server()) as smsc,
            running(smsc.port, tls=True, verify=False) as bind,
        ):
            await smsc.bound()
            await until(lambda: bind.up)
    assert "smsc certificate is not verified" in [each["event"] for each in told]


def test_a_file_of_certificates_that_is_none_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="certificates /nowhere"):
        Bind(
            Smsc("h", 1, "a", "b", tls=True, ca="/nowhere"), short_code="3116", on_message=take_all
        )  # fmt: skip


async def test_a_wrong_password_is_told_loudly_and_tried_more_and_more_slowly(smsc: RawSmsc) -> None:
    patience = replace(QUICK, refused_first_seconds=0.1, refused_most_seconds=0.4)
    arrived: list[float] = []
    with capture_logs() as told:
        async with running(smsc.port, patience=patience) as bind:
            for _ in range(3):
                peer = await smsc.peer()
                arrived.append(asyncio.get_running_loop().time())
                peer.answer(await peer.next(), status=0x0E)
                assert await peer.closed()
            await smsc.bound()
            await until(lambda: bind.up)
    refusals = [each for each in told if each["event"] == "smsc refuses our bind"]
    assert [(each["log_level"], each["status"]) for each in refusals] == [("error", 0x0E)] * 3
    # Half of 0.1 and of 0.2 at least, where a lost link is tried again after 0.01.
    assert arrived[1] - arrived[0] >= 0.05
    assert arrived[2] - arrived[1] >= 0.1


async def test_a_refusal_that_mends_itself_is_tried_again_as_a_lost_link_is(smsc: RawSmsc) -> None:
    async with running(smsc.port, patience=replace(QUICK, refused_first_seconds=60)) as bind:
        for status in (0x05, 0x08, 0x0A):  # already bound: the SMSC has not yet noticed that we were cut off
            peer = await smsc.peer()
            peer.answer(await peer.next(), status=status)
        await smsc.bound()
        await until(lambda: bind.up)


async def test_an_smsc_that_is_asked_says_what_became_of_a_message(smsc: RawSmsc) -> None:
    async with running(smsc.port, source="Aliance", source_ton=5) as bind, asyncio.TaskGroup() as tasks:
        peer = await smsc.bound()
        await until(lambda: bind.up)
        asking = tasks.create_task(bind.query("7f"))
        request = await peer.expect(QUERY_SM)
        assert request[16:] == b"7f\0\5\0Aliance\0"
        peer.answer(request, b"7f\0" + b"0\0" + b"\2\0")
        answer = await asking
        assert answer is not None
        assert (answer.message_id, answer.message_state) == ("7f", 2)
        asking = tasks.create_task(bind.query("7f"))
        peer.answer(await peer.expect(QUERY_SM), status=0x67)
        assert await asking is None
        asking = tasks.create_task(bind.query("7f"))
        peer.send(frame(RESP, status=3, sequence=header(await peer.expect(QUERY_SM))[3]))
        assert await asking is None
