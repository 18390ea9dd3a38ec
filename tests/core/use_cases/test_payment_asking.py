"""Payments whose end is not known: asked about ever more rarely, never charged again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import NotSent, Outcome, Pending, Succeeded, Unknown
from core.settings import Settings
from core.states import Method, PaymentState
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.payment_scenes import DAY, HOUR, MINUTE, SECOND, asks, charged_mobile
from tests.core.scenes import CHAT, ON_SQLITE, PHONE, card_page, commission, posted, rows, the_payment, told
from tests.fakes import FakeClock, FakeProvider


async def test_an_unknown_mobile_charge_is_asked_about_and_never_repeated(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await charged_mobile(core)
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    assert await told(core, PHONE) == ["quoted", "pending"]
    await asks(core, clock, provider, 5 * SECOND)
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
    await charged_mobile(core)
    daily = [DAY] * 5
    await asks(core, clock, provider, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, *daily, DAY, DAY)
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
    await charged_mobile(core)
    for _ in range(tries_before):
        clock.shift(5 * SECOND)
        await core.payments.collect_once(10)
    await asks(core, clock, provider, 5 * SECOND, 30 * SECOND)
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    await asks(core, clock, provider, 5 * MINUTE)
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
        await charged_mobile(core)
        await asks(core, clock, mute, 5 * SECOND, 30 * SECOND, 5 * MINUTE, HOUR, DAY)
        assert (await the_payment(core)).state == PaymentState.UNKNOWN
        page = await card_page(core)
        await asks(core, clock, mute, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR)
        (card,) = await rows(core, payment, method=Method.CARD)
        assert (page.state, card.state) == (PaymentState.PENDING, PaymentState.PENDING)


@ON_SQLITE
async def test_a_mobile_charge_that_is_refused_later_is_told(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    provider.will(Pending("m-1"))
    await charged_mobile(core)
    provider.declines(provider.calls[0].id)  # and its callback is lost
    await asks(core, clock, provider, 5 * SECOND)
    assert (await the_payment(core)).reason == "insufficient_funds"
    assert await told(core, PHONE) == ["quoted", "pending", "declined"]


async def test_a_card_page_that_nobody_finished_is_closed_in_silence(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    await asks(core, clock, provider, MINUTE, 5 * MINUTE, 30 * MINUTE)
    assert (await the_payment(core)).state == PaymentState.PENDING
    await asks(core, clock, provider, HOUR)
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
    await asks(core, clock, provider, MINUTE)
    assert (await the_payment(core)).state == PaymentState.PENDING
    provider.pays(provider.calls[0].id)  # by another card; its callback is lost
    await asks(core, clock, provider, 5 * MINUTE)
    assert await posted(core, owner) == Money(100_00)


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
    await asks(core, clock, provider, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, HOUR)
    assert (await the_payment(core)).state == PaymentState.PENDING
