"""Reconciliation: what a provider lists and we lack is booked once; what differs waits for staff."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import DayNotOver, NoRegister, ReconciliationUnderWay, UnknownDifference
from core.ids import AccountId, new_id
from core.money import ZERO, Money
from core.payments.provider import Refunded, Succeeded, Unknown
from core.settings import Settings
from core.states import DifferenceState, PaymentState, ReconciliationState
from core.storage.staff_tables import audit, difference, reconciliation, register_line
from core.storage.tables import payment
from core.use_cases import comparisons
from core.use_cases.reconciliations import Report
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.autopay_scenes import goes_to, today, work
from tests.core.register import ListingProvider, success
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    card_page,
    in_suspense,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    told,
)
from tests.fakes import Dies, FakeClock, FakeProvider

DAY = timedelta(days=1)
LATER = timedelta(hours=1)
MONDAY = date(2026, 4, 27)  # the clock's first day
HUNDRED = Money.roubles(100)


@pytest.fixture
def provider(clock: FakeClock) -> ListingProvider:
    return ListingProvider(clock)


async def _run(core: Core, day: date = MONDAY, **more: Any) -> Report:
    return await core.reconciliations.run("fake", day, **more)


async def _kinds(core: Core, *states: DifferenceState) -> list[str]:
    wanted = states or (DifferenceState.OPEN,)
    return [row.kind.value for row in await rows(core, difference) if row.state in wanted]


async def _lost(core: Core, clock: FakeClock, provider: FakeProvider) -> AccountId:
    """A card page that was abandoned by time, paid after all, and whose callback never came."""
    owner = await open_account(core, tariff=None)
    await card_page(core)
    for _ in range(5):
        clock.shift(LATER)
        await work(core, rounds=1)
    row = await the_payment(core)
    assert (row.state, row.reason) == (PaymentState.DECLINED, "abandoned")
    provider.pays(row.id)
    return owner


async def test_an_abandoned_page_that_was_paid_is_credited(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await _lost(core, clock, provider)
    report = await _run(core)
    assert await posted(core, owner) == HUNDRED
    assert (report.found.credited, report.found.opened, report.left_open) == (1, 0, 0)
    assert await _kinds(core, DifferenceState.GONE) == ["missing_here"]
    assert "paid" in await told(core, CHAT)
    again = await _run(core)
    assert (again.found.credited, again.found.opened) == (0, 0)
    assert await posted(core, owner) == HUNDRED


async def test_what_agrees_is_no_difference(core: Core, clock: FakeClock, provider: ListingProvider) -> None:
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    clock.shift(LATER)
    report = await _run(core)
    assert (report.lines, report.incomplete) == (1, None)
    assert await rows(core, difference) == []


@dataclass(frozen=True)
class Case:
    name: str
    line: Succeeded
    kind: str
    suspense: Money
    payment: bool = True
    merchant: str | None = None


CASES = [
    Case("another sum", success("card-1", 90), "amount", Money.roubles(90)),
    Case("another account", success("card-1", 100, "100081"), "account", HUNDRED),
    Case("another currency", success("card-1", 100, currency="USD"), "currency", ZERO),
    Case("another merchant", success("card-1", 100), "merchant", ZERO, merchant="77"),
    Case(
        "nobody asked for it", success("x-1", 55, "999"), "unknown_payment", Money.roubles(55), payment=False
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_does_not_fit_waits_for_staff(
    core: Core, clock: FakeClock, provider: ListingProvider, case: Case
) -> None:
    owner = await open_account(core, tariff=None)
    await card_page(core)
    row = await the_payment(core)
    line = replace(case.line, reference=row.provider_ref) if case.payment else case.line
    provider.lists(line, payment=row.id if case.payment else None, merchant=case.merchant)
    clock.shift(LATER)
    first, again = await _run(core), await _run(core)
    assert await _kinds(core) == [case.kind]
    assert (first.found.opened, again.found.opened, again.left_open) == (1, 0, 1)
    assert await in_suspense(core) == case.suspense
    assert await posted(core, owner) == ZERO


async def test_a_payment_that_the_provider_does_not_list_is_told_until_it_does(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    row = await the_payment(core)
    provider.left_out.add(row.provider_ref)
    clock.shift(LATER)
    assert (await _run(core)).left_open == 1
    assert await _kinds(core) == ["missing_there"]
    provider.left_out.clear()
    report = await _run(core)
    assert (report.left_open, report.found.gone) == (0, 1)
    provider.left_out.add(row.provider_ref)
    assert (await _run(core)).left_open == 0, "the mirror remembers what it has seen"


@ON_SQLITE
async def test_what_was_booked_a_moment_ago_may_be_missing_there(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    provider.left_out.add((await the_payment(core)).provider_ref)
    assert (await _run(core)).left_open == 0


async def test_refunds_are_compared_both_ways(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    row = await the_payment(core)
    provider.lists(Refunded("r-1", row.provider_ref, Money.roubles(30), "RUB"))
    provider.lists(Refunded("r-2", "no-such-payment", Money.roubles(30), "RUB"))
    clock.shift(LATER)
    await _run(core)
    assert await posted(core, owner) == Money.roubles(70)
    assert await _kinds(core, DifferenceState.GONE) == ["refund_missing_here"]
    assert await _kinds(core) == ["refund_missing_here"]
    await core.refunds.refund(row.id, Money.roubles(20), why="wrong payment", by="staff")
    await work(core, rounds=1)
    (ours,) = provider.refunds
    provider.left_out.add(ours)
    clock.shift(LATER)
    await _run(core)
    assert sorted(await _kinds(core)) == ["refund_missing_here", "refund_missing_there"]
    provider.left_out.clear()
    await _run(core)
    assert await _kinds(core) == ["refund_missing_here"]
    assert await posted(core, owner) == Money.roubles(50)


@ON_SQLITE
async def test_a_refund_of_a_payment_that_the_same_list_brings_is_booked(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await _lost(core, clock, provider)
    row = await the_payment(core)
    provider.lists(Refunded("r-1", row.provider_ref, Money.roubles(30), "RUB"))
    report = await _run(core)
    assert await posted(core, owner) == Money.roubles(70)
    assert (report.found.credited, report.left_open) == (2, 0)


@ON_SQLITE
async def test_a_difference_that_staff_solved_stays_so_while_the_provider_says_the_same(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    provider.lists(success("x-1", 55), merchant="77")
    await _run(core)
    (found,) = await core.differences.open()
    assert (found.reference, found.theirs and found.theirs["merchant"]) == ("x-1", "77")
    assert await core.differences.solve(str(found.id), by="Anna", why="the other shop's")
    assert not await core.differences.solve(str(found.id), by="Anna", why="the other shop's")
    (entry,) = await rows(core, audit)
    assert (entry.by, entry.action, entry.why) == ("Anna", "solve", "the other shop's")
    await _run(core)
    assert await _kinds(core) == []
    provider.lists(success("x-1", 56), merchant="77")
    await _run(core)
    assert await _kinds(core) == ["merchant"]
    for name in ("none", str(new_id())):
        with pytest.raises(UnknownDifference):
            await core.differences.solve(name, by="Anna", why="x")


@ON_SQLITE
async def test_stray_money_is_no_difference_once_staff_have_assigned_it(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    provider.lists(success("x-1", 55, "999"))
    await _run(core)
    assert await _kinds(core) == ["unknown_payment"]
    await core.suspense.assign("x-1", to="100080", by="Anna", why="called")
    report = await _run(core)
    assert (report.found.gone, report.left_open) == (1, 0)


async def test_a_list_that_breaks_off_proves_what_came_and_blames_nothing(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await _lost(core, clock, provider)
    await quote_by_sms(core, 200)
    await says_yes(core)
    clock.shift(LATER)
    provider.breaks_after = 1
    report = await _run(core)
    assert report.incomplete == "status_500"
    assert await _kinds(core) == []
    assert await posted(core, owner) == Money.roubles(300)
    (row,) = await rows(core, reconciliation, day=MONDAY)
    assert (row.state, row.reason) == (ReconciliationState.INCOMPLETE, "status_500")
    provider.breaks_after = None
    assert (await _run(core)).incomplete is None


async def test_yesterday_is_compared_by_the_clock_and_an_unsettled_day_daily(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await _lost(core, clock, provider)
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
    assert len(await _kinds(core)) == 1
    goes_to(clock, core.profile, today(core) + DAY, hour=6)
    while await core.reconciliations.due_once():
        pass
    assert await _kinds(core) == []


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
    owner = await _lost(core, clock, provider)
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
    owner = await _lost(core, clock, provider)
    with monkeypatch.context() as patch:
        patch.setattr(comparisons.Comparison, "theirs", _dies)
        patch.setattr("core.use_cases.reconciliations._Run.let_go", _nothing)
        with pytest.raises(Dies):
            await _run(core)
    with pytest.raises(ReconciliationUnderWay):
        await _run(core)
    clock.shift(timedelta(minutes=11))
    await _run(core)
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


@pytest.fixture
async def asked(settings: Settings, clock: FakeClock) -> AsyncIterator[tuple[Core, FakeProvider]]:
    """A provider without a list: it tells of the payments that it is asked for."""
    provider = FakeProvider(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened, provider
        assert [each for each in await opened.invariants.check() if each.code not in ("I6", "I13")] == []


async def test_without_a_list_each_payment_is_asked_for(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    owner = await _lost(core, clock, provider)
    report = await core.reconciliations.run("fake", MONDAY)
    assert await posted(core, owner) == HUNDRED
    assert (report.found.credited, report.left_open, report.lines) == (1, 0, 1)


async def test_an_answer_that_does_not_come_leaves_the_day_open(
    asked: tuple[Core, FakeProvider], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    for roubles in range(100, 125):
        quote = await quote_by_sms(core, roubles)
        await says_yes(core, code=quote.code)
    clock.shift(LATER)
    usual, first = provider.get_state, (await rows(core, payment))[0].id

    async def silent(charge: Any, reference: str | None) -> Any:
        return Unknown("timeout") if charge.id == first else await usual(charge, reference)

    monkeypatch.setattr(provider, "get_state", silent)
    report = await core.reconciliations.run("fake", MONDAY)
    assert report.incomplete == "1 payments without an answer"
    assert await rows(core, difference) == []
    assert len(await rows(core, register_line)) == 24
    monkeypatch.setattr(provider, "get_state", usual)
    assert (await core.reconciliations.run("fake", MONDAY)).incomplete is None


async def test_a_payment_that_the_provider_does_not_know_any_more_is_told(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    clock.shift(LATER)
    provider.charges.clear()
    await core.reconciliations.run("fake", MONDAY)
    assert await _kinds(core) == ["missing_there"]


async def test_a_second_charge_under_one_key_is_in_the_books_of_both(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    (held,) = provider.charges
    again = replace(success("mobile-again", 100), total=held.charge.total)
    provider.charges.append(replace(held, outcome=again))
    clock.shift(LATER)
    await core.reconciliations.run("fake", MONDAY)
    await core.reconciliations.run("fake", MONDAY)
    assert await _kinds(core) == ["second_success"]
    assert await in_suspense(core) == held.charge.total
