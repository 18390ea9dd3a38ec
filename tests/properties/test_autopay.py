"""Autopay under any interleaving: a period is charged at most once, every success is booked once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from core.errors import Refusal
from core.ids import AccountId
from core.ledger.transfer import clearing
from core.money import Money
from core.payments.provider import Declined, NotSent, Outcome, Pending, Succeeded, Unknown
from core.settings import Settings
from core.states import LIVE_MANDATE, PaymentState, RefundState
from core.storage.autopay_tables import card, mandate, mandate_charge, refund
from core.storage.database import Transaction
from core.storage.tables import payment
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Monthly, Period
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    CARD_KEY,
    CONSENT,
    DAY,
    goes_to,
    linked_account,
    pay_and_save,
    today,
    work,
)
from tests.core.scenes import CHAT, deliver_all, posted, rows, summed
from tests.fakes import Dies, FakeClock
from tests.properties.conftest import FreshDatabase
from tests.properties.desk import Desk

UNFINISHED = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.UNKNOWN, PaymentState.PENDING)
SHIFTS = [timedelta(seconds=6), timedelta(seconds=31), timedelta(minutes=6), timedelta(hours=2)]
ANSWERS: list[tuple[Outcome, bool]] = [
    (Declined("insufficient_funds"), False),
    (Declined("card_expired", hard=True), False),
    (NotSent("unreachable"), False),
    (Unknown("timeout"), False),
    (Unknown("timeout"), True),
    (Pending(), False),
]
PERIODS: list[Period] = [EveryDays(7), EveryDays(30), Monthly(31), Monthly(1)]


class World:
    """The product on one database, a provider that outlives it, and callbacks that come when they come."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.provider = Desk(self.clock)
        self.callbacks: list[bytes] = []
        self.last_commit: tuple[int, str] | None = None
        self.owner: AccountId
        self.core: Core
        self._settings = Settings(_env_file=None, env="test", database_url=url, card_key=SecretStr(CARD_KEY))
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        self.core = await self._stack.enter_async_context(
            open_core(self._settings, clock=self.clock, wall=self.clock, providers=[self.provider])
        )
        lasting = self.core.database.transaction

        @asynccontextmanager
        async def transaction() -> AsyncIterator[Transaction]:
            left, when = self.last_commit or (0, "")
            self.last_commit = (left - 1, when) if left > 1 else None
            async with lasting() as tx:
                yield tx
                if (left, when) == (1, "before"):
                    raise Dies
            if (left, when) == (1, "after"):
                raise Dies

        self.core.database.transaction = transaction  # type: ignore[method-assign]  # commits that kill
        self.provider.forbidden = self._ended

    async def _ended(self) -> set[UUID]:
        """Payments that may not be called any more: their mandate or card has ended, by a commit."""
        cards = {row.id for row in await rows(self.core, card) if row.revoked_at is not None}
        gone = {row.id for row in await rows(self.core, mandate) if row.state not in LIVE_MANDATE}
        of = {row.payment_id: row.mandate_id for row in await rows(self.core, mandate_charge)}
        return {
            row.id for row in await rows(self.core, payment) if row.card_id in cards or of.get(row.id) in gone
        }

    async def close(self) -> None:
        await self._stack.aclose()

    async def lives_through(self, step: Awaitable[object]) -> None:
        """Do a step; a refusal changes nothing, a death starts the product again."""
        try:
            await step
        except* Refusal:
            pass
        except* Dies:
            self.last_commit, self.provider.dies = None, ""
            await self._stack.aclose()
            await self.open()


Step = Callable[[World, int], Awaitable[object]]


async def _saves(world: World, n: int) -> None:
    world.provider._wished.clear()
    await pay_and_save(world.core, world.provider, 100 + n)


async def _connects(world: World, n: int) -> None:
    terms = Terms(Money.roubles(100 + n), PERIODS[n % len(PERIODS)])
    await world.core.autopay.connect(CHAT, world.owner, terms, consent=CONSENT)


async def _changes(world: World, n: int) -> None:
    state = await world.core.autopay.state(CHAT, world.owner)
    cards = await world.core.cards.of(CHAT)
    if state is not None:
        terms = replace(state.terms, amount=Money.roubles(150 + n), period=PERIODS[n % len(PERIODS)])
        if cards and n % 2:
            terms = replace(terms, card_id=cards[n % len(cards)].id)
        await world.core.autopay.change(CHAT, world.owner, terms, consent=CONSENT)


async def _pauses(world: World, _n: int) -> None:
    await world.core.autopay.pause(CHAT, world.owner)


async def _resumes(world: World, _n: int) -> None:
    await world.core.autopay.resume(CHAT, world.owner)


async def _skips(world: World, _n: int) -> None:
    state = await world.core.autopay.state(CHAT, world.owner)
    if state is not None and state.next_on is not None:
        await world.core.autopay.skip(CHAT, state.mandate_id, state.next_on)


async def _deletes(world: World, _n: int) -> None:
    await world.core.autopay.delete(CHAT, world.owner)


async def _unlinks(world: World, n: int) -> None:
    if cards := await world.core.cards.of(CHAT):
        await world.core.cards.unlink(CHAT, cards[n % len(cards)].id)


async def _answers(world: World, n: int) -> None:
    outcome, charged = ANSWERS[n % len(ANSWERS)]
    world.provider.will(outcome, charged=charged)


async def _pays(world: World, n: int) -> None:
    """Late, or after a decline that was told: a success all the same."""
    if world.provider.charges:
        held = world.provider.charges[n % len(world.provider.charges)]
        if not held.succeeded:
            world.callbacks.append(world.provider.pays(held.charge.id))


async def _declines(world: World, n: int) -> None:
    if world.provider.charges:
        held = world.provider.charges[n % len(world.provider.charges)]
        if isinstance(held.outcome, Pending):
            world.callbacks.append(world.provider.declines(held.charge.id))


async def _calls_back(world: World, n: int) -> None:
    if world.callbacks:
        body = world.callbacks[n % len(world.callbacks)]
        calls = (world.core.callbacks.take("fake", body=body, headers={}) for _ in range(1 + n % 2))
        for ended in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended


async def _works(world: World, _n: int) -> None:
    await world.core.jobs.run_all_once()


async def _waits(world: World, n: int) -> None:
    world.clock.shift(SHIFTS[n % len(SHIFTS)])


async def _days_pass(world: World, n: int) -> None:
    """Each at 10:00, with its work."""
    for _ in range(1 + n % 8):
        goes_to(world.clock, world.core.profile, today(world.core) + timedelta(days=1))
        await world.core.jobs.run_all_once()
        await world.core.jobs.run_all_once()


async def _is_away(world: World, n: int) -> None:
    world.clock.shift(timedelta(days=1 + n % 40))


async def _will_die_calling(world: World, n: int) -> None:
    world.provider.dies = ("before", "after")[n % 2]


async def _will_die_committing(world: World, n: int) -> None:
    world.last_commit = (1 + n % 6, ("before", "after")[n % 2])


STEPS: list[Step] = [
    _saves, _connects, _connects, _changes, _pauses, _resumes, _resumes, _skips, _deletes, _unlinks,
    _answers, _answers, _answers, _pays, _pays, _declines, _calls_back, _calls_back, _works, _works,
    _waits, _waits, _days_pass, _days_pass, _days_pass, _is_away, _will_die_calling, _will_die_committing,
]  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 59)), max_size=40)


@given(steps)
# The bank's "no" and then, after the retry has paid or before it is due, a success of the first attempt.
@example([(_answers, 0), (_days_pass, 7), (_pays, 1), (_calls_back, 0)])
@example([(_answers, 0), (_days_pass, 6), (_pays, 1), (_calls_back, 1), (_days_pass, 1)])
# A charge whose answer was lost, deleted and unlinked before anybody asks.
@example([(_answers, 4), (_days_pass, 6), (_deletes, 0), (_unlinks, 0)])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_period_is_charged_once_and_every_success_is_booked_once(
    fresh_database: FreshDatabase, steps: list[tuple[Step, int]]
) -> None:
    with fresh_database() as url:
        asyncio.run(_play(World(url), steps))


async def _play(world: World, steps: list[tuple[Step, int]]) -> None:
    await world.open()
    world.owner = await linked_account(world.core)
    await _saves(world, 0)
    await _connects(world, 0)
    for step, n in steps:
        await world.lives_through(step(world, n))
    await _settle(world)
    await _prove(world)
    await world.close()


async def _settle(world: World) -> None:
    """The provider is well again, all that is pending there is decided and told, and time passes."""
    world.provider.dies, world.last_commit = "", None
    world.provider._wished.clear()
    for held in list(world.provider.charges):
        if isinstance(held.outcome, Pending):
            world.callbacks.append(world.provider.declines(held.charge.id))
    for body in world.callbacks:
        await world.core.callbacks.take("fake", body=body, headers={})
    for _ in range(6):
        for shift in SHIFTS:
            world.clock.shift(shift)
            await world.core.jobs.run_all_once()
    # By night nothing quiet is sent.
    goes_to(world.clock, world.core.profile, today(world.core) + DAY, hour=12)
    await work(world.core)
    await deliver_all(world.core)


async def _prove(world: World) -> None:
    core, books = world.core, world.provider.charges
    assert await core.invariants.check() == []
    assert world.provider.broken == []
    successes = {
        held.outcome.reference: held.outcome.total for held in books if isinstance(held.outcome, Succeeded)
    }
    booked = await core.reconciliations.booked("fake")
    assert booked == successes
    assert set(Counter(held.charge.id for held in books).values()) <= {1}
    await _prove_periods(world)
    given = [row for row in await rows(core, refund) if row.state == RefundState.DONE]
    assert len(given) == len(world.provider.refunds)
    back = Money(sum(row.amount for row in given))
    taken = Money(sum(each.kopecks for each in successes.values()))
    assert await summed(core, clearing("fake").id) == back - taken
    credited = [row.total for row in await rows(core, payment, state=PaymentState.SUCCEEDED)]
    assert await posted(core, world.owner) == Money(sum(credited)) - back
    assert [row for row in await rows(core, payment) if row.state in UNFINISHED] == []


async def _prove_periods(world: World) -> None:
    """A new attempt is made only after the one before was refused, and none after a success."""
    charged = {held.charge.id for held in world.provider.charges}
    periods = defaultdict(list)
    for row in await rows(world.core, mandate_charge):
        periods[row.mandate_id, row.period].append(row)
    for attempts in periods.values():
        attempts.sort(key=lambda row: row.attempt)
        assert [row.attempt for row in attempts] == list(range(1, len(attempts) + 1))
        assert sum(row.state == "paid" for row in attempts) <= 1
        assert all(row.state != "held" or row.payment_id in charged for row in attempts)
