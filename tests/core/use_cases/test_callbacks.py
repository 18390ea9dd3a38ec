"""Callbacks: what one makes of its payment, in whatever order they come; what does not fit is held."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import CallbackAnswer, Declined, Pending, Succeeded, Unknown
from core.settings import Settings
from core.states import EventState, Method, PaymentState, TopUpState
from core.storage.tables import ledger_transfer, payment, provider_event
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.callback_scenes import HELD_100, OK, comes, events, succeeded
from tests.core.scenes import (
    CHAT,
    ON_SQLITE,
    PHONE,
    card_page,
    deliver_all,
    in_suspense,
    posted,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    the_top_up,
    told,
)
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider


async def test_a_paid_card_page_is_credited_and_replaces_the_screen(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    confirmed = await card_page(core)
    body = provider.pays(provider.calls[0].id)
    assert await comes(core, body) == OK
    assert await posted(core, owner) == Money(100_00)
    assert (await the_top_up(core, confirmed.quote.id)).state == TopUpState.PAID
    assert await told(core, CHAT) == ["paid"]
    (event,) = await rows(core, provider_event)
    assert (event.state, event.body) == (EventState.APPLIED, body)
    again = await core.top_ups.confirm(confirmed.quote.id, by=CHAT)
    assert (again.state, again.repeated) == (PaymentState.SUCCEEDED, True)


async def test_a_callback_before_the_answer_settles_the_payment(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await quote_by_sms(core)
    provider.will(Unknown("timeout"))
    provider.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(says_yes(core))
        await until(lambda: provider.calls)
        success = succeeded("m-1", kopecks=103_00)
        await comes(core, provider.tells(provider.calls[0].id, success, method=Method.MOBILE))
        assert (await the_payment(core)).state == PaymentState.SUCCEEDED
        provider.gate.set()
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, PHONE) == ["quoted", "paid"]


@ON_SQLITE
async def test_a_pending_mobile_charge_is_paid_by_its_callback(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await quote_by_sms(core)
    provider.will(Pending("m-1"))
    await says_yes(core)
    await comes(core, provider.pays(provider.calls[0].id))
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, PHONE) == ["quoted", "pending", "paid"]


@ON_SQLITE
async def test_a_success_after_a_decline_is_credited(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await card_page(core)
    await comes(core, provider.declines(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.DECLINED
    await comes(core, provider.pays(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, CHAT) == ["declined", "paid"]


@ON_SQLITE
async def test_a_decline_after_the_success_changes_nothing(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await card_page(core)
    await comes(core, provider.pays(provider.calls[0].id))
    await comes(core, provider.tells(provider.calls[0].id, Declined("insufficient_funds")))
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, CHAT) == ["paid"]


@ON_SQLITE
async def test_a_decline_of_nothing_changes_nothing(core: Core, provider: FakeProvider) -> None:
    assert await comes(core, provider.tells(PaymentId(new_id()), Declined("other"))) == OK
    assert await events(core) == [EventState.APPLIED]


@ON_SQLITE
async def test_a_decline_meets_an_intent_that_is_to_be_sent_again(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await card_page(core)
    assert (await the_payment(core)).state == PaymentState.INTENT
    await comes(core, provider.declines(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.DECLINED


@ON_SQLITE
async def test_money_a_month_late_is_credited(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    owner = await open_account(core, tariff=None)
    await card_page(core)
    body = provider.pays(provider.calls[0].id)
    clock.shift(timedelta(days=31))
    await core.jobs.run_all_once()
    await comes(core, body)
    assert await posted(core, owner) == Money(100_00)


@pytest.mark.parametrize(
    "success",
    [
        succeeded(kopecks=99_99),
        succeeded(kopecks=1_000_000_00),
        succeeded(number="100081"),
        succeeded(number=""),
    ],
)
async def test_a_success_that_does_not_fit_is_held_for_staff(
    core: Core, clock: FakeClock, provider: FakeProvider, success: Succeeded
) -> None:
    owner, other = await open_account(core), await open_account(core, "100081")
    await card_page(core)
    await comes(core, provider.tells(provider.calls[0].id, success))
    assert (await the_payment(core)).state == PaymentState.HELD
    assert await in_suspense(core) == success.total
    assert await posted(core, owner) == await posted(core, other) == Money(0)
    assert await told(core, CHAT) == ["held"]
    await deliver_all(core)
    clock.shift(timedelta(hours=2))
    assert await core.invariants.check() == []


@ON_SQLITE
async def test_a_misfit_after_a_decline_is_held_and_told(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    await card_page(core)
    await comes(core, provider.declines(provider.calls[0].id))
    await comes(core, provider.tells(provider.calls[0].id, succeeded(kopecks=1)))
    assert await in_suspense(core) == Money(1)
    assert await told(core, CHAT) == ["declined", "held"]


@ON_SQLITE
async def test_another_currency_is_refused_and_kept_for_staff(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    await card_page(core)
    body = provider.tells(provider.calls[0].id, replace(succeeded(), currency="USD"))
    assert await comes(core, body) == OK
    assert await events(core) == [EventState.REFUSED]
    assert (await the_payment(core)).state == PaymentState.PENDING
    assert await rows(core, ledger_transfer) == []


@ON_SQLITE
async def test_a_success_under_the_reference_of_another_payment_waits_for_it(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)  # its reference is card-1
    await comes(core, provider.tells(PaymentId(new_id()), succeeded("card-1")))
    assert await events(core) == [EventState.REFUSED]
    assert await in_suspense(core) == Money(0)
    await comes(core, provider.pays(provider.calls[0].id))
    assert await posted(core, owner) == Money(100_00)


@ON_SQLITE
async def test_a_second_success_under_one_payment_goes_to_suspense(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    await comes(core, provider.pays(provider.calls[0].id))
    await comes(core, provider.tells(provider.calls[0].id, succeeded("card-2")))
    assert await posted(core, owner) == Money(100_00)
    assert await in_suspense(core) == HELD_100
    assert [row.reason for row in await rows(core, payment)] == [None, "second success"]
    assert await told(core, CHAT) == ["paid"]


@ON_SQLITE
async def test_what_is_forged_leaves_nothing_behind(core: Core) -> None:
    await open_account(core)
    await card_page(core)
    assert await comes(core, b"forged") == CallbackAnswer(403, "signature")
    assert await core.callbacks.take("nobody", body=b"", headers={}) == CallbackAnswer(
        404, "no such provider"
    )
    assert await rows(core, provider_event) == []
    assert (await the_payment(core)).state == PaymentState.PENDING


class OtherDoor(FakeProvider):
    """A second provider."""

    name = "other"


@ON_SQLITE
async def test_a_provider_decides_nothing_about_anothers_payment(
    settings: Settings, clock: FakeClock
) -> None:
    provider, other = FakeProvider(clock), OtherDoor(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider, other]) as core:
        owner = await open_account(core)
        await card_page(core)
        ours = provider.calls[0].id
        await core.callbacks.take("other", body=other.tells(ours, Declined("other")), headers={})
        assert (await the_payment(core)).state == PaymentState.PENDING
        await core.callbacks.take("other", body=other.tells(ours, succeeded("x-1")), headers={})
        assert await in_suspense(core) == HELD_100
        await comes(core, provider.pays(ours))
        assert await posted(core, owner) == Money(100_00)
        assert await core.invariants.check() == []
