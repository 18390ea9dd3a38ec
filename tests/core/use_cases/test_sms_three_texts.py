"""Three texts of three parts under one reference, alike in any of them: none is read that nobody wrote."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.storage.message_tables import incoming, sms_part
from core.use_cases.sms_part_meeting import PARTS_LIVE, SURE_AFTER
from core.wiring import Core
from tests.core.scenes import rows
from tests.core.use_cases.test_sms_part_meeting import SECOND, Smsc, text
from tests.fakes import FakeClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

A1, A2, A3, B1, B2, B3 = "1 a", "2 a", "3 a", "1 b", "2 b", "3 b"
_keys = count()


def three(core: Core, clock: FakeClock) -> Smsc:
    return Smsc(core, clock, key=f"k{next(_keys)}", total=3)


@st.composite
def written(draw: st.DrawFn) -> list[list[str]]:
    """Texts in the order in which their parts come."""
    texts = [[f"{number} {draw(st.sampled_from('ab'))}{number}" for number in (1, 2, 3)] for _ in range(3)]
    return [draw(st.permutations(parts)) for parts in texts]


@given(texts=written(), tries_between=st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_three_texts_alike_in_any_parts_are_read_as_written_or_seen(
    core: Core, clock: FakeClock, texts: list[list[str]], tries_between: bool
) -> None:
    smsc, seen_before = three(core, clock), len(await rows(core, incoming))
    for parts in texts:
        await smsc.hand_over(*parts)
        smsc.clock.shift(SURE_AFTER * 2)
        if tries_between:
            await smsc.again()
    read = await smsc.again()
    all_written = Counter(text(*parts) for parts in texts)
    assert Counter(read) <= all_written
    # One that is written a second time cannot be told from one that is given a second time.
    assert len(read) + len(await smsc.seen()) - seen_before >= len(all_written)


async def test_a_new_part_beside_two_repeats_of_one_text_makes_a_text(core: Core, clock: FakeClock) -> None:
    smsc = three(core, clock)
    await smsc.hand_over(A1, A2, A3)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(A1, B2, A3)  # the last is a repeat, but not all are
    assert await smsc.again() == [text(A1, A2, A3), text(A1, B2, A3)]
    assert await smsc.seen() == []


async def test_a_new_part_beside_a_repeat_is_seen_if_the_rest_never_comes(
    core: Core, clock: FakeClock
) -> None:
    smsc = three(core, clock)
    await smsc.hand_over(A1, A2, A3)
    smsc.clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(A1, B2)
    assert await smsc.seen() == ["2 of 3 parts came"]


async def test_a_text_is_in_doubt_for_half_a_minute(core: Core, clock: FakeClock) -> None:
    smsc = three(core, clock)
    await smsc.hand_over(A1, A2, A3)
    clock.shift(SURE_AFTER * 2)
    await smsc.hand_over(B1, B2, A3)
    clock.shift(timedelta(seconds=29))
    await smsc.hand_over(A3)
    assert (len(smsc.read), smsc.refused) == (1, [A3, A3])
    clock.shift(SECOND)
    assert (await smsc.hand_over(A3))[1:] == [text(B1, B2, A3)]


async def test_a_part_that_was_joined_long_ago_is_no_repeat_though_nobody_forgot_it(
    core: Core, clock: FakeClock
) -> None:
    smsc = three(core, clock)
    for _ in range(2):
        await smsc.hand_over(A1, A2, A3)
        clock.shift(PARTS_LIVE + SECOND)  # no round comes by
    assert smsc.read == [text(A1, A2, A3)] * 2
    assert await rows(core, sms_part) == []


async def test_where_repeats_of_two_texts_meet_beside_other_parts_none_of_these_is_read(
    core: Core, clock: FakeClock
) -> None:
    smsc = three(core, clock)
    texts = [(A1, A2, A3), (B1, B2, B3)]
    for parts in texts:
        await smsc.hand_over(*parts)
        clock.shift(SURE_AFTER * 2)
    await smsc.hand_over("1 c", A2, B2, "3 c")  # of one of the two the acknowledgement was lost
    assert await smsc.again() == [text(*parts) for parts in texts]
    assert await smsc.seen() == ["2 of 3 parts came"] * 2
