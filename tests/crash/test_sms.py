"""kill -9 at every commit, call and submit of a top-up by SMS, on PostgreSQL: nothing lost, nothing twice."""

import itertools
from functools import partial

import pytest

from commands.outside import Outside
from core.states import PaymentState
from tests.crash.fuse import Point
from tests.crash.lives import LATER, PATIENCE_SECONDS, ROUNDS, Life, Stage, stage
from tests.crash.victim import Begins
from tests.deadlines import until

PARTS = frozenset({"sms", "web", "jobs"})
AMOUNT, TOTAL = 100_00, 113_00
# A whole conversation passes 12 or more commits, one charge and three or four submits (test_the_points…).
POINTS = [
    Point(kind, number, when)
    for kind, most in (("commit", 12), ("call", 1), ("submit", 3))
    for number in range(1, most + 1)
    for when in ("before", "after")
]


async def _talk(on: Stage, phone: str, life: Life, said: list[str]) -> None:
    """The payer texts and waits as a person does, until the receipt or until the product is dead."""

    async def heard(is_quote: bool) -> bool:
        texts = [each["text"] for each in await on.phones.received_sms(phone)]
        return life.has_died() or any(("ДА" in text) == is_quote for text in texts)

    for text, is_quote in (("aliance 100080 100", True), ("да", False)):
        if text not in said:
            await on.phones.send_sms(phone, text, to="3116")
            said.append(text)
        answered = partial(heard, is_quote)
        await until(answered, within=PATIENCE_SECONDS, what=f"an answer to {text!r}")
        if life.has_died():
            return


_phones = (f"7914{number:07d}" for number in itertools.count())  # the simulator remembers what each got


async def test_the_points_are_those_that_a_whole_conversation_passes(opened: Outside, pg_url: str) -> None:
    async with stage(opened, pg_url) as on:
        life = on.begin(None, Begins(PARTS))
        await _talk(on, next(_phones), life, [])
        await until(on.is_settled)
        await until(on.is_acknowledged)
        counts = await life.end()
        assert counts["commit"] >= 12
        assert counts["call"] == 1
        assert counts["submit"] >= 2
        assert await on.balance() == AMOUNT


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_loses_a_message_or_moves_money_twice(
    opened: Outside, pg_url: str, point: Point, life: int
) -> None:
    phone, said = next(_phones), list[str]()
    async with stage(opened, pg_url) as on:
        first = on.begin(point, Begins(PARTS))
        await _talk(on, phone, first, said)
        await until(first.has_died, within=PATIENCE_SECONDS, what=f"death {point}")
        await first.bury()
        second = on.begin(None, Begins(PARTS, ahead=LATER))
        await _talk(on, phone, second, said)
        await until(on.is_settled, within=PATIENCE_SECONDS, what="all is settled")
        collected = await on.collected()
        if collected:
            await until(on.is_credited, within=PATIENCE_SECONDS, what="what was collected is credited")
        else:
            assert [row.state for row in await on.payments()] == [PaymentState.UNKNOWN]
        await until(on.is_acknowledged, within=PATIENCE_SECONDS, what="all is acknowledged")
        await second.end()
        assert collected in ([], [TOTAL])
        assert await on.balance() == (AMOUNT if collected else 0)
        assert await on.unanswered() == []
        assert await on.broken() == []
