"""The whole door against an SMSC that does each wrong in turn: nothing lost, nothing twice unmarked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Cancelled, Help, Notice
from core.money import Money
from core.settings import Settings
from core.storage.message_tables import incoming, notice, sms_submission
from core.wiring import Core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor
from sms_gateway.smpp.link import Patience
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.hostile_smsc import Hostile, accepted, hostile_smsc, refused, silence
from tests.sms_gateway.octets import frame, tlv
from tests.sms_gateway.raw_smsc import QUICK, RESP, SUBMIT_SM

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE, OTHER = "79141234567", "79141234568"
MONEY = Cancelled(number="100080", amount=Money(10_000))
IMPATIENT = replace(QUICK, response_seconds=0.6, enquire_link_seconds=30)
OK, LATER = 0x00, 0x64


@pytest.fixture
async def smsc() -> AsyncIterator[Hostile]:
    async with hostile_smsc() as opened:
        yield opened


@pytest.fixture
def settings(database_url: str, smsc: Hostile) -> Settings:
    url = f"smpp://demo:secret@127.0.0.1:{smsc.smsc.port}?name=hostile&per_second=10000"
    return Settings(_env_file=None, env="test", database_url=database_url, smsc_url=SecretStr(url))


@pytest.fixture(autouse=True)
def quick_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_gateway.settling.LATE_SECONDS", 0.0)
    monkeypatch.setattr("sms_gateway.settling.ASK_SECONDS", 0.02)
    monkeypatch.setattr("sms_gateway.delivery.IDLE_SECONDS", 0.05)


@asynccontextmanager
async def door_of(core: Core, patience: Patience = IMPATIENT) -> AsyncIterator[SmsDoor]:
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=patience)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        await until(lambda: all(bind.up for bind in door.binds))
        yield door
        running.cancel()


async def owe(core: Core, clock: FakeClock, *phones: str, said: Notice = MONEY) -> None:
    async with core.database.transaction() as tx:
        for phone in phones:
            await outbox.add(tx, Payer.sms(phone), said, key=phone, locale="ru", now=clock.now())


async def rows(core: Core, table: Any) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(table).order_by(table.c[0]))


async def becomes(core: Core, *states: str) -> list[Any]:
    async def look() -> list[Any]:
        found = await rows(core, notice)
        return found if sorted(row.state for row in found) == sorted(states) else []

    return await until(look, what=f"notices {states}")


async def test_a_lost_answer_is_unknown_and_money_is_told_again_with_a_mark(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    smsc.answers = [silence]
    await owe(core, clock, PHONE)
    async with door_of(core):
        (row,) = await until(lambda: _of_due(core))
        assert (row.repeat, row.reason) == (True, "no response")
        assert [part.state for part in await rows(core, sms_submission)] == ["unknown"]
        clock.shift(timedelta(seconds=11))
        await becomes(core, "sent")
    first, again = smsc.came[0].text, "".join(each.text for each in smsc.came[1:])
    assert again == f"(повторно) {first}" or first in again
    assert again != first


async def _of_due(core: Core) -> list[Any]:
    return [row for row in await rows(core, notice) if row.state == "due" and row.reason]


async def test_a_late_answer_settles_it_and_nothing_is_told_again(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    smsc.answers = [silence]
    await owe(core, clock, PHONE)
    async with door_of(core):
        await until(lambda: _of_due(core))
        (came,) = smsc.came
        assert smsc.peer is not None
        smsc.peer.send(accepted(came, 0x3039) or b"")
        await becomes(core, "sent")
        clock.shift(timedelta(seconds=11))
        assert await smsc.say(b"id:12345 stat:DELIVRD err:000", esm_class=4) == OK
        await becomes(core, "delivered")
    assert len(smsc.came) == 1


async def test_a_receipt_settles_what_no_answer_came_for(core: Core, clock: FakeClock, smsc: Hostile) -> None:
    smsc.answers = [silence]
    await owe(core, clock, PHONE, said=Help())
    async with door_of(core):
        await becomes(core, "uncertain")
        assert await smsc.say(b"id:3039 stat:UNDELIV err:011", esm_class=4) == OK
        clock.shift(timedelta(minutes=2))
        assert await core.sms_sending.receipts.match_once() == 1
        (row,) = await becomes(core, "failed")
        assert row.reason == "UNDELIV 011"


async def test_a_cut_with_a_full_window_leaves_each_message_known_or_marked(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    phones = [f"7914123450{n}" for n in range(10)]
    smsc.answers = [accepted, *[silence] * 9]
    await owe(core, clock, *phones)
    async with door_of(core, QUICK):
        await until(lambda: len(smsc.came) == 10)
        assert smsc.peer is not None
        smsc.peer.reset()
        await becomes(core, "sent", *["due"] * 9)
        clock.shift(timedelta(seconds=11))
        await becomes(core, *["sent"] * 10)
    heard: dict[str, list[str]] = {phone: [] for phone in phones}
    for came in smsc.came:
        heard[came.to].append(came.text)
    assert [len(set(texts)) for texts in heard.values()].count(1) == 1  # the one that was answered
    assert all(texts[0] not in texts[1:] for texts in heard.values())


async def test_a_throttled_smsc_gets_everything_once_and_in_order(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    phones = [f"7914123450{n}" for n in range(6)]
    smsc.answers = [accepted, refused(0x58), refused(0x58), refused(0x14), *[accepted] * 2, refused(0x58)]
    core = replace(core, settings=_with(core, "window=1"))
    for phone in phones:
        await owe(core, clock, phone)
        clock.shift(timedelta(milliseconds=1))
    async with door_of(core):
        await becomes(core, *["sent"] * 6)
    assert list(dict.fromkeys(each.to for each in smsc.came)) == phones
    assert len(smsc.came) == 6 + 4
    assert [part.state for part in await rows(core, sms_submission)] == ["sent"] * 6


def _with(core: Core, option: str) -> Settings:
    url = f"{core.settings.smsc_url.get_secret_value()}&{option}"
    return core.settings.model_copy(update={"smsc_url": SecretStr(url)})


async def test_a_throttle_in_the_middle_of_a_text_sends_no_part_twice(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    patience = replace(IMPATIENT, throttled_first_seconds=30, throttled_most_seconds=30)
    smsc.answers = [accepted, refused(0x58)]
    async with door_of(core, patience) as door:
        assert await smsc.ask("aliance помощь") == OK
        await until(lambda: len(smsc.came) == 2)
        await until(lambda: door.binds[0].paused)
        await becomes(core, "due")
    # The door was stopped while the SMSC took nothing: the text is where it was, and its first part is known.
    async with door_of(core):
        await becomes(core, "sent")
    numbers = [each.octets[5] for each in smsc.came]
    assert numbers == [1, 2, *range(2, len(numbers))]


@pytest.mark.parametrize(
    "receipt",
    [
        {"octets": b"id:12345 sub:001 dlvrd:001 submit date:2604271500 done date:26 stat:DELIVRD err:000"},
        {"octets": b"id:0000003039 submitdate:0000000000done date:0 stat:DELIVRD err:0", "esm_class": 0},
        {"octets": b"", "tlvs": tlv(0x001E, b"00003039\0") + tlv(0x0427, b"\2")},
        {"octets": b"", "tlvs": tlv(0x001E, b"12345\0") + tlv(0x0427, b"\2"), "esm_class": 0},
        {"octets": "id:3039 stat:DELIVRD err:0".encode("utf-16-be"), "data_coding": 8},
        {"octets": b"id:3039 stat:DELIVRD err:0", "source": b"3116", "destination": PHONE.encode()},
        {"octets": b"id:3039 stat:DELIVRD err:0", "source": b"8" + PHONE[1:].encode(), "ton": 2},
    ],
    ids=["the standard's, decimal", "no space and zero dates", "TLV only", "TLV only, no class", "UCS-2",
         "addresses swapped", "a national number"],
)  # fmt: skip
@pytest.mark.parametrize("early", [False, True])
async def test_a_receipt_in_any_shape_finds_its_message_however_early(
    core: Core, clock: FakeClock, smsc: Hostile, receipt: dict[str, Any], early: bool
) -> None:
    smsc.answers = [silence] if early else []
    await owe(core, clock, PHONE)
    async with door_of(core, QUICK):
        await until(lambda: smsc.came)
        if not early:
            await becomes(core, "sent")
        fields = {"esm_class": 4, **receipt}
        assert await smsc.say(fields.pop("octets"), **fields) == OK
        if early:
            assert smsc.peer is not None
            smsc.peer.send(accepted(smsc.came[0], 0x3039) or b"")
        await becomes(core, "delivered")
    # It is no message of a subscriber's, and nobody is answered.
    assert await rows(core, incoming) == []
    assert len(smsc.came) == 1


async def test_each_part_has_its_receipt_and_the_whole_its_state(core: Core, smsc: Hostile) -> None:
    async with door_of(core):
        assert await smsc.ask("aliance помощь") == OK
        await becomes(core, "sent")
        for message_id in smsc.ids[:-1]:
            await smsc.say(f"id:{message_id} stat:DELIVRD err:000".encode(), esm_class=4)
        assert [row.state for row in await rows(core, notice)] == ["sent"]
        await smsc.say(f"id:{smsc.ids[-1]} stat:EXPIRED err:001".encode(), esm_class=4)
        (row,) = await becomes(core, "expired")
        assert row.reason == "EXPIRED 001"
    states = [part.state for part in await rows(core, sms_submission)]
    assert states == ["delivered"] * (len(states) - 1) + ["expired"]


async def test_a_vendors_refusals_are_written_with_their_numbers(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    smsc.answers = [refused(0x0400), lambda came, _: frame(RESP, status=0x45, sequence=came.sequence)]
    await owe(core, clock, PHONE, OTHER)
    async with door_of(core):
        await becomes(core, "failed", "failed")
    assert sorted(part.status for part in await rows(core, sms_submission)) == [0x45, 0x400]


async def test_what_is_asked_for_by_query_sm_is_settled_by_it(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    core = replace(core, settings=_with(core, "query=yes"))
    await owe(core, clock, PHONE)
    asked = []

    async def answer() -> None:
        assert smsc.peer is not None
        original = smsc.peer.answer

        def say(request: bytes, body: bytes = b"", *, status: int = 0) -> None:
            if int.from_bytes(request[4:8], "big") == 3:
                asked.append(request)
                body = b"3039\0" + b"0\0" + b"\2\0"
            original(request, body, status=status)

        smsc.peer.answer = say  # type: ignore[method-assign]  # this one peer answers queries

    async with door_of(core):
        await answer()
        await becomes(core, "sent")
        clock.shift(timedelta(minutes=11))
        (row,) = await becomes(core, "delivered")
        assert row.reason == "query DELIVRD 0"
    assert [request[16:21] for request in asked] == [b"3039\0"]


UDH8, UDH16 = bytes((5, 0, 3, 9)), bytes((6, 8, 4, 1, 9))
CODED = "помощь 👍".encode("utf-16-be")
CUTS = [CODED[:5], CODED[5:15], CODED[15:]]  # inside a letter, and inside the surrogate pair


@pytest.mark.parametrize("order", list(permutations(range(3)))[1::2], ids=str)
@pytest.mark.parametrize("way", ["udh8", "udh16", "sar"])
async def test_parts_in_any_order_and_twice_are_one_text(
    core: Core, smsc: Hostile, order: tuple[int, ...], way: str
) -> None:
    async with door_of(core):
        for n in order:
            fields: dict[str, Any] = {"data_coding": 8}
            octets = CUTS[n]
            if way == "sar":
                fields["tlvs"] = tlv(0x20C, b"\0\x09") + tlv(0x20E, b"\3") + tlv(0x20F, bytes((n + 1,)))
            else:
                fields["esm_class"] = 0x40
                octets = (UDH8 if way == "udh8" else UDH16) + bytes((3, n + 1)) + octets
            for _ in range(2):
                assert await smsc.say(octets, **fields) == OK
        await until(lambda: rows(core, incoming))
    assert [row.payload["text"] for row in await rows(core, incoming)] == ["помощь 👍"]


async def test_a_long_text_in_message_payload_is_one_message(core: Core, smsc: Hostile) -> None:
    long = "помощь " + "я" * 300
    async with door_of(core):
        assert await smsc.say(b"", data_coding=8, tlvs=tlv(0x424, long.encode("utf-16-be"))) == OK
        (row,) = await rows(core, incoming)
        assert row.payload["text"] == long


ASKED = "aliance помощь".encode("utf-16-be")
SAR = tlv(0x20C, b"\0\x09") + tlv(0x20E, b"\2")


@pytest.mark.parametrize(
    "parts",
    [
        [tlv(0x424, ASKED)],
        [tlv(0x424, ASKED[5:]) + SAR + tlv(0x20F, b"\2"), SAR + tlv(0x20F, b"\1") + tlv(0x424, ASKED[:5])],
        [tlv(0x1403, b"mts") + tlv(0x424, ASKED) + b"\x02\x04\0\x09x"],
    ],
    ids=["message_payload", "parts by SAR, the last one first", "a broken TLV behind it"],
)
async def test_a_data_sm_is_stored_acknowledged_and_answered(
    core: Core, smsc: Hostile, parts: list[bytes]
) -> None:
    async with door_of(core):
        for part in [*parts, *parts]:  # each comes again
            assert await smsc.say_data(part) == OK
        await becomes(core, "sent")
    (row,) = await rows(core, incoming)
    assert (row.sender, row.payload["text"], row.outcome) == (PHONE, "aliance помощь", "reply")
    assert {each.to for each in smsc.came} == {PHONE}


async def test_a_receipt_in_a_data_sm_settles_its_message(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    await owe(core, clock, PHONE)
    async with door_of(core):
        await becomes(core, "sent")
        receipt = tlv(0x1E, smsc.ids[0].encode() + b"\0") + tlv(0x427, b"\2")
        assert await smsc.say_data(receipt, data_coding=0) == OK
        await becomes(core, "delivered")
    assert await rows(core, incoming) == []


async def test_what_cannot_be_stored_is_kept_by_the_smsc_and_answered_once(core: Core, smsc: Hostile) -> None:
    async with door_of(core) as door:
        broken = door._receive._receiving
        door._receive._receiving = Broken()  # type: ignore[assignment]  # a database that is away
        assert await smsc.ask("aliance помощь") == LATER
        door._receive._receiving = broken
        for _ in range(5):
            assert await smsc.ask("aliance помощь") == OK
        await becomes(core, "sent")
    assert len(await rows(core, incoming)) == 1


class Broken:
    async def accept(self, arrivals: object) -> None:
        raise OSError("disk full")


async def test_noise_between_messages_costs_nothing(core: Core, smsc: Hostile) -> None:
    async with door_of(core):
        assert smsc.peer is not None
        smsc.peer.send(frame(0x102, b"\1\1" + b"79141234567\0" + b"\0\0" + b"3116\0" + tlv(0x422, b"\0")))
        smsc.peer.send(frame(RESP, status=3, sequence=0) + frame(RESP | SUBMIT_SM, b"7\0", sequence=777))
        smsc.peer.send(frame(5, b"\0\1", sequence=5) + frame(0x77, b"x", sequence=6))
        assert await smsc.ask("aliance помощь", tlvs=tlv(0x1403, b"vendor") + tlv(0x3FFF, b"")) == OK
        await becomes(core, "sent")
