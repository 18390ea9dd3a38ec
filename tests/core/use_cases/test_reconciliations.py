"""Reconciliation: what a provider lists and we lack is booked once; what differs waits for staff."""

from dataclasses import dataclass, replace

import pytest

from core.errors import UnknownDifference
from core.ids import new_id
from core.money import ZERO, Money
from core.payments.provider import Refunded, Succeeded
from core.states import DifferenceState
from core.storage.staff_tables import audit, difference
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import work
from tests.core.reconciliation_scenes import HUNDRED, LATER, compared, kinds, lost
from tests.core.register import ListingProvider, listing, success
from tests.core.scenes import (
    CHAT,
    ON_SQLITE,
    card_page,
    in_suspense,
    posted,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    told,
)
from tests.fakes import FakeClock

provider = listing


async def test_an_abandoned_page_that_was_paid_is_credited(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await lost(core, clock, provider)
    report = await compared(core)
    assert await posted(core, owner) == HUNDRED
    assert (report.found.credited, report.found.opened, report.left_open) == (1, 0, 0)
    assert await kinds(core, DifferenceState.GONE) == ["missing_here"]
    assert "paid" in await told(core, CHAT)
    again = await compared(core)
    assert (again.found.credited, again.found.opened) == (0, 0)
    assert await posted(core, owner) == HUNDRED


async def test_what_agrees_is_no_difference(core: Core, clock: FakeClock, provider: ListingProvider) -> None:
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    clock.shift(LATER)
    report = await compared(core)
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
    first, again = await compared(core), await compared(core)
    assert await kinds(core) == [case.kind]
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
    assert (await compared(core)).left_open == 1
    assert await kinds(core) == ["missing_there"]
    provider.left_out.clear()
    report = await compared(core)
    assert (report.left_open, report.found.gone) == (0, 1)
    provider.left_out.add(row.provider_ref)
    assert (await compared(core)).left_open == 0, "the mirror remembers what it has seen"


@ON_SQLITE
async def test_what_was_booked_a_moment_ago_may_be_missing_there(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    provider.left_out.add((await the_payment(core)).provider_ref)
    assert (await compared(core)).left_open == 0


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
    await compared(core)
    assert await posted(core, owner) == Money.roubles(70)
    assert await kinds(core, DifferenceState.GONE) == ["refund_missing_here"]
    assert await kinds(core) == ["refund_missing_here"]
    await core.refunds.refund(row.id, Money.roubles(20), why="wrong payment", by="staff")
    await work(core, rounds=1)
    (ours,) = provider.refunds
    provider.left_out.add(ours)
    clock.shift(LATER)
    await compared(core)
    assert sorted(await kinds(core)) == ["refund_missing_here", "refund_missing_there"]
    provider.left_out.clear()
    await compared(core)
    assert await kinds(core) == ["refund_missing_here"]
    assert await posted(core, owner) == Money.roubles(50)


@ON_SQLITE
async def test_a_refund_of_a_payment_that_the_same_list_brings_is_booked(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    owner = await lost(core, clock, provider)
    row = await the_payment(core)
    provider.lists(Refunded("r-1", row.provider_ref, Money.roubles(30), "RUB"))
    report = await compared(core)
    assert await posted(core, owner) == Money.roubles(70)
    assert (report.found.credited, report.left_open) == (2, 0)


@ON_SQLITE
async def test_a_difference_that_staff_solved_stays_so_while_the_provider_says_the_same(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    provider.lists(success("x-1", 55), merchant="77")
    await compared(core)
    (found,) = await core.differences.open()
    assert (found.reference, found.theirs and found.theirs["merchant"]) == ("x-1", "77")
    assert await core.differences.solve(str(found.id), by="Anna", why="the other shop's")
    assert not await core.differences.solve(str(found.id), by="Anna", why="the other shop's")
    (entry,) = await rows(core, audit)
    assert (entry.by, entry.action, entry.why) == ("Anna", "solve", "the other shop's")
    await compared(core)
    assert await kinds(core) == []
    provider.lists(success("x-1", 56), merchant="77")
    await compared(core)
    assert await kinds(core) == ["merchant"]
    for name in ("none", str(new_id())):
        with pytest.raises(UnknownDifference):
            await core.differences.solve(name, by="Anna", why="x")


@ON_SQLITE
async def test_stray_money_is_no_difference_once_staff_have_assigned_it(
    core: Core, clock: FakeClock, provider: ListingProvider
) -> None:
    await open_account(core, tariff=None)
    provider.lists(success("x-1", 55, "999"))
    await compared(core)
    assert await kinds(core) == ["unknown_payment"]
    await core.suspense.assign("x-1", to="100080", by="Anna", why="called")
    report = await compared(core)
    assert (report.found.gone, report.left_open) == (1, 0)
