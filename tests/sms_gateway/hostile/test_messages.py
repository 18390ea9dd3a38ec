"""What an SMSC hands over broken up, again or amid noise: stored and answered once."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from core.storage.message_tables import incoming
from core.wiring import Core
from tests.deadlines import until
from tests.sms_gateway.hostile.scenes import (
    LATER,
    OK,
    PHONE,
    becomes,
    door_of,
    rows,
)
from tests.sms_gateway.hostile_smsc import Hostile
from tests.sms_gateway.octets import frame, tlv
from tests.sms_gateway.raw_smsc import RESP, SUBMIT_SM

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
