"""Parts of several long texts under one reference: what nobody wrote is not read; staff see what is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations, product

import pytest

from core.storage.message_tables import incoming, sms_part
from core.use_cases.sms_part_meeting import PARTS_LIVE, SURE_AFTER
from core.use_cases.sms_parts import DOUBT_LIVES, ComeAgain, Piece
from core.wiring import Core
from tests.core.scenes import rows
from tests.fakes import FakeClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECOND = timedelta(seconds=1)
PHONE = "79141234567"
HEAD, TAIL, HEAD2, TAIL2 = "1 aliance 100080 ", "2 100", "1 aliance 166301 ", "2 5000"

Said = Sequence[str]  # parts, each begun by its number


class Smsc:
    """Hands over parts of one phone under one reference, and again later what was not acknowledged."""

    def __init__(self, core: Core, clock: FakeClock, *, key: str = "k", total: int = 2) -> None:
        self.core, self.clock, self.key, self.total = core, clock, key, total
        self.read: list[str] = []
        self.refused: list[str] = []

    async def hand_over(self, *said: str) -> list[str]:
        """What was read by now."""
        parts = self.core.receiving.parts
        for part in said:
            raw = part[1:].encode()
            piece = Piece(self.key, int(part[0]), self.total, raw, PHONE, {"smsc": "smsc"})
            try:
                whole = await parts.keep(piece)
            except ComeAgain:
                self.refused.append(part)
                continue
            if whole is not None:
                self.read.append(b"".join(whole.octets).decode())
                await parts.drop(piece, whole.octets)
        return self.read

    async def again(self) -> list[str]:
        """What was refused comes again, until it is acknowledged."""
        for _ in range(4):
            self.clock.shift(SURE_AFTER + SECOND)
            refused, self.refused = self.refused, []
            await self.hand_over(*refused)
        assert self.refused == []
        return self.read

    async def seen(self) -> list[str]:
        """The reasons that staff see of what was given up, once all is over."""
        self.clock.shift(PARTS_LIVE + SECOND)
        await self.core.receiving.parts.forget_once()
        assert await rows(self.core, sms_part) == []
        return [row.reason for row in await rows(self.core, incoming)]


def text(*said: str) -> str:
    return "".join(part[1:] for part in sorted(said))


@pytest.fixture
def smsc(core: Core, clock: FakeClock) -> Smsc:
    return Smsc(core, clock)


async def test_a_text_that_ends_or_begins_as_one_before_is_read(smsc: Smsc) -> None:
    assert await smsc.hand_over(HEAD, TAIL) == [text(HEAD, TAIL)]
    for head, tail in ((HEAD2, TAIL), (HEAD, TAIL2)):
        smsc.clock.shift(SURE_AFTER * 2)
        await smsc.hand_over(head, tail)
        assert (await smsc.again())[-1] == text(head, tail)
    assert len(smsc.read) == 3
    assert await smsc.seen() == []


async def test_a_text_of_which_all_parts_come_again_is_read_once(smsc: Smsc) -> None:
    for _ in range(3):
        await smsc.hand_over(HEAD, TAIL)
        smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(TAIL, HEAD)
    assert await smsc.again() == [text(HEAD, TAIL)]
    assert await smsc.seen() == []


async def test_a_repeat_that_comes_alone_is_nobodys_text(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD, TAIL)
    await smsc.hand_over(TAIL)
    assert await smsc.seen() == []


async def test_a_repeat_between_the_parts_of_the_next_text_is_not_joined_with_them(
    core: Core, clock: FakeClock
) -> None:
    first, unread, over = text(HEAD, TAIL), 0, Smsc(core, clock)
    second: list[Said] = [(HEAD2, TAIL2), (HEAD, TAIL2), (HEAD2, TAIL)]
    orders = [each for said in second for each in permutations(said)]
    for n, (said, repeat, place) in enumerate(product(orders, (HEAD, TAIL), range(3))):
        smsc = Smsc(core, clock, key=f"k{n}")
        await smsc.hand_over(HEAD, TAIL)
        await smsc.hand_over(*said[:place], repeat, *said[place:])
        read = await smsc.again()
        assert read in ([first, text(*said)], [first])
        unread += read == [first]
    # What was not read is seen: it began or ended as the first one, and the repeat took its place.
    assert unread == len(await over.seen())
    assert unread <= 4


async def test_a_repeat_that_lies_for_long_gives_way_to_the_next_text(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD, TAIL)
    await smsc.hand_over(TAIL)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(HEAD2, TAIL2)
    assert await smsc.again() == [text(HEAD, TAIL), text(HEAD2, TAIL2)]
    assert await smsc.seen() == []


@pytest.mark.parametrize("late", [(HEAD2, TAIL2, TAIL), (HEAD2, TAIL, TAIL2)], ids=["later", "between"])
async def test_a_tail_that_comes_behind_the_next_texts_head_is_not_joined_with_it(
    smsc: Smsc, late: Said
) -> None:
    await smsc.hand_over(HEAD)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(*late)
    assert await smsc.again() == []
    assert await smsc.seen()


async def test_a_late_tail_is_not_joined_with_the_head_that_took_the_place_of_its_own(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD, TAIL)
    await smsc.hand_over(HEAD)  # of a second text, whose tail is late
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(HEAD2, TAIL2, "2 700")
    assert await smsc.again() == [text(HEAD, TAIL)]
    assert await smsc.seen()


async def test_where_two_heads_met_nothing_is_read_until_it_was_quiet(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(HEAD2, TAIL)
    assert await smsc.again() == []
    assert await smsc.seen() == ["1 of 2 parts came"] * 2
    assert await smsc.hand_over(HEAD2, TAIL2) == [text(HEAD2, TAIL2)]


async def test_a_head_that_was_joined_before_and_one_that_lies_for_long_are_both_given_up(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD, TAIL)
    await smsc.hand_over(HEAD2)  # its tail is lost
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(HEAD, TAIL2)
    assert await smsc.again() == [text(HEAD, TAIL)]
    assert await smsc.seen() == ["1 of 2 parts came"] * 2


async def test_a_whole_text_that_waits_to_be_accepted_goes_before_the_next_one(
    core: Core, smsc: Smsc
) -> None:
    await smsc.hand_over(HEAD)
    parts = core.receiving.parts
    whole = await parts.keep(Piece("k", 2, 2, TAIL[1:].encode(), PHONE, {}))
    assert whole is not None
    assert await smsc.hand_over(HEAD2) == []
    assert smsc.refused == [HEAD2]
    await smsc.hand_over(TAIL)
    await smsc.again()
    assert await smsc.hand_over(TAIL2) == [text(HEAD, TAIL), text(HEAD2, TAIL2)]
    assert await smsc.seen() == []


@pytest.mark.parametrize("second, third", [((HEAD, TAIL2), (HEAD2, TAIL)), ((HEAD2, TAIL), ("1 a ", "2 7"))])
async def test_a_whole_text_out_of_doubt_is_neither_taken_apart_nor_given_up_by_the_next_one(
    smsc: Smsc, second: Said, third: Said
) -> None:
    texts = [(HEAD, TAIL), second, third]
    for said in texts:  # the SMSC does not try again before the third has come
        await smsc.hand_over(*said)
        smsc.clock.shift(SURE_AFTER * 2)
    await smsc.again()
    assert sorted(smsc.read) == sorted(text(*said) for said in texts)
    assert await smsc.seen() == []


async def test_a_tail_that_two_texts_had_is_known_for_as_long_as_the_second_one_is(smsc: Smsc) -> None:
    await smsc.hand_over(HEAD, TAIL)
    smsc.clock.shift(PARTS_LIVE - SECOND)
    await smsc.hand_over(HEAD2, TAIL)
    assert (await smsc.again())[1:] == [text(HEAD2, TAIL)]
    await smsc.core.receiving.parts.forget_once()
    smsc.clock.shift(SURE_AFTER)
    await smsc.hand_over(TAIL)  # once more: its acknowledgement was lost
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over("1 a ", "2 7")
    assert (await smsc.again())[2:] == [text("1 a ", "2 7")]
    assert await smsc.seen() == []


async def test_a_whole_text_in_doubt_whose_last_part_never_comes_again_is_seen_after_an_hour(
    smsc: Smsc,
) -> None:
    await smsc.hand_over(HEAD, TAIL)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(HEAD2, TAIL)
    smsc.clock.shift(DOUBT_LIVES)
    assert await smsc.core.receiving.parts.forget_once() == 0
    smsc.clock.shift(PARTS_LIVE + SECOND)
    assert await smsc.core.receiving.parts.forget_once() == 1
    (row,) = await rows(smsc.core, incoming)
    assert (row.outcome, row.reason) == ("silent: incomplete", "2 of 2 parts came, perhaps not of one text")
    assert row.payload == {"smsc": "smsc", "text": ""}
    assert await rows(smsc.core, sms_part) == []


async def test_a_new_text_of_a_head_and_a_tail_that_were_of_two_is_read(smsc: Smsc) -> None:
    texts = [(HEAD, TAIL), (HEAD2, TAIL2), (HEAD, TAIL2)]
    for said in texts:
        await smsc.hand_over(*said)
        smsc.clock.shift(SURE_AFTER * 2)
    assert await smsc.again() == [text(*said) for said in texts]
    await smsc.hand_over(HEAD, TAIL2)  # and once more: these were joined together
    assert len(await smsc.again()) == 3
    assert await smsc.seen() == []


async def test_repeats_of_two_texts_are_not_joined_though_all_parts_of_one_come_again(smsc: Smsc) -> None:
    for said in ((HEAD, TAIL), (HEAD2, TAIL2)):
        await smsc.hand_over(*said)
        smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(TAIL2, HEAD, TAIL)
    assert await smsc.again() == [text(HEAD, TAIL), text(HEAD2, TAIL2)]
    assert await smsc.seen() == ["2 of 2 parts came, perhaps not of one text"]
