"""Staff's word among callbacks, questions and registers in any order: credited once at most, never lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ids import AccountId, PaymentId
from core.ledger.transfer import clearing
from core.money import ZERO, Money
from core.payments.provider import Succeeded, Unknown
from core.settings import Settings
from core.storage.staff_tables import audit
from core.storage.tables import payment
from core.use_cases.reconciliations import booked
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.autopay_scenes import today
from tests.core.register import ListingProvider
from tests.core.scenes import commission, in_suspense, posted, quote_by_sms, rows, says_yes, summed
from tests.fakes import FakeClock
from tests.properties.conftest import FreshDatabase

HUNDRED, TOTAL = Money.roubles(100), Money.roubles(103)
SHIFTS = [timedelta(seconds=6), timedelta(minutes=6), timedelta(hours=2), timedelta(days=1)]


@dataclass
class World:
    core: Core
    clock: FakeClock
    provider: ListingProvider
    owner: AccountId
    payment_id: PaymentId
    truth: str | None  # the provider's reference, where it has the money


Step = Callable[[World, int], Awaitable[object]]


async def _says_paid(world: World, n: int) -> None:
    reference = world.truth if n % 3 and world.truth is not None else "typed-wrong"
    await _settles(world, reference, dry_run=n % 4 == 3)


async def _says_not_paid(world: World, n: int) -> None:
    await _settles(world, None, dry_run=n % 4 == 3)


async def _settles(world: World, paid: str | None, *, dry_run: bool) -> None:
    with suppress(Refusal):
        await world.core.payment_settling.settle(
            str(world.payment_id), paid=paid, by="Anna", why="told", dry_run=dry_run
        )


async def _calls_back(world: World, n: int) -> None:
    if world.truth is not None:
        said = Succeeded(world.truth, "100080", TOTAL, "RUB")
        body = world.provider.tells(world.payment_id, said)
        await world.core.callbacks.take("fake", body=body, headers={})


async def _asks(world: World, _n: int) -> None:
    await world.core.payments.ask_once(10)


async def _reconciles(world: World, n: int) -> None:
    day = today(world.core) - timedelta(days=n % 2)
    await world.core.reconciliations.run("fake", day)


async def _at_once(world: World, n: int) -> None:
    """Staff, a callback and a question meet."""
    says = _says_paid if n % 2 else _says_not_paid
    await asyncio.gather(says(world, n), _calls_back(world, n), _asks(world, n))


async def _waits(world: World, n: int) -> None:
    world.clock.shift(SHIFTS[n % len(SHIFTS)])


STEPS: list[Step] = [_says_paid, _says_not_paid, _calls_back, _asks, _reconciles, _at_once, _waits, _waits]
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), max_size=10)


@given(has_it=st.booleans(), steps=steps)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_payment_is_credited_once_at_most_and_its_money_never_lost(
    fresh_database: FreshDatabase, has_it: bool, steps: list[tuple[Step, int]]
) -> None:
    with fresh_database() as url, structlog.testing.capture_logs():
        asyncio.run(_play(url, steps, has_it=has_it))


async def _play(url: str, steps: list[tuple[Step, int]], *, has_it: bool) -> None:
    clock = FakeClock()
    provider = ListingProvider(clock)
    options = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(options, clock=clock, wall=clock, providers=[provider]) as core:
        owner = await open_account(core, tariff=None)
        provider.will(Unknown("timeout"), charged=has_it)
        await quote_by_sms(core)
        await says_yes(core)
        (row,) = await rows(core, payment)
        truth = provider.charges[0].outcome.reference if has_it else None
        provider.all_lines()  # its books are of today
        world = World(core, clock, provider, owner, PaymentId(row.id), truth)
        for step, n in steps:
            await step(world, n)
        await _calls_back(world, 0)
        await _prove(world)


async def _prove(world: World) -> None:
    core = world.core
    assert [each for each in await core.invariants.check() if each.code not in ("I6", "I13")] == []
    entries = await rows(core, audit)
    said = [entry for entry in entries if '"paid": "' in entry.facts]
    credit = await posted(core, world.owner)
    assert len(entries) <= 1
    assert credit == (HUNDRED if world.truth is not None or said else ZERO)
    assert await commission(core) == (Money.roubles(3) if credit else ZERO)
    async with core.database.read() as tx:
        brought = await booked(tx, "fake")
    assert set(brought.values()) <= {TOTAL}
    # A success under another reference than staff gave is not spent, and not lost.
    wrong = "typed-wrong" in brought
    assert await in_suspense(core) == (TOTAL if wrong and world.truth is not None else ZERO)
    assert world.truth is None or world.truth in brought
    assert await summed(core, clearing("fake").id) == -Money(TOTAL.kopecks * len(brought))
