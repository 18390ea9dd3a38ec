"""Reconciliation by the clock: when one runs, what becomes of one that breaks off, dies or meets another."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import DayNotOver, NoRegister, ReconciliationUnderWay
from core.money import Money
from core.settings import Settings
from core.states import ReconciliationState
from core.storage.staff_tables import reconciliation
from core.use_cases import comparisons
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import goes_to, today
from tests.core.reconciliation_scenes import DAY, HUNDRED, LATER, MONDAY, compared, kinds, lost
from tests.core.register import ListingProvider, listing, success
from tests.core.scenes import (
    ON_POSTGRES,
    ON_SQLITE,
    in_suspense,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
)
from tests.fakes import Dies, FakeClock

provider = listing


async def test_a_list_that_breaks_off_proves_what_came_and_blames_nothing(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await lost(core, clock, provider)
    await quote_by_sms(core, 200)
    await says_yes(core)
    clock.shift(LATER)
    provider.breaks_after = 1
    report = await compared(core)
    assert report.incomplete == "status_500"
    assert await kinds(core) == []
    assert await posted(core, owner) == Money.roubles(300)
    (row,) = await rows(core, reconciliation, day=MONDAY)
    assert (row.state, row.reason) == (ReconciliationState.INCOMPLETE, "status_500")
    provider.breaks_after = None
    assert (await compared(core)).incomplete is None


async def test_yesterday_is_compared_by_the_clock_and_an_unsettled_day_daily(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await lost(core, clock, provider)
    provider.lists(success("x-1", 55, "999"), at=clock.now())
    goes_to(clock, core.profile, today(core) + DAY, hour=5, minute=59)
    assert await core.reconciliations.due_once() == 0
    goes_to(clock, core.profile, today(core), hour=6)
    assert await core.reconciliations.due_once() == 1
    assert await posted(core, owner) == HUNDRED
    while await core.reconciliations.due_once():
        pass
    days = core.profile.reconciliation.days
    assert [row.state for row in await rows(core, reconciliation)] == [ReconciliationState.DONE] * days
    await core.suspense.assign("x-1", to="100080", by="Anna", why="called")
    assert len(await kinds(core)) == 1
    goes_to(clock, core.profile, today(core) + DAY, hour=6)
    while await core.reconciliations.due_once():
        pass
    assert await kinds(core) == []


@ON_SQLITE
async def test_a_day_that_the_provider_did_not_tell_is_tried_again_after_an_hour(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    provider.lists(success("x-1", 55, "999"))
    provider.breaks_after = 0
    goes_to(clock, core.profile, today(core) + DAY, hour=6)
    while await core.reconciliations.due_once():
        pass
    provider.breaks_after = None
    clock.shift(timedelta(minutes=59))
    assert await core.reconciliations.due_once() == 0
    clock.shift(timedelta(minutes=1))
    assert await core.reconciliations.due_once() == 1


@ON_POSTGRES
async def test_two_processes_at_once_are_one(
    core: Core, settings: Settings, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await lost(core, clock, provider)
    for number in range(20):
        provider.lists(success(f"x-{number}", 55, "999"))
    async with processes(settings, clock, provider, count=2) as both:
        ended = await asyncio.gather(
            *(each.reconciliations.run("fake", MONDAY) for each in both), return_exceptions=True
        )
    assert sum(isinstance(each, ReconciliationUnderWay) for each in ended) == 1
    assert await posted(core, owner) == HUNDRED
    assert await in_suspense(core) == Money.roubles(55 * 20)


async def test_a_process_that_died_is_followed_by_another(
    core: Core, clock: FakeClock, provider: ListingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await lost(core, clock, provider)
    with monkeypatch.context() as patch:
        patch.setattr(comparisons.Comparison, "theirs", _dies)
        patch.setattr("core.use_cases.reconciliations._Run.let_go", _nothing)
        with pytest.raises(Dies):
            await compared(core)
    with pytest.raises(ReconciliationUnderWay):
        await compared(core)
    clock.shift(timedelta(minutes=11))
    await compared(core)
    assert await posted(core, owner) == HUNDRED


async def _dies(_comparison: object) -> None:
    raise Dies


async def _nothing(_run: object) -> None:
    return None


@ON_SQLITE
async def test_what_cannot_be_compared_is_refused(core: Core, clock: FakeClock) -> None:
    with pytest.raises(NoRegister):
        await core.reconciliations.run("nobody", MONDAY)
    with pytest.raises(NoRegister):
        await core.reconciliations.run("fake", MONDAY, file=Path("x.csv"))
    with pytest.raises(DayNotOver):
        await core.reconciliations.run("fake", MONDAY + DAY)
