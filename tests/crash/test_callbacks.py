"""kill -9 between a provider's callback and its credit, with two processes at work: booked once."""

import pytest

from core.states import EventState
from core.storage.tables import provider_event
from tests.crash.agreed import AMOUNT, Scene, scene
from tests.crash.fuse import Point, both
from tests.crash.lives import PATIENCE_SECONDS, ROUNDS
from tests.deadlines import until

CHARGES = 5
# Stored, acknowledged; held by the job that looks it up at the provider, and applied with credit and receipt.
POINTS = [
    *both("store"),
    Point("ack", 1, "after"),
    *both("hold"),
    *both("look"),
    *both("apply"),
]


async def _charged(on: Scene) -> bool:
    states = [await on.states(one) for one in on.agreed]
    return states == [["pending"]] * CHARGES


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_loses_a_callback_or_books_it_twice(pg_url: str, point: Point, life: int) -> None:
    async with scene(pg_url, frozenset({"jobs", "web"})) as on:
        dying, living = await on.begin_both(point)
        await on.agree(["pending"] * CHARGES)
        dying.hears()
        living.hears()

        async def all_pending() -> bool:
            return await _charged(on)

        await until(all_pending, within=PATIENCE_SECONDS, what="every charge waits for its payer")
        told = [on.desk.pays(reference) for reference in list(on.desk.payments)]
        await on.tells(told, dying, living)
        await on.dies(dying, point)
        await on.recovers(living)
        await on.settles(living)
        await on.tells([*told, *told], living)
        await on.settles(living)
        await living.end()
        assert [await on.states(one) for one in on.agreed] == [["paid"]] * CHARGES
        assert [await on.balance(one) for one in on.agreed] == [AMOUNT] * CHARGES
        events = await on.rows(provider_event)
        assert [row.state for row in events] == [EventState.APPLIED] * CHARGES
        await on.prove()
