"""Invariants of the register's mirror and of assigned money: each goes red when it is broken by hand."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from core.ids import PaymentId, new_id
from core.settings import Settings
from core.storage.staff_tables import assignment, difference
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.reconciliation_scenes import MONDAY
from tests.core.register import ListingProvider, listing, success
from tests.fakes import FakeClock

provider = listing


@pytest.fixture
async def house(settings: Settings, clock: FakeClock, provider: ListingProvider) -> AsyncIterator[Core]:
    """A core that nobody asks for its invariants at the end."""
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        await open_account(opened, tariff=None)
        yield opened


async def _codes(core: Core) -> list[str]:
    return [each.code for each in await core.invariants.check()]


async def test_a_success_of_the_register_that_is_in_no_book_is_i3_until_staff_answer_for_it(
    house: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    provider.lists(success("usd-1", 10, currency="USD"))
    await house.reconciliations.run("fake", MONDAY)
    assert await _codes(house) == []
    clock.shift(timedelta(minutes=16))
    assert await _codes(house) == ["I3"]
    (found,) = await house.differences.open()
    await house.differences.solve(str(found.id), by="Anna", why="given back by the provider")
    assert await _codes(house) == []
    async with house.database.transaction() as tx:
        await tx.execute(delete(difference))
    assert await _codes(house) == ["I3"]


async def test_an_assignment_that_is_not_its_transfers_is_i5(house: Core, provider: ListingProvider) -> None:
    body = provider.tells(PaymentId(new_id()), success("x-1", 55, "999"))
    await house.callbacks.take("fake", body=body, headers={})
    await house.suspense.assign("x-1", to="100080", by="Anna", why="called")
    assert await _codes(house) == []
    async with house.database.transaction() as tx:
        await tx.execute(update(assignment).values(amount=1))
    assert await _codes(house) == ["I5"]
    async with house.database.transaction() as tx:
        await tx.execute(update(assignment).values(amount=56_00))
    assert await _codes(house) == ["I5", "I5"]
