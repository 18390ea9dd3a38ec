"""kill -9 while two processes charge mandates: each period once, every success booked, nothing let fall."""

from collections import Counter

import pytest

from core.storage.autopay_tables import mandate
from tests.crash.agreed import AMOUNT, DUE, scene
from tests.crash.fuse import Point, both
from tests.crash.lives import ROUNDS

OUTCOMES = ["succeeded"] * 14 + ["insufficient_funds"] * 4
# The key and the next date are stored by the commit that picks; the outcome, the credit and the receipt
# by the one that writes the result.
POINTS = [*both("pick"), *both("pick", 2), *both("take"), *both("call"), *both("call", 3), *both("result")]


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_charges_a_period_twice_or_loses_it(pg_url: str, point: Point, life: int) -> None:
    async with scene(pg_url) as on:
        dying, living = await on.begin_both(point)
        await on.agree(OUTCOMES)
        dying.hears()
        living.hears()
        await on.dies(dying, point)
        await on.recovers(living)
        await on.settles(living)
        counts = await living.end()
        assert counts["call"] > 0
        ends = Counter([tuple(await on.states(one)) for one in on.agreed])
        assert ends == {("paid",): 14, ("declined",): 4}
        assert [on.paid(one) for one in on.agreed] == [AMOUNT] * 14 + [0] * 4
        rows = await on.rows(mandate)
        assert {row.scheduled for row in rows} == {DUE}
        assert sum(row.retry_on is not None for row in rows) == 4
        await on.prove()
