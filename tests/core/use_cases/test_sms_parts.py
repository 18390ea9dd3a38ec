"""Parts of long SMS: joined when the last has come, given up in sight of staff when it never does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.settings import Settings
from core.storage.message_tables import incoming, sms_part, sms_part_joined
from core.use_cases.sms_part_meeting import PARTS_LIVE
from core.use_cases.sms_parts import (
    PARTS_OF_A_SENDER,
    TEXTS_OF_A_SENDER,
    WHOLE_LIVE,
    Piece,
    SmsParts,
    TooManyParts,
)
from core.wiring import Core
from tests.core.scenes import ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider

SECOND = timedelta(seconds=1)
PHONE = "79141234567"


def piece(key: str, number: int, total: int, raw: bytes, *, sender: str = PHONE) -> Piece:
    return Piece(key, number, total, raw, sender, {"smsc": "smsc", "to": "3116"})


async def joined(parts: SmsParts, one: Piece) -> list[bytes]:
    """The parts of the text that this one makes whole."""
    whole = await parts.keep(one)
    assert whole is not None
    assert len(whole.told) == len(whole.octets)
    return whole.octets


async def keys(core: Core) -> set[str]:
    return {row.key for row in await rows(core, sms_part)}


async def test_parts_become_a_text_when_the_last_has_come(core: Core) -> None:
    parts = core.receiving.parts
    assert await parts.keep(piece("k", 2, 3, b"two")) is None
    for _ in range(2):  # the SMSC repeats it
        assert await parts.keep(piece("k", 3, 3, b"three")) is None
    assert await parts.keep(piece("other", 1, 2, b"x")) is None
    for _ in range(2):  # a death before the whole text was accepted: the SMSC sends the last part again
        assert await joined(parts, piece("k", 1, 3, b"one")) == [b"one", b"two", b"three"]
    await parts.drop(piece("k", 1, 2, b""), [b"one", b"two", b"three"])
    assert await keys(core) == {"other"}
    assert await rows(core, incoming) == []


async def test_a_text_that_never_becomes_whole_ends_where_staff_see_it(core: Core, clock: FakeClock) -> None:
    parts, came_at = core.receiving.parts, clock.now()
    await parts.keep(piece("k", 2, 3, b"aliance 1000"))
    clock.shift(SECOND)
    await parts.keep(piece("k", 3, 3, b"80 100"))
    clock.shift(PARTS_LIVE)
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
@pytest.mark.parametrize("second", [b" text", b" older"], ids=["another end", "the same end"])
async def test_a_part_that_lay_for_long_is_of_an_older_text(
    core: Core, clock: FakeClock, second: bytes
) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("k", 2, 2, b" older"))
    clock.shift(PARTS_LIVE + SECOND)
    assert await parts.keep(piece("k", 1, 2, b"new")) is None
    (row,) = await rows(core, incoming)
    assert (row.outcome, row.reason) == ("silent: incomplete", "1 of 2 parts came")
    assert await joined(parts, piece("k", 2, 2, second)) == [b"new", second]


@ON_SQLITE
async def test_parts_of_a_slow_text_are_joined_as_long_as_they_go_on_coming(
    core: Core, clock: FakeClock
) -> None:
    parts = core.receiving.parts
    for number in (1, 2, 3):
        assert await parts.keep(piece("k", number, 4, b"%d" % number)) is None
        clock.shift(PARTS_LIVE - SECOND)
        assert await parts.forget_once() == 0
    assert await joined(parts, piece("k", 4, 4, b"4")) == [b"1", b"2", b"3", b"4"]


@ON_SQLITE
async def test_a_whole_text_that_could_not_be_accepted_waits_for_its_last_part_to_come_again(
    core: Core, clock: FakeClock
) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("k", 1, 2, b"1"))
    await parts.keep(piece("k", 2, 2, b"2"))
    for n in range(TEXTS_OF_A_SENDER + 1):
        await parts.keep(piece(f"k{n}", 1, 2, b"x"))
    clock.shift(PARTS_LIVE + SECOND)
    assert await parts.forget_once() == TEXTS_OF_A_SENDER
    assert await joined(parts, piece("k", 2, 2, b"2")) == [b"1", b"2"]
    clock.shift(WHOLE_LIVE)
    assert await parts.forget_once() == 1


async def test_a_part_of_a_joined_text_that_comes_again_to_another_process_is_a_repeat(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await core.receiving.parts.keep(piece("k", 1, 2, b"1"))
    await core.receiving.parts.keep(piece("k", 2, 2, b"2"))
    await core.receiving.parts.drop(piece("k", 1, 2, b""), [b"1", b"2"])
    clock.shift(PARTS_LIVE - SECOND)
    async with processes(settings, clock, provider, count=1) as (other,):
        for number in (2, 1, 2):
            assert await other.receiving.parts.keep(piece("k", number, 2, b"%d" % number)) is None
        clock.shift(PARTS_LIVE + SECOND)
        assert await other.receiving.parts.forget_once() == 1
    assert await keys(core) == set()
    assert await rows(core, incoming) == []


@ON_SQLITE
async def test_parts_are_known_again_for_a_time_and_no_longer(core: Core, clock: FakeClock) -> None:
    parts = core.receiving.parts
    for _ in range(2):
        await parts.keep(piece("k", 1, 2, b"4111 1111"))
        assert await joined(parts, piece("k", 2, 2, b"2")) == [b"4111 1111", b"2"]
        await parts.drop(piece("k", 1, 2, b""), [b"4111 1111", b"2"])
        assert "4111" not in str(await rows(core, sms_part_joined))
        clock.shift(PARTS_LIVE + SECOND)
        await parts.forget_once()
        assert await rows(core, sms_part_joined) == []
    assert await rows(core, incoming) == []


def numbered(number: int, of: str, *, tells: bool) -> Piece:
    return Piece("k", number, 2, b"%d" % number, PHONE, {"smsc": "smsc", "id": of}, tells)


@ON_SQLITE
async def test_where_parts_have_ids_of_the_smsc_a_part_with_another_one_is_no_repeat(core: Core) -> None:
    parts = core.receiving.parts
    for said in ("a", "b"):
        assert await parts.keep(numbered(1, f"{said}1", tells=True)) is None
        last = numbered(2, f"{said}2", tells=True)
        assert await joined(parts, last) == [b"1", b"2"]
        await parts.drop(last, [b"1", b"2"])
        assert await parts.keep(last) is None
        assert await keys(core) == set()


@ON_SQLITE
async def test_where_parts_have_ids_of_a_relay_a_repeat_may_have_another_one(core: Core) -> None:
    parts, last = core.receiving.parts, numbered(2, "a2", tells=False)
    await parts.keep(numbered(1, "a1", tells=False))
    await joined(parts, last)
    await parts.drop(last, [b"1", b"2"])
    assert await parts.keep(last) is None
    assert await keys(core) == set()
    for number in (2, 1):
        assert await parts.keep(numbered(number, f"b{number}", tells=False)) is None
    assert await keys(core) == {"k"}


@ON_SQLITE
async def test_who_drops_a_text_a_second_time_leaves_the_next_one_of_its_reference(core: Core) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("k", 1, 2, b"1"))
    await parts.keep(piece("k", 2, 2, b"2"))
    await parts.drop(piece("k", 1, 2, b""), [b"1", b"2"])
    await parts.keep(piece("k", 1, 2, b"new"))
    await parts.drop(piece("k", 1, 2, b""), [b"1", b"2"])
    assert await joined(parts, piece("k", 2, 2, b" text")) == [b"new", b" text"]


@ON_SQLITE
async def test_a_flood_of_lone_parts_fills_no_disk_and_is_told_of_once(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.use_cases.sms_parts.MOST_PARTS", 5)
    parts = core.receiving.parts

    async def flood() -> list[str]:
        for n in range(5):
            await parts.keep(piece(f"k{n}", 1, 3 if n else 2, b"x", sender=f"7914000000{n}"))
        with capture_logs() as said:
            for n in range(3):
                with pytest.raises(TooManyParts):
                    await parts.keep(piece(f"late{n}", 1, 2, b"x"))
            with pytest.raises(TooManyParts):
                await parts.keep(piece("k1", 2, 3, b"x"))
        return [each["event"] for each in said]

    assert await flood() == ["too many parts of long sms"]
    assert await keys(core) == {f"k{n}" for n in range(5)}
    # The last part of a text lets it leave.
    assert await joined(parts, piece("k0", 2, 2, b"y")) == [b"x", b"y"]
    await parts.drop(piece("k0", 1, 2, b""), [b"x", b"y"])
    clock.shift(PARTS_LIVE + SECOND)
    assert await parts.forget_once() == 4
    assert await flood() == ["too many parts of long sms"]


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


@ON_SQLITE
async def test_a_sender_of_more_parts_than_a_person_writes_gives_up_the_oldest_text(
    core: Core, clock: FakeClock
) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("mine", 1, 2, b"x", sender="79140000000"))
    for text, many in (("old", 30), ("new", PARTS_OF_A_SENDER - 30)):
        clock.shift(SECOND)
        for number in range(1, many + 1):
            await parts.keep(piece(text, number, 255, b"x"))
    assert await keys(core) == {"mine", "old", "new"}
    await parts.keep(piece("new", 254, 255, b"x"))
    assert await keys(core) == {"mine", "new"}
    assert [row.reason for row in await rows(core, incoming)] == ["30 of 255 parts came"]


@ON_SQLITE
async def test_a_text_of_more_parts_than_a_sender_may_have_is_given_up_and_one_of_as_many_is_read(
    core: Core, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.use_cases.sms_parts.PARTS_OF_A_SENDER", 4)
    parts = core.receiving.parts
    for total, is_read in ((4, True), (9, False)):
        whole = [await parts.keep(piece(f"{total}", number, total, b"x")) for number in range(1, total + 1)]
        assert (whole[-1] is not None) == is_read
        if is_read:
            await parts.drop(piece(f"{total}", 1, 2, b""), [b"x"] * total)
    clock.shift(PARTS_LIVE + SECOND)
    await parts.forget_once()
    assert [row.reason for row in await rows(core, incoming)] == [
        "4 of 9 parts came", "4 of 9 parts came", "1 of 9 parts came",
    ]  # fmt: skip
