"""The demo's SMSC over real sockets, with smpp34's client or hand-packed frames as the product."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import smpp34

from simulator.bus import Bus
from simulator.phones import Direction, Message, SmsPhones, State
from simulator.smsc import Smsc, open_smsc
from simulator.world import wall_clock
from tests.deadlines import until
from tests.simulator.peers import HEADER, raw_esme

PHONE = "79140000001"


class House:
    def __init__(self, smsc: Smsc, phones: SmsPhones) -> None:
        self.smsc = smsc
        self.phones = phones

    async def client(self, **options: str) -> smpp34.Smsc:
        given: dict[str, Any] = {"system_id": "demo", "password": "demo"} | options
        return await smpp34.Client("127.0.0.1", self.smsc.port, **given).connect()

    async def shown(self, count: int = 1) -> list[Message]:
        def look() -> list[Message]:
            found = [one for one in self.phones.messages(PHONE) if one.direction is Direction.TO_PHONE]
            return found if len(found) >= count else []

        return await until(look)


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    phones = SmsPhones(Bus(), wall_clock)
    async with open_smsc(
        phones,
        host="127.0.0.1",
        port=0,
        system_id="demo",
        password="demo",
        now=wall_clock,
        repeat_seconds=0.01,
    ) as smsc:
        yield House(smsc, phones)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as opened:
        yield opened


async def next_text(session: smpp34.Smsc) -> smpp34.DeliverSmEvent:
    async with asyncio.timeout(10):
        event = await session.next()
    assert isinstance(event, smpp34.DeliverSmEvent)
    return event


@pytest.mark.parametrize(
    "coding,octets,text",
    [
        (8, "Баланс: 198,19 ₽ 🙂".encode("utf-16-be"), "Баланс: 198,19 ₽ 🙂"),
        (0, b"Total \x1b\x65 100 \x1b\x28ok\x1b\x29 \x02 \x00", "Total € 100 {ok} $ @"),
        (3, "señal".encode("latin-1"), "señal"),
        (4, b"\x01\xff", "01 ff"),
        (0, b"bad \x1b\x7f", "bad \ufffd"),
    ],
    ids=["Cyrillic and emoji", "GSM extension", "Latin-1", "binary", "outside the table"],
)
async def test_a_text_is_shown_as_its_coding_says(
    house: House, coding: int, octets: bytes, text: str
) -> None:
    session = await house.client()
    answer = await session.submit_sm(PHONE, octets, source_addr="3116", data_coding=coding)
    assert answer.is_success
    (message,) = await house.shown()
    assert (message.text, message.sender, message.segments) == (text, "3116", 1)


async def test_parts_are_joined_as_bytes_before_decoding_in_any_order(house: House) -> None:
    session = await house.client()
    octets = ("ж" * 66 + "🙂" + "конец").encode("utf-16-be")  # the emoji is cut between the parts
    for number, cut in ((2, octets[134:]), (1, octets[:134])):
        header = bytes((5, 0, 3, 9, 2, number))
        await session.submit_sm(PHONE, header + cut, source_addr="3116", data_coding=8, esm_class=0x40)
    (message,) = await house.shown()
    assert message.text == "ж" * 66 + "🙂" + "конец"
    assert message.segments == 2


async def test_parts_with_wide_references_or_sar_or_payload_are_joined_too(house: House) -> None:
    session = await house.client()
    for number, cut in ((1, b"one "), (2, b"two")):
        header = bytes((6, 8, 4, 1, 2, 2, number))
        await session.submit_sm(PHONE, header + cut, source_addr="3116", esm_class=0x40)
    for number, cut in ((1, b"three "), (2, b"four")):
        tlvs = [smpp34.Tlv(0x20C, b"\0\7"), smpp34.Tlv(0x20E, b"\2"), smpp34.Tlv(0x20F, bytes((number,)))]
        await session.submit_sm(PHONE, cut, source_addr="3116", tlvs=tlvs)
    await session.submit_sm(PHONE, source_addr="3116", tlvs=[smpp34.Tlv(0x424, b"five")])
    await session.submit_sm(PHONE, b"\x04\x24\x02\x01\x01six", source_addr="3116", esm_class=0x40)
    assert [message.text for message in await house.shown(4)] == ["one two", "three four", "five", "six"]


@pytest.mark.parametrize(
    "to,octets,options,status",
    [
        (PHONE, b"x" * 161, {}, 0x01),
        (PHONE, b"", {}, 0x01),
        (PHONE, b"x" * 142, {"data_coding": 8}, 0x01),
        (PHONE, b"odd", {"data_coding": 8}, 0x01),
        (PHONE, b"\x05\x00\x03\x01\x02\x01" + b"x" * 154, {"esm_class": 0x40}, 0x01),
        (PHONE, b"\x09\x00\x03", {"esm_class": 0x40}, 0x43),
        (PHONE, b"\x03\x00\x03\x01text", {"esm_class": 0x40}, 0x43),
        (PHONE, b"\x05\x00\x03\x01\x02\x03text", {"esm_class": 0x40}, 0x43),
        ("Shop", b"x", {}, 0x0B),
    ],
    ids=["161 septets", "empty", "71 units", "half a unit", "long part", "long header", "cut element",
         "part 3 of 2", "not a phone"],
)  # fmt: skip
async def test_what_the_air_cannot_carry_is_refused(
    house: House, to: str, octets: bytes, options: dict[str, Any], status: int
) -> None:
    session = await house.client()
    answer = await session.submit_sm(to, octets, source_addr="3116", **options)
    assert answer.command_status == status
    assert house.phones.messages(PHONE) == []


async def test_an_unfinished_text_makes_room_for_newer_ones(house: House) -> None:
    session = await house.client()
    for reference in range(60):
        header = bytes((5, 0, 3, reference, 2, 1))
        await session.submit_sm(PHONE, header + b"a", source_addr="3116", esm_class=0x40)
    for reference in (0, 59):
        header = bytes((5, 0, 3, reference, 2, 2))
        await session.submit_sm(PHONE, header + b"b", source_addr="3116", esm_class=0x40)
    assert [message.text for message in await house.shown()] == ["ab"]


async def test_a_receipt_comes_only_when_asked_for(house: House) -> None:
    session = await house.client()
    await session.submit_sm(PHONE, b"silent", source_addr="3116")
    answer = await session.submit_sm(PHONE, b"told", source_addr="3116", registered_delivery=1)
    receipt = await next_text(session)
    assert (receipt.esm_class, receipt.source_addr, receipt.destination_addr) == (4, PHONE, "3116")
    assert receipt.short_message.startswith(f"id:{answer.message_id} sub:001 dlvrd:001 ".encode())
    assert b" stat:DELIVRD err:000 " in receipt.short_message
    assert {tlv.tag: tlv.value for tlv in receipt.tlvs} == {
        0x1E: f"{answer.message_id}\0".encode(),
        0x427: b"\2",
    }


async def test_a_text_that_does_not_reach_the_phone_has_a_receipt_of_failure(house: House) -> None:
    session = await house.client()
    house.smsc.faults.undeliverable = 1
    await session.submit_sm(PHONE, b"lost", source_addr="3116", registered_delivery=2)
    await session.submit_sm(PHONE, b"seen", source_addr="3116", registered_delivery=2)
    assert b" stat:UNDELIV err:001 " in (await next_text(session)).short_message
    assert [message.text for message in await house.shown()] == ["seen"]


async def test_what_the_owner_types_goes_out_in_the_alphabet_that_carries_it(house: House) -> None:
    session = await house.client()
    house.smsc.send(PHONE, to="3116", text="aliance 100080 100 €")
    house.smsc.send(PHONE, to="3116", text="да")
    first, second = await next_text(session), await next_text(session)
    assert (first.short_message, first.data_coding) == (b"aliance 100080 100 \x1b\x65", 0)
    assert (second.short_message, second.data_coding) == ("да".encode("utf-16-be"), 8)
    assert (second.source_addr, second.source_addr_ton, second.destination_addr) == (PHONE, 1, "3116")


async def test_a_long_text_is_cut_as_a_phone_cuts_it(house: House) -> None:
    session = await house.client()
    message = house.smsc.send(PHONE, to="3116", text="€" * 100)  # 200 septets: an escape stands at the cut
    first, second = await next_text(session), await next_text(session)
    assert (first.esm_class, first.short_message[:6]) == (
        0x40,
        b"\5\0\3" + first.short_message[3:4] + b"\2\1",
    )
    assert first.short_message[6:] + second.short_message[6:] == b"\x1b\x65" * 100
    assert len(first.short_message) == 159
    assert message.segments == 2


async def test_a_text_longer_than_255_parts_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="255"):
        house.smsc.send(PHONE, to="3116", text="ж" * 67 * 256)


async def test_a_deliver_sm_is_repeated_until_it_is_acknowledged_with_ok(house: House) -> None:
    message = house.smsc.send(PHONE, to="3116", text="баланс")
    states = [message.state]
    async with raw_esme(house.smsc.port, statuses=[0x64, 0x08]) as esme, asyncio.TaskGroup() as group:
        serving = group.create_task(esme.serve())
        await until(lambda: message.state is State.DONE)
        serving.cancel()
    assert states == [State.WAITING]
    assert [one.short_message for one in esme.received] == ["баланс".encode("utf-16-be")] * 3
    references = {tlv.value for one in esme.received for tlv in one.tlvs}
    assert len(references) == 1


async def test_a_duplicating_centre_sends_each_text_as_often_as_told(house: House) -> None:
    session = await house.client()
    house.smsc.faults.duplicate = 4
    house.smsc.send(PHONE, to="3116", text="да")
    texts = [(await next_text(session)).short_message for _ in range(5)]
    assert texts == ["да".encode("utf-16-be")] * 5


async def test_a_throttled_submit_reaches_no_phone(house: House) -> None:
    session = await house.client()
    house.smsc.faults.throttle = 1
    assert (await session.submit_sm(PHONE, b"one", source_addr="3116")).command_status == 0x58
    assert (await session.submit_sm(PHONE, b"two", source_addr="3116")).is_success
    assert [message.text for message in await house.shown()] == ["two"]


async def test_a_lost_answer_leaves_the_text_on_the_phone(house: House) -> None:
    session = await house.client()
    house.smsc.faults.lose_responses = 1
    lost = session.submit_sm(PHONE, b"one", source_addr="3116")
    await house.shown()
    assert (await session.submit_sm(PHONE, b"two", source_addr="3116")).is_success
    house.smsc.cut()
    with pytest.raises(smpp34.SmppError):
        await lost


async def test_a_cut_connection_loses_no_text_of_the_owner(house: House) -> None:
    session = await house.client()
    await house.smsc.wait_bound()
    house.smsc.cut()
    async with asyncio.timeout(10):
        while not isinstance(await session.next(), smpp34.Disconnected):
            pass
    house.smsc.send(PHONE, to="3116", text="баланс")
    again = await house.client()
    assert (await next_text(again)).short_message == "баланс".encode("utf-16-be")


@pytest.mark.parametrize("who,status", [({"password": "no"}, 0x0E), ({"system_id": "no"}, 0x0F)])
async def test_a_wrong_name_or_password_does_not_bind(house: House, who: dict[str, Any], status: int) -> None:
    async with raw_esme(house.smsc.port, **who) as esme:
        assert HEADER.unpack_from(await esme.frame()) == (16, 0x80000009, status, 1)
        with pytest.raises(asyncio.IncompleteReadError):
            await esme.frame()
    assert house.smsc.sessions == 0


@pytest.mark.parametrize("junk", [b"\0\0\0\x03", b"\x7f\xff\xff\xff", b"\0\0\0\x20cut"])
async def test_junk_before_a_bind_closes_the_connection(house: House, junk: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.smsc.port)
    writer.write(junk)
    writer.write_eof()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def test_a_command_before_the_bind_is_told_the_wrong_state(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.smsc.port)
    writer.write(HEADER.pack(16, 0x15, 0, 7))
    assert HEADER.unpack(await reader.readexactly(16)) == (16, 0x80000015, 0x04, 7)
    writer.close()


async def test_a_polite_unbind_ends_the_session(house: House) -> None:
    session = await house.client()
    await house.smsc.wait_bound()
    await session.unbind()
    await until(lambda: house.smsc.sessions == 0)
