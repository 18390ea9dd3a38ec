"""Parts of long texts at the doors: known again whoever takes them, and left outside for want of room."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.storage.message_tables import incoming, sms_part
from core.use_cases.sms_part_meeting import PARTS_LIVE
from core.wiring import Core
from sms_gateway.smpp.pdu import Tlv
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock
from tests.sms_gateway import kannel_scenes as kannel
from tests.sms_gateway.gateways import listening
from tests.sms_gateway.kannel_scenes import udh
from tests.sms_gateway.receive_scenes import LATER, OK, SMSC, open_door, parts_of

door = kannel.door
FIRST, LAST = parts_of("да".encode("utf-16-be"), 2)


async def forgotten(core: Core, clock: FakeClock) -> bool:
    """Whether nothing is left of repeats once they are old."""
    clock.shift(PARTS_LIVE * 1.1)
    await core.receiving.parts.forget_once()
    return await rows(core, sms_part) == []


async def test_a_part_that_comes_again_after_a_restart_makes_no_second_row(
    core: Core, clock: FakeClock
) -> None:
    async with open_door(core) as before:
        assert await before.take(FIRST, LAST) == [OK, OK]
    async with open_door(core) as after:
        assert await after.take(LAST) == [OK]
        assert after.taken == []
    assert await forgotten(core, clock)
    assert len(await rows(core, incoming)) == 1


async def test_a_part_that_comes_again_to_another_process_makes_no_second_row(
    core: Core, clock: FakeClock
) -> None:
    async with open_door(core) as one, open_door(core) as other:
        assert list(await asyncio.gather(one.take(FIRST), other.take(LAST))) == [[OK], [OK]]
        for _ in range(3):
            assert list(await asyncio.gather(one.take(LAST), other.take(FIRST))) == [[OK], [OK]]
        assert len(one.taken) + len(other.taken) == 1
    assert await forgotten(core, clock)
    assert len(await rows(core, incoming)) == 1


@ON_SQLITE
async def test_what_does_not_fit_stays_with_the_smsc_until_there_is_room(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = parts_of("нет".encode("utf-16-be"), 2, reference=8)
    async with open_door(core) as opened:
        with monkeypatch.context() as small, capture_logs() as said:
            small.setattr("core.use_cases.sms_parts.MOST_PARTS", 1)
            assert await opened.take(FIRST) == [OK]
            assert [await opened.take(each) for each in other] == [[LATER], [LATER]]
            assert await opened.take(LAST) == [OK]
            assert [each["event"] for each in said] == ["too many parts of long sms"]
            assert [await opened.take(each) for each in other] == [[OK], [OK]]
        assert [each.arrival.payload["text"] for each in opened.taken] == ["да", "нет"]


@ON_SQLITE
async def test_kannel_calls_again_with_a_part_that_does_not_fit(
    core: Core, door: kannel.Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr("core.use_cases.sms_parts.MOST_PARTS", 0)
        assert await door.call(udh=udh(1), id="part-1") == 503
    assert await door.call(udh=udh(1), id="part-1") == 200
    assert await door.call(udh=udh(2), id="part-2") == 200
    assert [each.arrival.payload["text"] for each in door.taken] == ["дада"]


@ON_SQLITE
async def test_a_kannel_that_was_not_heard_calls_again_after_a_restart(core: Core, door: kannel.Door) -> None:
    for number in (1, 2):
        assert await door.call(udh=udh(number), id=f"part-{number}") == 200
    again = kannel.Door(core)
    async with listening(again.callbacks.routes()) as again.client:
        assert await again.call(udh=udh(2), id="part-2") == 200
    assert await rows(core, sms_part) == []
    assert len(await rows(core, incoming)) == 1


@ON_SQLITE
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_text_whose_parts_could_not_be_dropped_is_known_whenever_its_last_one_comes_again(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    async def away(*_: object) -> None:
        raise OSError("away")

    async with open_door(core) as before:
        with monkeypatch.context() as broken:
            broken.setattr(before.inbox.parts, "drop", away)
            assert await before.take(FIRST) == [OK]
            with pytest.raises(OSError, match="away"):
                await before.take(LAST)
        clock.shift(timedelta(seconds=200))
        async with open_door(core) as after:
            after.seconds = before.seconds = before.seconds + 200
            assert await (after if restarted else before).take(LAST) == [OK]
    assert await rows(core, sms_part) == []
    assert len(await rows(core, incoming)) == 1


@ON_SQLITE
async def test_the_same_text_of_parts_is_another_message_once_it_is_forgotten(
    core: Core, clock: FakeClock
) -> None:
    async with open_door(core) as opened:
        for _ in range(2):
            assert await opened.take(FIRST, LAST) == [OK, OK]
            assert await forgotten(core, clock)
    assert len(await rows(core, incoming)) == 2


@ON_SQLITE
async def test_what_its_smsc_gives_a_kannel_a_second_time_is_not_joined_with_the_next_text(
    core: Core, clock: FakeClock, door: kannel.Door
) -> None:
    said = [(1, "aliance 100080 "), (2, "100"), (2, "100"), (1, "aliance 166301 "), (2, "5000")]
    calls = [
        {"udh": udh(part), "b": words, "id": f"i{n}", "coding": "0", "cs": "UTF-8"}
        for n, (part, words) in enumerate(said)
    ]
    assert [await door.call(**each) for each in calls] == [200, 200, 200, 503, 200]
    assert await door.call(**calls[3]) == 200
    assert [each.arrival.payload["text"] for each in door.taken] == [
        "aliance 100080 100", "aliance 166301 5000"
    ]  # fmt: skip
    assert await forgotten(core, clock)
    assert len(await rows(core, incoming)) == 2


@ON_SQLITE
async def test_where_an_smsc_gives_ids_a_text_that_ends_as_the_one_before_is_read_at_once(core: Core) -> None:
    async with open_door(core) as opened:
        opened.smsc = replace(SMSC, id_tlv=0x1401)
        pieces = [
            replace(piece, tlvs=(Tlv(0x1401, b"%d" % n),))
            for n, piece in enumerate(
                each for said in ("да да", "ну да") for each in parts_of(said.encode("utf-16-be"), 6)
            )
        ]
        for piece in (*pieces[:2], pieces[1], *pieces[2:], pieces[3]):
            assert await opened.take(piece) == [OK]
        assert [each.arrival.payload["text"] for each in opened.taken] == ["да да", "ну да"]
        assert await opened.parts() == 0
