"""Parts that Kannel calls with: joined as octets, in any order, again, and by two processes."""

from __future__ import annotations

import pytest

from core.use_cases.sms_parts import Piece, SmsParts, Whole
from core.wiring import Core
from tests.sms_gateway import kannel_scenes
from tests.sms_gateway.gateways import listening, stored
from tests.sms_gateway.kannel_scenes import Door, parts_kept, udh

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

door = kannel_scenes.door


async def test_parts_are_joined_as_octets_in_whatever_order(core: Core, door: Door) -> None:
    said = "Да 😀 нет".encode("utf-16-be")
    parts = {1: said[:7], 2: said[7:9], 3: said[9:]}  # through a letter and a pair of surrogates
    for number in (3, 1):
        assert await door.call(b=parts[number], udh=udh(number, 3), id=f"part-{number}") == 200
    assert await stored(core) == []
    assert await door.call(b=parts[2], udh=udh(2, 3), id="part-2") == 200
    (row,) = await stored(core)
    assert row.payload["text"] == "Да 😀 нет"
    assert await parts_kept(core) == 0


async def test_a_part_called_again_makes_no_second_message(core: Core, door: Door) -> None:
    for number in (1, 1, 2, 2, 1):
        assert await door.call(udh=udh(number), id=f"part-{number}") == 200
    assert [row.payload["text"] for row in await stored(core)] == ["дада"]
    assert await parts_kept(core) == 0


class Overtaken(SmsParts):
    """Another process has accepted the text by the time that this one is told that it is whole."""

    def __init__(self, core: Core, other: Door) -> None:
        super().__init__(core.database, core.clock)
        self.other = other

    async def keep(self, piece: Piece) -> Whole | None:
        whole = await super().keep(piece)
        if whole is not None:
            assert await self.other.call(udh=udh(piece.number), id=piece.payload["id"]) == 200
        return whole


async def test_a_text_that_another_process_accepts_at_the_same_time_is_one_message(
    core: Core, door: Door
) -> None:
    other = Door(core)
    async with listening(other.callbacks.routes()) as other.client:
        door.inbox.parts = Overtaken(core, other)
        for number in (1, 2):
            assert await door.call(udh=udh(number), id=f"part-{number}") == 200
    (row,) = await stored(core)
    assert row.payload["text"] == "дада"
    assert len(door.taken) + len(other.taken) == 1


async def test_a_whole_that_could_not_be_stored_is_stored_when_its_last_part_comes_again(
    core: Core, door: Door
) -> None:
    assert await door.call(udh=udh(1), id="part-1") == 200
    door.inbox.away = True
    assert await door.call(udh=udh(2), id="part-2") == 503
    door.inbox.away = False
    assert [await door.call(udh=udh(2), id="part-2") for _ in range(2)] == [200] * 2
    assert [row.payload["text"] for row in await stored(core)] == ["дада"]


@pytest.mark.parametrize(
    "header", [b"\x03\x01\x01\x00", b"\x05\x00\x03", b"\xff"], ids=["other", "cut", "short"]
)
async def test_another_header_makes_no_part_of_a_message(core: Core, door: Door, header: bytes) -> None:
    assert await door.call(udh=header) == 200
    assert [row.payload["text"] for row in await stored(core)] == ["да"]
