"""Invariants: each rule goes red when it is broken by hand, and stays silent otherwise."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.payments.provider import Pending, Unknown
from core.settings import Settings
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.broken_rules import BREAKS, Break, balance_moved, credited_twice, paid
from tests.core.scenes import (
    ON_POSTGRES,
    ON_SQLITE,
    arrives,
    card_page,
    deliver_all,
    processes,
    quote_by_card,
    quote_by_sms,
    says_yes,
)
from tests.fakes import FakeClock, FakeProvider

LATE = timedelta(minutes=31)  # a quote's window, and the time to close it


async def test_a_house_in_order_breaks_nothing(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    assert await core.invariants.check() == []
    await paid(core)
    await card_page(core)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    assert await core.invariants.check() == []
    await deliver_all(core)
    clock.shift(LATE)
    assert await core.invariants.check() == []


@pytest.fixture
async def house(settings: Settings, clock: FakeClock, provider: FakeProvider) -> AsyncIterator[Core]:
    """A core that nobody asks for its invariants at the end."""
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened


async def _goes_red(core: Core, clock: FakeClock, broken: Break) -> None:
    await paid(core)
    await broken.by(core)
    clock.shift(LATE)
    found = [each for each in await core.invariants.check() if each.code == broken.code]
    assert found != []
    assert any(broken.about in each.about for each in found)


@ON_SQLITE
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
async def test_a_rule_that_is_broken_is_told(house: Core, clock: FakeClock, broken: Break) -> None:
    await _goes_red(house, clock, broken)


@ON_POSTGRES
async def test_the_rules_go_red_on_postgresql_too(house: Core, clock: FakeClock) -> None:
    await paid(house)
    undone_by_others = (balance_moved, credited_twice)
    for broken in BREAKS:
        if broken.by not in undone_by_others:
            await broken.by(house)
    clock.shift(LATE)
    assert {each.code for each in await house.invariants.check()} == {"I1", "I4", "I6", "I7", "I13"}


@ON_SQLITE
async def test_a_flood_of_violations_is_cut_short(house: Core, clock: FakeClock) -> None:
    await open_account(house)
    for _ in range(25):
        await quote_by_card(house)
    clock.shift(LATE)
    assert len(await house.invariants.check()) == 20


@ON_SQLITE
async def test_work_in_somebodys_hands_is_no_violation(
    house: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(house)
    provider.will(Pending("m-1"))
    await quote_by_sms(house)
    await says_yes(house)
    provider.will(Unknown("timeout"))
    await card_page(house)
    await arrives(house)
    assert await house.invariants.check() == []


@ON_POSTGRES
async def test_money_that_moves_meanwhile_is_no_violation(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=1) as (busy,):

        async def pays() -> None:
            for _ in range(10):
                await quote_by_sms(busy)
                await says_yes(busy)

        async with asyncio.TaskGroup() as tasks:
            paying = tasks.create_task(pays())
            while not paying.done():
                assert await core.invariants.check() == []
