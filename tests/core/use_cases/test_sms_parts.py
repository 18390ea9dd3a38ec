"""Parts of long SMS: joined when the last has come, given up in sight of staff when it never does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.settings import Settings
from core.storage.message_tables import incoming, sms_part
from core.use_cases.sms_parts import PARTS_LIVE, TEXTS_OF_A_SENDER, Piece
from core.wiring import Core
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider

SECOND = timedelta(seconds=1)
PHONE = "79141234567"


def piece(key: str, number: int, total: int, raw: bytes, *, sender: str = PHONE) -> Piece:
    return Piece(key, number, total, raw, sender, {"smsc": "smsc", "to": "3116"})


async def keys(core: Core) -> set[str]:
    return {row.key for row in await rows(core, sms_part)}


async def test_parts_become_a_text_when_the_last_has_come(core: Core) -> None:
    parts = core.receiving.parts
    assert await parts.keep(piece("k", 2, 3, b"two")) is None
    for _ in range(2):  # the SMSC repeats it
        assert await parts.keep(piece("k", 3, 3, b"three")) is None
    assert await parts.keep(piece("other", 1, 2, b"x")) is None
    for _ in range(2):  # a death before the whole text was accepted: the SMSC sends the last part again
        assert await parts.keep(piece("k", 1, 3, b"one")) == [b"one", b"two", b"three"]
    await parts.drop("k")
    assert await keys(core) == {"other"}
    assert await rows(core, incoming) == []


async def test_a_text_that_never_becomes_whole_ends_where_staff_see_it(core: Core, clock: FakeClock) -> None:
    parts, came_at = core.receiving.parts, clock.now()
    await parts.keep(piece("k", 2, 3, b"aliance 1000"))
    clock.shift(SECOND)
    await parts.keep(piece("k", 3, 3, b"80 100"))
    clock.shift(PARTS_LIVE - SECOND)
    assert await parts.forget_once() == 0
    clock.shift(SECOND)
    assert [await parts.forget_once() for _ in range(2)] == [1, 0]
    (row,) = await rows(core, incoming)
    assert (row.sender, row.source, row.state, row.outcome) == (PHONE, "smsc", "done", "silent: incomplete")
    assert row.reason == "2 of 3 parts came"
    assert row.payload == {"smsc": "smsc", "to": "3116", "text": ""}
    assert row.received_at == came_at
    assert await keys(core) == set()
    assert await core.invariants.check() == []


@ON_SQLITE
async def test_a_reference_that_comes_round_begins_a_new_text(core: Core) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("k", 1, 2, b"old"))
    assert await parts.keep(piece("k", 1, 2, b"new")) is None
    assert await parts.keep(piece("k", 2, 2, b" text")) == [b"new", b" text"]
    assert [row.reason for row in await rows(core, incoming)] == ["1 of 2 parts came"]


@ON_SQLITE
async def test_a_sender_who_begins_texts_without_end_gives_up_the_oldest(
    core: Core, clock: FakeClock
) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("mine", 1, 2, b"x", sender="79140000000"))
    for n in range(TEXTS_OF_A_SENDER + 3):
        clock.shift(SECOND)
        await parts.keep(piece(f"k{n}", 1, 255, b"x"))
    kept = await keys(core)
    assert "mine" in kept
    assert len(kept) == TEXTS_OF_A_SENDER + 1
    assert {"k0", "k1", "k2"}.isdisjoint(kept)
    assert len(await rows(core, incoming)) == 3


@ON_POSTGRES
async def test_parts_that_come_at_once_are_seen_whole_by_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as cores:
        for text in range(8):
            whole = await asyncio.gather(
                *(cores[n % 2].receiving.parts.keep(piece(f"k{text}", n, 3, b"%d" % n)) for n in (1, 2, 3))
            )
            assert [parts for parts in whole if parts] == [[b"1", b"2", b"3"]]


@ON_POSTGRES
async def test_two_rounds_give_a_text_up_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    for n in range(5):
        await core.receiving.parts.keep(piece(f"k{n}", 1, 2, b"x"))
    clock.shift(PARTS_LIVE + SECOND)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(*(each.receiving.parts.forget_once() for each in cores))
    assert len(await rows(core, incoming)) == 5
