"""Payments under any interleaving: every success at the provider is booked once, nothing is charged twice."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.ids import Payer, TopUpId
from core.ledger.transfer import clearing
from core.messages.incoming import Accepted, Arrival
from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import Declined, NotSent, Outcome, Pending, Succeeded, Unknown
from core.settings import Settings
from core.states import Channel, IncomingOutcome, Method, PaymentState, TopUpState
from core.storage.database import Transaction
from core.storage.tables import payment, top_up
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    MTS,
    NUMBER,
    PHONE,
    deliver_all,
    posted,
    quote_by_card,
    rows,
    shown_code,
    summed,
)
from tests.fakes import Dies, FakeClock, FakeProvider
from tests.properties.conftest import FreshDatabase

UNFINISHED = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.UNKNOWN)
SHIFTS = [
    timedelta(seconds=5),
    timedelta(seconds=21),
    timedelta(minutes=1),
    timedelta(minutes=16),
    timedelta(days=1),
]
ANSWERS: list[tuple[Outcome, bool]] = [
    (Declined("insufficient_funds", reference=None), False),
    (NotSent("unreachable"), False),
    (Unknown("timeout"), False),
    (Unknown("timeout"), True),
    (Pending(), False),
]


class Mortal(FakeProvider):
    """Takes its caller down when told to, before or after it has charged."""

    dies: str = ""

    async def start_checkout(self, charge: Charge) -> Outcome:
        return await self._or_die(super().start_checkout, charge)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        return await self._or_die(super().charge_mobile, charge)

    async def _or_die(self, call: Callable[[Charge], Awaitable[Outcome]], charge: Charge) -> Outcome:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Dies
        outcome = await call(charge)
        if dies == "after":
            raise Dies
        return outcome


class World:
    """The product on one database, a provider that outlives it, and callbacks that come when they come."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.provider = Mortal(self.clock)
        self.callbacks: list[bytes] = []
        self.quotes: list[TopUpId] = []
        self.numbers = itertools.count(1)
        self.last_commit: tuple[int, str] | None = None
        self._settings = Settings(_env_file=None, env="test", database_url=url)
        self._stack = AsyncExitStack()
        self.core: Core

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

    async def close(self) -> None:
        await self._stack.aclose()

    async def lives_through(self, step: Awaitable[object]) -> None:
        """Do a step; a death in it starts the product again."""
        try:
            await step
        except* Dies:
            self.last_commit, self.provider.dies = None, ""
            await self._stack.aclose()
            await self.open()


Step = Callable[[World, int], Awaitable[object]]


async def _text(world: World, payer: Payer, roubles: int, *, yes: bool) -> None:
    said = {"yes": yes, "roubles": roubles}
    name = f"text-{next(world.numbers)}"
    for accepted in await world.core.receiving.accept(
        [Arrival(Channel.SMS, "smsc", name, payer.address, said)]
    ):
        await _handle(world.core, accepted)


async def _handle(core: Core, message: Accepted) -> None:
    """What a door's handler does with a text, at the first time and after a death."""
    payer, said = Payer.sms(message.arrival.sender), message.arrival.payload
    amount = Money.roubles(said["roubles"])
    try:
        if said["yes"]:
            code = await shown_code(core, payer)
            await core.top_ups.confirm_open(
                payer, amount=amount, code=code, answering=message.id, vouched=True
            )
        else:
            await core.top_ups.quote(
                payer, number=NUMBER, amount=amount, method=Method.MOBILE, locale="ru",
                answering=message.id, vouched=True,
            )  # fmt: skip
    except Refusal:
        await core.receiving.finish(message.id, silent=IncomingOutcome.NOTHING_OPEN)


async def _quote_by_sms(world: World, n: int) -> None:
    await _text(world, (PHONE, MTS)[n % 2], 100 + n % 3, yes=False)


async def _yes(world: World, n: int) -> None:
    await _text(world, (PHONE, MTS)[n % 2], 100 + n % 3, yes=True)


async def _at_once(times: int, step: Callable[[], Awaitable[object]]) -> None:
    ended = await asyncio.gather(*(step() for _ in range(times)), return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException) and not isinstance(each, Refusal):
            raise each


async def _quote_by_card(world: World, n: int) -> None:
    world.quotes.append((await quote_by_card(world.core, 200 + n)).id)


async def _confirm(world: World, n: int) -> None:
    if world.quotes:
        quote = world.quotes[n % len(world.quotes)]
        await _at_once(1 + n % 3, lambda: world.core.top_ups.confirm(quote, by=CHAT, screen="7"))


async def _answers(world: World, n: int) -> None:
    outcome, charged = ANSWERS[n % len(ANSWERS)]
    world.provider.will(outcome, charged=charged)


async def _pays(world: World, n: int) -> None:
    if world.provider.charges:
        held = world.provider.charges[n % len(world.provider.charges)]
        world.callbacks.append(world.provider.pays(held.charge.id))


async def _declines(world: World, n: int) -> None:
    if world.provider.charges:
        held = world.provider.charges[n % len(world.provider.charges)]
        if not held.succeeded:
            world.callbacks.append(world.provider.declines(held.charge.id))


async def _calls_back(world: World, n: int) -> None:
    if world.callbacks:
        body = world.callbacks[n % len(world.callbacks)]
        await _at_once(1 + n % 2, lambda: world.core.callbacks.take("fake", body=body, headers={}))


async def _works(world: World, _n: int) -> None:
    await world.core.jobs.run_all_once()


async def _waits(world: World, n: int) -> None:
    world.clock.shift(SHIFTS[n % len(SHIFTS)])


async def _will_die_calling(world: World, n: int) -> None:
    world.provider.dies = ("before", "after")[n % 2]


async def _will_die_committing(world: World, n: int) -> None:
    world.last_commit = (1 + n % 4, ("before", "after")[n % 2])


STEPS: list[Step] = [
    _quote_by_sms, _yes, _yes, _quote_by_card, _confirm, _confirm, _answers, _answers, _pays, _pays,
    _declines, _calls_back, _calls_back, _works, _works, _waits, _waits,
    _will_die_calling, _will_die_committing,
]  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 59)), max_size=50)


@given(steps)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_success_is_booked_once_and_nothing_is_charged_twice(
    fresh_database: FreshDatabase, steps: list[tuple[Step, int]]
) -> None:
    with fresh_database() as url:
        asyncio.run(_play(World(url), steps))


async def _play(world: World, steps: list[tuple[Step, int]]) -> None:
    await world.open()
    await open_account(world.core, tariff=None)
    for step, n in steps:
        await world.lives_through(step(world, n))
    await _settle(world)
    await _prove(world)
    await world.close()


async def _settle(world: World) -> None:
    """The provider is well again, its callbacks get through, and time passes."""
    world.provider.dies, world.last_commit = "", None
    world.provider._wished.clear()
    for body in world.callbacks:
        await world.core.callbacks.take("fake", body=body, headers={})
    for _ in range(4):
        for shift in SHIFTS:
            world.clock.shift(shift)
            await world.core.jobs.run_all_once()
            for left in await world.core.receiving.take_abandoned(Channel.SMS, 50):
                await _handle(world.core, left)
    await deliver_all(world.core)


async def _prove(world: World) -> None:
    core, books = world.core, world.provider.charges
    assert await core.invariants.check() == []
    successes = {
        held.outcome.reference: held.outcome.total for held in books if isinstance(held.outcome, Succeeded)
    }
    assert await core.reconciliations.booked("fake") == successes
    assert await summed(core, clearing("fake").id) == -Money(sum(each.kopecks for each in successes.values()))
    assert set(Counter(held.charge.id for held in books).values()) <= {1}
    asked = await rows(core, top_up)
    paid = Money(sum(row.amount for row in asked if row.state == TopUpState.PAID))
    for owner in {row.account_id for row in asked}:
        assert await posted(core, owner) == paid
    assert [row for row in await rows(core, payment) if row.state in UNFINISHED] == []
