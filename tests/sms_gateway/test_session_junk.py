"""Junk on a live session: some costs one PDU, some the connection, none the session."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from structlog.testing import capture_logs

from sms_gateway.smpp.connection import MOST_IN_HAND
from sms_gateway.smpp.pdu import DataSm, DeliverSm
from tests.sms_gateway.octets import data_sm, deliver_sm, frame, header, tlv
from tests.sms_gateway.raw_smsc import ENQUIRE_LINK, QUICK, RESP, Peer, RawSmsc, session_with, take_all

DELIVER_SM_RESP = RESP | 5


async def answers(peer: Peer) -> bool:
    peer.send(frame(ENQUIRE_LINK, sequence=4711))
    return header(await peer.next())[1:] == (RESP | ENQUIRE_LINK, 0, 4711)


BAD_BODIES = [
    ("empty deliver_sm", frame(5, sequence=3), (DELIVER_SM_RESP, 0x02, 3)),
    ("nobody's deliver_sm", frame(5, b"\0\1\1\0", sequence=3), (DELIVER_SM_RESP, 0x02, 3)),
    ("empty data_sm", frame(0x103, sequence=3), (RESP | 0x103, 0x02, 3)),
    ("broken query_sm", frame(3, b"x", sequence=3), (RESP, 0x02, 3)),
    ("unknown command", frame(0x77, b"x", sequence=3), (RESP, 0x03, 3)),
    ("a request of the other side's", frame(4, deliver_sm(b"a")[16:], sequence=3), (RESP, 0x03, 3)),
    ("bind after bind", frame(9, b"a\0b\0\0\x34\0\0\0", sequence=3), (RESP, 0x03, 3)),
]


@pytest.mark.parametrize("name, octets, answer", BAD_BODIES, ids=[case[0] for case in BAD_BODIES])
async def test_a_bad_body_costs_one_pdu(
    smsc: RawSmsc, name: str, octets: bytes, answer: tuple[int, int, int]
) -> None:
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        with capture_logs() as told:
            peer.send(octets)
            assert header(await peer.next())[1:] == answer
        assert await answers(peer)
    # What it was can be found in the SMSC's records; what it said stays out of the log.
    unreadable = [each for each in told if each["event"] == "smpp body unreadable"]
    for each in unreadable:
        assert (each["octets"], each["sha256"]) == (len(octets), sha256(octets).hexdigest())
    assert len(unreadable) == (answer[1] == 2)


CUT_SHORT = [
    ("a TLV", deliver_sm(b"text", sequence=3, tlvs=b"\x14\x03\x00\x09m"), b"text", DELIVER_SM_RESP),
    ("a payload", deliver_sm(b"", sequence=3, tlvs=b"\x04\x24\x00\x09text"), b"", DELIVER_SM_RESP),
    ("half a TLV header", deliver_sm(b"text", sequence=3, tlvs=b"\x04"), b"text", DELIVER_SM_RESP),
    ("short_message", frame(5, deliver_sm(b"text")[16:-1], sequence=3), b"", DELIVER_SM_RESP),
    ("data_sm", data_sm(tlv(0x424, b"text") + b"\x04", sequence=3), b"text", RESP | 0x103),
]  # fmt: skip


@pytest.mark.parametrize("name, octets, said, answer", CUT_SHORT, ids=[case[0] for case in CUT_SHORT])
async def test_a_message_that_is_cut_short_is_handed_on_all_the_same(
    smsc: RawSmsc, name: str, octets: bytes, said: bytes, answer: int
) -> None:
    came: list[DeliverSm | DataSm] = []

    async def keep(pdu: DeliverSm | DataSm) -> int:
        came.append(pdu)
        return 0

    async with session_with(smsc, keep):
        peer = await smsc.bound()
        with capture_logs() as told:
            peer.send(octets)
            assert header(await peer.next())[1:] == (answer, 0, 3)
        assert await answers(peer)
    assert [(each.source_addr, each.message, each.raw) for each in came] == [("79141234567", said, octets)]
    (log,) = [each for each in told if each["event"].startswith("smpp")]
    assert (log["event"], log["sender"], log["octets"]) == ("smpp message cut short", "7914…67", len(octets))
    assert "text" not in str(log)


ALERT = frame(0x102, b"\1\1" + b"79141234567\0" + b"\0\0" + b"3116\0" + tlv(0x422, b"\0"))
SILENT = [
    ("unknown response", frame(RESP | 0x77, b"x")),
    ("response to nothing", frame(RESP | 4, b"1\0", sequence=99)),
    ("broken response to nothing", frame(RESP | 4, b"1", sequence=99)),
    ("generic_nack of sequence 0", frame(RESP, status=3, sequence=0)),
    ("alert_notification", ALERT),
    ("outbind", frame(0x0B, b"a\0hidden\0")),
]


@pytest.mark.parametrize("name, octets", SILENT, ids=[case[0] for case in SILENT])
async def test_what_wants_no_answer_gets_none(smsc: RawSmsc, name: str, octets: bytes) -> None:
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        peer.send(octets)
        assert await answers(peer)


async def test_of_an_alert_notification_the_log_tells_whose_phone_it_is_and_no_more(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        with capture_logs() as told:
            peer.send(ALERT + frame(0x0B, b"a\0hidden\0"))
            assert await answers(peer)
    alert, outbind = [each for each in told if each["event"].startswith("smpp ")]
    assert (alert["event"], alert["phone"]) == ("smpp phone is there again", "7914…67")
    assert "hidden" not in str(outbind)


@pytest.mark.parametrize("length", [0, 15, 128 * 1024 + 1, 0xFFFFFFFF])
async def test_bad_framing_costs_the_connection_alone(smsc: RawSmsc, length: int) -> None:
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        peer.send(deliver_sm(b"before", sequence=2) + length.to_bytes(4, "big") + bytes(12))
        await peer.to_the_end()
        assert await answers(await smsc.bound())


async def test_noise_never_ends_the_session(smsc: RawSmsc) -> None:
    random = Random(34)
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        for _ in range(60):
            command = random.choice([1, 3, 4, 5, 6, 9, 0x15, 0x102, 0x103, 0x80000004, 0x80000005, 0x99])
            octets = frame(
                command, random.randbytes(random.randrange(60)), sequence=random.randrange(1 << 32)
            )
            peer.send(octets if random.random() < 0.9 else random.randbytes(40))
        peer.cut()
        # Reconnects on the way answered binds to nobody; the last one that asks is served.
        async with asyncio.timeout(10):
            assert await answers(await smsc.bound())


async def test_an_acknowledgement_waits_for_the_message_to_be_stored(smsc: RawSmsc) -> None:
    came: asyncio.Queue[tuple[DeliverSm | DataSm, asyncio.Future[int]]] = asyncio.Queue()

    async def hold(pdu: DeliverSm | DataSm) -> int:
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        came.put_nowait((pdu, stored))
        return await stored

    async with session_with(smsc, hold):
        peer = await smsc.bound()
        peer.send(deliver_sm(b"one", sequence=1) + deliver_sm(b"two", sequence=2))
        (one, first), (two, second) = await came.get(), await came.get()
        assert (one.message, two.message) == (b"one", b"two")
        assert await answers(peer)
        second.set_result(0x45)
        assert header(await peer.next())[1:] == (DELIVER_SM_RESP, 0x45, 2)
        first.set_result(0)
        assert header(await peer.next())[1:] == (DELIVER_SM_RESP, 0, 1)


async def test_a_data_sm_is_a_message_too(smsc: RawSmsc) -> None:
    async with session_with(smsc, take_all):
        peer = await smsc.bound()
        peer.send(data_sm(tlv(0x0424, b"hi"), sequence=6))
        assert header(await peer.next())[1:] == (RESP | 0x103, 0, 6)


async def test_what_cannot_be_stored_stays_with_the_smsc(smsc: RawSmsc) -> None:
    async def fail(_: object) -> int:
        raise OSError("disk full")

    async with session_with(smsc, fail):
        peer = await smsc.bound()
        peer.send(deliver_sm(b"a", sequence=5))
        assert header(await peer.next())[1:] == (DELIVER_SM_RESP, 0x64, 5)
        assert await answers(peer)


async def test_storing_that_takes_too_long_is_answered_in_time(smsc: RawSmsc) -> None:
    async def hang(_: object) -> int:
        await asyncio.Event().wait()
        return 0

    async with session_with(smsc, hang, patience=replace(QUICK, answer_seconds=0.05)):
        peer = await smsc.bound()
        peer.send(deliver_sm(b"a", sequence=5))
        assert header(await peer.next())[1:] == (DELIVER_SM_RESP, 0x64, 5)


async def test_a_flood_is_answered_with_later(smsc: RawSmsc) -> None:
    async def hang(_: object) -> int:
        await asyncio.Event().wait()
        return 0

    async with session_with(smsc, hang):
        peer = await smsc.bound()
        peer.send(b"".join(deliver_sm(b"a", sequence=n) for n in range(1, MOST_IN_HAND + 2)))
        assert header(await peer.next())[1:] == (DELIVER_SM_RESP, 0x64, MOST_IN_HAND + 1)


async def test_a_cut_connection_leaves_the_messages_in_hand_unanswered(smsc: RawSmsc) -> None:
    holding = asyncio.Event()
    let_go = asyncio.Event()

    async def hold(_: object) -> int:
        holding.set()
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()
        return 0

    async with session_with(smsc, hold):
        peer = await smsc.bound()
        peer.send(deliver_sm(b"a"))
        await holding.wait()
        peer.cut()
        await let_go.wait()
        assert await answers(await smsc.bound())
