"""Payments collected from a process that died or was late: each in one pair of hands; trouble stays alone."""

import asyncio

import pytest
from sqlalchemy import update

from core.ids import PaymentId
from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import NotSent, Outcome
from core.settings import Settings
from core.states import PaymentState
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.payment_scenes import DAY, MINUTE, SECOND, asks
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    card_page,
    posted,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    told,
)
from tests.deadlines import until
from tests.fakes import Dies, FakeClock, FakeProvider


class Slow(FakeProvider):
    """Its first answer takes longer than a lease, and says that nothing was sent."""

    answer: asyncio.Event

    async def start_checkout(self, charge: Charge) -> Outcome:
        if not self.calls:
            self.calls.append(charge)
            await self.answer.wait()
            return NotSent("unreachable")
        return await super().start_checkout(charge)


async def test_who_lost_the_lease_puts_nothing_back(settings: Settings, clock: FakeClock) -> None:
    slow = Slow(clock)
    slow.answer = asyncio.Event()
    async with processes(settings, clock, slow, count=2) as (one, other):
        await open_account(one)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(card_page(one))
            await until(lambda: slow.calls)
            clock.shift(21 * SECOND)
            assert await other.payments.collect_once(10) == 1
            slow.answer.set()
        assert (await the_payment(one)).state == PaymentState.PENDING
        assert len(slow.calls) == 2


class Deadly(FakeProvider):
    """Kills its caller: before or after the money is taken."""

    after = False

    async def start_checkout(self, charge: Charge) -> Outcome:
        if self.after:
            await super().start_checkout(charge)
        raise Dies

    async def charge_mobile(self, charge: Charge) -> Outcome:
        if self.after:
            await super().charge_mobile(charge)
        raise Dies


@pytest.mark.parametrize("after", [False, True])
async def test_a_death_in_a_mobile_charge_is_asked_about(
    settings: Settings, clock: FakeClock, *, after: bool
) -> None:
    deadly, alive = Deadly(clock), FakeProvider(clock)
    deadly.after = after
    async with open_core(settings, clock=clock, wall=clock, providers=[deadly]) as core:
        owner = await open_account(core)
        await quote_by_sms(core)
        with pytest.raises(Dies):
            await says_yes(core)
        assert (await the_payment(core)).state == PaymentState.SENDING
    alive.charges = deadly.charges
    async with open_core(settings, clock=clock, wall=clock, providers=[alive]) as core:
        assert await core.payments.collect_once(10) == 0  # the lease still runs
        clock.shift(21 * SECOND)
        assert await core.payments.collect_once(10) == 0
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        if after:
            await asks(core, clock, alive, 5 * SECOND)
        else:
            await asks(core, clock, alive, 5 * SECOND, 30 * SECOND, 5 * MINUTE)
        assert (await the_payment(core)).state == (PaymentState.SUCCEEDED if after else PaymentState.DECLINED)
        assert await posted(core, owner) == Money(100_00 if after else 0)
        assert alive.calls == []  # never charged anew


@ON_SQLITE
@pytest.mark.parametrize("after", [False, True])
async def test_a_death_in_a_checkout_is_repeated_with_its_key(
    settings: Settings, clock: FakeClock, *, after: bool
) -> None:
    deadly, alive = Deadly(clock), FakeProvider(clock)
    deadly.after = after
    async with open_core(settings, clock=clock, wall=clock, providers=[deadly]) as core:
        await open_account(core)
        quote = await quote_by_card(core)
        with pytest.raises(Dies):
            await core.top_ups.confirm(quote.id, by=CHAT, screen="7")
    alive.charges = deadly.charges
    async with open_core(settings, clock=clock, wall=clock, providers=[alive]) as core:
        clock.shift(21 * SECOND)
        assert await core.payments.collect_once(10) == 1
        row = await the_payment(core)
        assert (row.state, len(alive.charges)) == (PaymentState.PENDING, 1)
        assert [charge.id for charge in alive.calls] == [row.id]
        assert await told(core, CHAT) == ["checkout_ready"]


@pytest.mark.parametrize("by_card", [False, True])
async def test_an_intent_whose_process_died_is_collected_by_the_jobs(
    core: Core, clock: FakeClock, provider: FakeProvider, *, by_card: bool
) -> None:
    def dies(_topics: set[str]) -> None:
        raise Dies

    await open_account(core)
    quote = await (quote_by_card(core) if by_card else quote_by_sms(core))
    core.database.on_commit = dies  # right behind the confirmation's commit
    with pytest.raises(Dies):
        await (core.top_ups.confirm(quote.id, by=CHAT, screen="7") if by_card else says_yes(core))
    core.database.on_commit = lambda topics: None
    assert await core.payments.collect_once(10) == 0  # the confirming process has ten seconds
    clock.shift(10 * SECOND)
    assert await core.payments.collect_once(10) == 1
    assert len(provider.calls) == 1
    assert await told(core, CHAT if by_card else PHONE) == (
        ["checkout_ready"] if by_card else ["quoted", "paid"]
    )


@ON_POSTGRES
async def test_two_processes_collect_and_ask_each_payment_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    for _ in range(12):
        provider.will(NotSent("unreachable"))
        await card_page(core)
    calls = len(provider.calls)
    clock.shift(5 * SECOND)
    async with processes(settings, clock, provider, count=2) as cores:
        done = await asyncio.gather(*(each.payments.collect_once(5) for each in cores * 2))
        assert sum(done) == 12
        assert len(provider.calls) == calls + 12
        clock.shift(MINUTE)
        asked = await asyncio.gather(*(each.payments.ask_once(5) for each in cores * 2))
        assert sum(asked) == len(provider.asked) == len(set(provider.asked)) == 12


class Moody(FakeProvider):
    """Breaks its promise never to raise, for one payment."""

    breaks_on: PaymentId | None = None

    async def start_checkout(self, charge: Charge) -> Outcome:
        if charge.id == self.breaks_on:
            raise ValueError("a fault in the adapter")
        return await super().start_checkout(charge)


@ON_SQLITE
async def test_trouble_with_one_payment_stops_no_other(settings: Settings, clock: FakeClock) -> None:
    moody = Moody(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[moody]) as core:
        await open_account(core)
        for _ in range(3):
            moody.will(NotSent("unreachable"))
            await card_page(core)
        moody.breaks_on = moody.calls[0].id
        clock.shift(5 * SECOND)
        with pytest.raises(ExceptionGroup, match="payments"):
            await core.payments.collect_once(10)
        states = [row.state for row in await rows(core, payment)]
        assert states == [PaymentState.SENDING, PaymentState.PENDING, PaymentState.PENDING]


@ON_SQLITE
async def test_payments_of_a_provider_that_is_gone_wait_and_stop_no_other(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    left = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.PENDING)
    for state in left:
        confirmed = await card_page(core)
        async with core.database.transaction() as tx:
            await tx.execute(
                update(payment)
                .where(payment.c.top_up_id == confirmed.quote.id)
                .values(provider="gone", state=state, lease_until=clock.now(), next_at=clock.now())
            )
    clock.shift(DAY)
    assert await core.payments.collect_once(10) == await core.payments.ask_once(10) == 0
    assert [row.state for row in await rows(core, payment)] == list(left)
    assert (await card_page(core)).state == PaymentState.PENDING
