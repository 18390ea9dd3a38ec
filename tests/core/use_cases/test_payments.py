"""Payments: what each answer of the provider's port makes of one, and where what does not fit goes."""

from dataclasses import replace

import pytest

from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import Declined, NotSent, Outcome, Succeeded, Unknown
from core.settings import Settings
from core.states import PaymentState, TopUpState
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.payment_scenes import DAY, HOUR, MINUTE, SECOND, asks, charged_mobile
from tests.core.scenes import (
    CHAT,
    ON_SQLITE,
    PHONE,
    card_page,
    deliver_all,
    in_suspense,
    posted,
    rows,
    the_payment,
    the_top_up,
    told,
)
from tests.fakes import FakeClock, FakeProvider


async def test_a_declined_mobile_charge_is_told_and_moves_nothing(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    provider.will(Declined("insufficient_funds", reference="m-1"))
    await charged_mobile(core)
    row = await the_payment(core)
    assert (row.state, row.reason, row.next_at) == (PaymentState.DECLINED, "insufficient_funds", None)
    assert await told(core, PHONE) == ["quoted", "declined"]
    assert await posted(core, owner) == Money(0)
    assert await charged_mobile(core) is None  # a new quote may be confirmed
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
    await charged_mobile(core)
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


@ON_SQLITE
async def test_a_second_charge_under_one_key_goes_to_suspense(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await charged_mobile(core)
    await provider.charge_mobile(provider.calls[0])  # the provider charged twice by itself
    await asks(core, clock, provider, 5 * SECOND)
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
        await charged_mobile(core)
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
        await charged_mobile(core)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        await asks(core, clock, careless, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, DAY)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        assert await posted(core, owner) == await in_suspense(core) == Money(0)
        assert len(careless.calls) == 1
