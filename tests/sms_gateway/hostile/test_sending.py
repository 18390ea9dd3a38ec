"""What we send to an SMSC that does each wrong in turn: nothing lost, nothing twice unmarked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.storage.message_tables import notice, sms_submission
from core.wiring import Core
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.hostile.scenes import (
    IMPATIENT,
    OK,
    OTHER,
    PHONE,
    becomes,
    door_of,
    owe,
    rows,
    with_option,
)
from tests.sms_gateway.hostile_smsc import Hostile, accepted, refused, silence
from tests.sms_gateway.octets import frame
from tests.sms_gateway.raw_smsc import QUICK, RESP

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
    core = replace(core, settings=with_option(core, "window=1"))
    for phone in phones:
        await owe(core, clock, phone)
        clock.shift(timedelta(milliseconds=1))
    async with door_of(core):
        await becomes(core, *["sent"] * 6)
    assert list(dict.fromkeys(each.to for each in smsc.came)) == phones
    assert len(smsc.came) == 6 + 4
    assert [part.state for part in await rows(core, sms_submission)] == ["sent"] * 6


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


async def test_a_vendors_refusals_are_written_with_their_numbers(
    core: Core, clock: FakeClock, smsc: Hostile
) -> None:
    smsc.answers = [refused(0x0400), lambda came, _: frame(RESP, status=0x45, sequence=came.sequence)]
    await owe(core, clock, PHONE, OTHER)
    async with door_of(core):
        await becomes(core, "failed", "failed")
    assert sorted(part.status for part in await rows(core, sms_submission)) == [0x45, 0x400]
