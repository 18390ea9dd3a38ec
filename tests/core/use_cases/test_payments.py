"""Payments: every outcome of the provider's port, what is asked again, and what is never charged again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.errors import Refusal
from core.ids import PaymentId
from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import (
    Declined,
    NotSent,
    Outcome,
    Pending,
    Succeeded,
    Unknown,
)
from core.settings import Settings
from core.states import Method, PaymentState, TopUpState
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    card_page,
    commission,
    deliver_all,
    in_suspense,
    posted,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    the_top_up,
    told,
)
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


async def _asks(core: Core, clock: FakeClock, provider: FakeProvider, *waits: timedelta) -> None:
    """The provider is asked once after each wait, and not a second before."""
    for wait in waits:
        before = len(provider.asked)
        clock.shift(wait - SECOND)
        assert await core.payments.ask_once(10) == 0
        clock.shift(SECOND)
        assert await core.payments.ask_once(10) == 1
        assert len(provider.asked) == before + 1


async def _mobile(core: Core) -> Refusal | None:
    quote = await quote_by_sms(core)
    return await says_yes(core, code=quote.code)


async def test_a_declined_mobile_charge_is_told_and_moves_nothing(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    provider.will(Declined("insufficient_funds", reference="m-1"))
    await _mobile(core)
    row = await the_payment(core)
    assert (row.state, row.reason, row.next_at) == (PaymentState.DECLINED, "insufficient_funds", None)
    assert await told(core, PHONE) == ["quoted", "declined"]
    assert await posted(core, owner) == Money(0)
    assert await _mobile(core) is None  # a new quote may be confirmed
    assert await posted(core, owner) == Money(100_00)


@ON_SQLITE
async def test_a_declined_checkout_is_told_on_the_screen(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    provider.will(Declined("unavailable"))
    confirmed = await card_page(core)
    assert (confirmed.state, confirmed.reason) == (PaymentState.DECLINED, "unavailable")
    (said,) = await rows(core, notice)
    assert (said.template, said.edit) == ("declined", "7")


@ON_SQLITE
async def test_a_checkout_may_succeed_at_once(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    provider.will(Succeeded("card-9", "100080", Money(100_00), "RUB", "2200…0004"))
    confirmed = await card_page(core)
    assert confirmed.state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert (await the_payment(core)).card_mask == "2200…0004"
    assert await told(core, CHAT) == ["paid"]


async def test_what_was_not_sent_is_sent_again_and_then_declined(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    for _ in range(3):
        provider.will(NotSent("unreachable"))
    await _mobile(core)
    assert (await the_payment(core)).state == PaymentState.INTENT
    assert await told(core, PHONE) == ["quoted"]
    for _ in range(2):
        assert await core.payments.collect_once(10) == 0
        clock.shift(5 * SECOND)
        assert await core.payments.collect_once(10) == 1
    assert (await the_payment(core)).reason == "unavailable"
    assert await told(core, PHONE) == ["quoted", "declined"]
    assert (len(provider.calls), provider.charges) == (3, [])
    assert await posted(core, owner) == Money(0)


@ON_SQLITE
@pytest.mark.parametrize("trouble", [NotSent("unreachable"), Unknown("timeout")])
async def test_a_checkout_is_started_again_with_its_key_and_told(
    core: Core, clock: FakeClock, provider: FakeProvider, trouble: Outcome
) -> None:
    await open_account(core)
    provider.will(trouble)
    assert (await card_page(core)).state == PaymentState.INTENT
    clock.shift(5 * SECOND)
    await core.payments.collect_once(10)
    assert len({charge.id for charge in provider.calls}) == 1
    assert await told(core, CHAT) == ["checkout_ready"]
    assert (await the_payment(core)).state == PaymentState.PENDING


async def test_an_unknown_mobile_charge_is_asked_about_and_never_repeated(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await _mobile(core)
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    assert await told(core, PHONE) == ["quoted", "pending"]
    await _asks(core, clock, provider, 5 * SECOND)
    assert await posted(core, owner) == Money(100_00)
    assert await commission(core) == Money(3_00)
    clock.shift(30 * DAY)
    assert await core.payments.ask_once(10) == await core.payments.collect_once(10) == 0
    assert (len(provider.calls), len(provider.asked)) == (1, 1)
    assert await told(core, PHONE) == ["quoted", "pending", "paid"]


@ON_SQLITE
async def test_a_charge_that_stays_unknown_is_asked_about_ever_more_rarely(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    provider.will(Pending("m-1"))
    await _mobile(core)
    daily = [DAY] * 5
    await _asks(core, clock, provider, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, *daily, DAY, DAY)
    assert (await the_payment(core)).state == PaymentState.PENDING
    assert len(provider.calls) == 1
    assert await told(core, PHONE) == ["quoted", "pending"]


@ON_SQLITE
@pytest.mark.parametrize("tries_before", [0, 1, 2])
async def test_a_charge_that_never_arrived_is_declined_after_three_asks(
    core: Core, clock: FakeClock, provider: FakeProvider, tries_before: int
) -> None:
    await open_account(core)
    for _ in range(tries_before):
        provider.will(NotSent("unreachable"))
    provider.will(Unknown("timeout"))
    await _mobile(core)
    for _ in range(tries_before):
        clock.shift(5 * SECOND)
        await core.payments.collect_once(10)
    await _asks(core, clock, provider, 5 * SECOND, 30 * SECOND)
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    await _asks(core, clock, provider, 5 * MINUTE)
    assert (await the_payment(core)).reason == "unavailable"
    assert await told(core, PHONE) == ["quoted", "pending", "declined"]
    assert len(provider.calls) == tries_before + 1


class Mute(FakeProvider):
    """Does not tell the state of anything."""

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        self.asked.append(charge.id)
        return Unknown("status_500")


@ON_SQLITE
async def test_a_provider_that_does_not_tell_decides_nothing(settings: Settings, clock: FakeClock) -> None:
    mute = Mute(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[mute]) as core:
        await open_account(core)
        mute.will(Unknown("timeout"))
        await _mobile(core)
        await _asks(core, clock, mute, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, DAY)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        page = await card_page(core)
        await _asks(core, clock, mute, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR)
        (card,) = await rows(core, payment, method=Method.CARD)
        assert (page.state, card.state) == (PaymentState.PENDING, PaymentState.PENDING)


@ON_SQLITE
async def test_a_mobile_charge_that_is_refused_later_is_told(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    provider.will(Pending("m-1"))
    await _mobile(core)
    provider.declines(provider.calls[0].id)  # and its callback is lost
    await _asks(core, clock, provider, 5 * SECOND)
    assert (await the_payment(core)).reason == "insufficient_funds"
    assert await told(core, PHONE) == ["quoted", "pending", "declined"]


async def test_a_card_page_that_nobody_finished_is_closed_in_silence(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    await _asks(core, clock, provider, MINUTE, 5 * MINUTE, 30 * MINUTE)
    assert (await the_payment(core)).state == PaymentState.PENDING
    await _asks(core, clock, provider, HOUR)
    assert (await the_payment(core)).reason == "abandoned"
    assert await told(core, CHAT) == []
    # And yet somebody did: a month later the money is credited.
    clock.shift(30 * DAY)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[0].id), headers={})
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    (said,) = await rows(core, notice)
    assert (said.template, said.params["late"]) == ("paid", True)


@ON_SQLITE
async def test_a_card_that_was_refused_leaves_the_page_open_for_another(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    provider.declines(provider.calls[0].id)
    await _asks(core, clock, provider, MINUTE)
    assert (await the_payment(core)).state == PaymentState.PENDING
    provider.pays(provider.calls[0].id)  # by another card; its callback is lost
    await _asks(core, clock, provider, 5 * MINUTE)
    assert await posted(core, owner) == Money(100_00)


@ON_SQLITE
async def test_a_second_charge_under_one_key_goes_to_suspense(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await _mobile(core)
    await provider.charge_mobile(provider.calls[0])  # the provider charged twice by itself
    await _asks(core, clock, provider, 5 * SECOND)
    assert await posted(core, owner) == Money(100_00)
    assert await in_suspense(core) == Money(103_00)
    states = {row.reason: row.state for row in await rows(core, payment)}
    assert states["second success"] == PaymentState.HELD
    assert await told(core, PHONE) == ["quoted", "pending", "paid"]


class Careless(FakeProvider):
    """Answers with what does not fit the charge."""

    def __init__(self, clock: FakeClock, **wrong: object) -> None:
        super().__init__(clock)
        self.wrong = wrong

    async def charge_mobile(self, charge: Charge) -> Outcome:
        outcome = await super().charge_mobile(charge)
        assert isinstance(outcome, Succeeded)
        outcome = replace(outcome, **self.wrong)  # type: ignore[arg-type]  # any field, as the case says
        self.charges[-1].outcome = outcome
        return outcome


@ON_SQLITE
@pytest.mark.parametrize("wrong", [{"total": Money(100_00)}, {"number": "100081"}])
async def test_a_success_that_does_not_fit_is_held_in_suspense(
    settings: Settings, clock: FakeClock, wrong: dict[str, object]
) -> None:
    careless = Careless(clock, **wrong)
    async with open_core(settings, clock=clock, wall=clock, providers=[careless]) as core:
        owner, other = await open_account(core), await open_account(core, "100081")
        await _mobile(core)
        row = await the_payment(core)
        assert row.state == PaymentState.HELD
        assert await posted(core, owner) == await posted(core, other) == Money(0)
        assert await in_suspense(core) == wrong.get("total", Money(103_00))
        assert await told(core, PHONE) == ["quoted", "held"]
        assert (await the_top_up(core, row.top_up_id)).state == TopUpState.UNKNOWN
        await deliver_all(core)
        clock.shift(HOUR)
        assert await core.invariants.check() == []


@ON_SQLITE
async def test_a_success_in_another_currency_is_booked_nowhere_and_stays_open(
    settings: Settings, clock: FakeClock
) -> None:
    careless = Careless(clock, currency="USD")
    async with open_core(settings, clock=clock, wall=clock, providers=[careless]) as core:
        owner = await open_account(core)
        await _mobile(core)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        await _asks(core, clock, careless, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, DAY)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        assert await posted(core, owner) == await in_suspense(core) == Money(0)
        assert len(careless.calls) == 1


@ON_SQLITE
async def test_a_page_that_was_paid_in_another_currency_is_not_called_abandoned(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    await card_page(core)
    provider.pays(provider.calls[0].id)
    (held,) = provider.charges
    assert isinstance(held.outcome, Succeeded)
    held.outcome = replace(held.outcome, currency="USD")
    await _asks(core, clock, provider, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, HOUR)
    assert (await the_payment(core)).state == PaymentState.PENDING


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


class Dies(BaseException):
    """The process is gone."""


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
            await _asks(core, clock, alive, 5 * SECOND)
        else:
            await _asks(core, clock, alive, 5 * SECOND, 30 * SECOND, 5 * MINUTE)
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
