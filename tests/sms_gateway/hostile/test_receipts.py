"""Receipts of an SMSC in any shape, by any PDU, at any time: each settles its message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.messages.notices import Help
from core.storage.message_tables import incoming, notice, sms_submission
from core.wiring import Core
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.hostile.scenes import (
    OK,
    PHONE,
    becomes,
    door_of,
    owe,
    rows,
    with_option,
)
from tests.sms_gateway.hostile_smsc import Hostile, accepted, silence
from tests.sms_gateway.octets import tlv
from tests.sms_gateway.raw_smsc import QUICK

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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


async def test_what_is_asked_for_by_query_sm_is_settled_by_it(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    core = replace(core, settings=with_option(core, "query=yes"))
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
