"""Reconciliation under any split, order, break and repetition of the register: the same books."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import AccountId
from core.ledger.transfer import clearing
from core.money import Money
from core.payments.provider import Refunded, RegisterLine, RegisterUnavailable
from core.settings import Settings
from core.states import DifferenceState, Method
from core.storage.staff_tables import difference
from core.storage.tables import payment
from core.use_cases import comparisons, register_sources
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.register import ListingProvider, success
from tests.core.scenes import card_page, in_suspense, posted, rows, summed
from tests.fakes import FakeClock
from tests.properties.conftest import FreshDatabase

MONDAY = date(2026, 4, 27)
LATER = timedelta(minutes=20)


class Shuffled(ListingProvider):
    """Lists its lines in a given order, and breaks off where it is told to."""

    order: Sequence[int] = ()

    async def register(self, since: datetime, until: datetime) -> AsyncIterator[RegisterLine]:
        lines = self.all_lines()
        ranked = sorted(
            range(len(lines)), key=lambda n: (self.order[n % len(self.order)] if self.order else n, n)
        )
        for place, n in enumerate(ranked):
            if place == self.breaks_after:
                raise RegisterUnavailable("status_500")
            yield lines[n]
        if self.breaks_after is not None:
            raise RegisterUnavailable("status_500")


@dataclass(frozen=True)
class Day:
    """What came to pass: card pages (paid? callback lost?), strays, the provider's refunds (of, roubles)."""

    pages: list[tuple[bool, bool]]
    strays: list[int]
    refunds: list[tuple[int, int]]


@dataclass(frozen=True)
class Reading:
    """One reading of the register: how it is cut, ordered and broken off; `callbacks` that come before it."""

    page: int
    order: list[int]
    breaks_after: int | None
    callbacks: list[int]


days = st.builds(
    Day,
    pages=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=5),
    strays=st.lists(st.integers(10, 90), max_size=2),
    refunds=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 40)), max_size=3),
)
readings = st.lists(
    st.builds(
        Reading,
        page=st.integers(1, 4),
        order=st.lists(st.integers(0, 9), min_size=1, max_size=9),
        breaks_after=st.none() | st.integers(0, 8),
        callbacks=st.lists(st.integers(0, 4), max_size=2),
    ),
    max_size=3,
)


@given(days, readings)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_books_are_the_same_however_the_register_is_read(
    fresh_database: FreshDatabase, day: Day, readings: list[Reading]
) -> None:
    with fresh_database() as url, pytest.MonkeyPatch.context() as patch:
        asyncio.run(_play(url, day, readings, patch))


async def _play(url: str, day: Day, readings: list[Reading], patch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    provider = Shuffled(clock)
    options = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(options, clock=clock, wall=clock, providers=[provider]) as core:
        owner = await open_account(core, tariff=None)
        told = await _live(core, provider, day)
        for reading in [*readings, Reading(3, [], None, []), Reading(2, [5, 1], None, list(range(5)))]:
            clock.shift(LATER)
            for n in reading.callbacks:
                if told:
                    await core.callbacks.take("fake", body=told[n % len(told)], headers={})
            patch.setattr(register_sources, "PAGE", reading.page)
            patch.setattr(comparisons, "PAGE", reading.page)
            provider.order, provider.breaks_after = reading.order, reading.breaks_after
            await core.reconciliations.run("fake", MONDAY)
        await _prove(core, provider, day, owner)


async def _live(core: Core, provider: Shuffled, day: Day) -> list[bytes]:
    """The day at the provider; the callbacks that are on their way, some of them lost for good."""
    told = []
    for number, (paid, lost) in enumerate(day.pages):
        await card_page(core, 100 + number)
        if paid:
            body = provider.pays((await rows(core, payment))[-1].id)
            told += [] if lost else [body]
    for number, roubles in enumerate(day.strays):
        provider.lists(success(f"stray-{number}", roubles, "999"))
    taken = [held.outcome.reference for held in provider.charges if held.succeeded]
    for number, (of, roubles) in enumerate(day.refunds):
        if taken:
            said = Refunded(f"back-{number}", str(taken[of % len(taken)]), Money.roubles(roubles), "RUB")
            provider.lists(said)
            told.append(provider.tells(None, said, method=Method.CARD))
    return told


async def _prove(core: Core, provider: Shuffled, day: Day, owner: AccountId) -> None:
    lines = provider.all_lines()
    back = sum(line.money.amount.kopecks for line in lines if isinstance(line.money, Refunded))
    paid = sum(held.charge.total.kopecks for held in provider.charges if held.succeeded)
    strays = sum(day.strays) * 100
    # A page takes 100 roubles or more: too much was given back only where 40 + 40 + 40 were of one.
    refused = [row for row in await rows(core, difference) if row.kind.startswith("refund_missing")]
    left_out = sum(row.theirs["total"] for row in refused if row.state == DifferenceState.OPEN)
    assert await posted(core, owner) == Money(paid - back + left_out)
    assert await in_suspense(core) == Money(strays)
    assert await summed(core, clearing("fake").id) == Money(back - left_out - paid - strays)
    open_ones = [row.kind.value for row in await rows(core, difference, state=DifferenceState.OPEN)]
    assert open_ones.count("unknown_payment") == len(day.strays)
    assert set(open_ones) <= {"unknown_payment", "refund_missing_here"}
    broken = await core.invariants.check()
    assert [each for each in broken if each.code not in ("I6", "I13")] == []
