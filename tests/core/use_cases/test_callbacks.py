"""Callbacks: stored before they are acknowledged, applied once, whatever order and company they come in."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Declined,
    Pending,
    ProviderEvent,
    Succeeded,
    Unknown,
)
from core.settings import Settings
from core.states import EventState, Method, PaymentState, TopUpState
from core.storage.tables import ledger_transfer, payment, provider_event
from core.use_cases.callbacks import APPLIED_AT_ONCE
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    card_page,
    deliver_all,
    in_suspense,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    the_top_up,
    told,
)
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider

OK = CallbackAnswer(200, "OK")
HELD_100 = Money(100_00)


async def _comes(core: Core, body: bytes) -> CallbackAnswer:
    return await core.callbacks.take("fake", body=body, headers={})


def _success(reference: str = "card-1", *, number: str = "100080", kopecks: int = 100_00) -> Succeeded:
    return Succeeded(reference, number, Money(kopecks), "RUB")


async def _called(provider: FakeProvider, times: int) -> None:
    await until(lambda: len(provider.calls) == times, what="the provider is called")


async def _events(core: Core) -> list[EventState]:
    return [row.state for row in await rows(core, provider_event)]


async def test_a_paid_card_page_is_credited_and_replaces_the_screen(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    confirmed = await card_page(core)
    body = provider.pays(provider.calls[0].id)
    assert await _comes(core, body) == OK
    assert await posted(core, owner) == Money(100_00)
    assert (await the_top_up(core, confirmed.quote.id)).state == TopUpState.PAID
    assert await told(core, CHAT) == ["paid"]
    (event,) = await rows(core, provider_event)
    assert (event.state, event.body) == (EventState.APPLIED, body)
    again = await core.top_ups.confirm(confirmed.quote.id, by=CHAT)
    assert (again.state, again.repeated) == (PaymentState.SUCCEEDED, True)


@ON_POSTGRES
async def test_ten_callbacks_at_once_credit_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    held = provider.calls[0].id
    body = provider.pays(held)
    success = provider.charges[0].outcome
    assert isinstance(success, Succeeded)
    others = [provider.tells(held, success) for _ in range(5)]  # the same success as events of their own
    async with processes(settings, clock, provider, count=2) as cores:
        answers = await asyncio.gather(
            *(_comes(cores[i % 2], each) for i, each in enumerate([body] * 10 + others))
        )
        await asyncio.gather(*(each.callbacks.events_once(10) for each in cores))  # what the burst left
    assert answers == [OK] * 15
    assert await posted(core, owner) == Money(100_00)
    assert len(await rows(core, ledger_transfer)) == 1
    assert await _events(core) == [EventState.APPLIED] * 6
    assert await told(core, CHAT) == ["paid"]


@ON_POSTGRES
async def test_stray_money_that_comes_ten_times_at_once_is_held_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    stray = PaymentId(new_id())
    bodies = [provider.tells(stray, _success("stray-1")) for _ in range(10)]
    async with processes(settings, clock, provider, count=2) as cores:
        assert await asyncio.gather(*(_comes(cores[i % 2], bodies[i]) for i in range(10))) == [OK] * 10
    assert await in_suspense(core) == HELD_100
    assert (await the_payment(core)).reason == "unknown payment"


@ON_POSTGRES
async def test_a_callback_that_meets_the_answer_credits_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    success = Succeeded("m-1", "100080", Money(103_00), "RUB")
    async with processes(settings, clock, provider, count=2) as (one, other):
        for _ in range(4):
            quote = await quote_by_sms(one)
            success = replace(success, reference=f"m-{len(provider.calls)}")
            provider.will(success)
            provider.gate = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(says_yes(one, code=quote.code))
                await _called(provider, len(provider.charges) + 1)
                charge = provider.calls[-1]
                body = provider.tells(charge.id, success, method=Method.MOBILE)
                tasks.create_task(_comes(other, body))
                provider.gate.set()
            provider.gate = None
    assert await posted(core, owner) == Money(400_00)
    assert await told(core, PHONE) == ["quoted", "paid"] * 4


async def test_a_callback_before_the_answer_settles_the_payment(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await quote_by_sms(core)
    provider.will(Unknown("timeout"))
    provider.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(says_yes(core))
        await until(lambda: provider.calls)
        success = _success("m-1", kopecks=103_00)
        await _comes(core, provider.tells(provider.calls[0].id, success, method=Method.MOBILE))
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
    await _comes(core, provider.pays(provider.calls[0].id))
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, PHONE) == ["quoted", "pending", "paid"]


@ON_SQLITE
async def test_a_success_after_a_decline_is_credited(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await card_page(core)
    await _comes(core, provider.declines(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.DECLINED
    await _comes(core, provider.pays(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, CHAT) == ["declined", "paid"]


@ON_SQLITE
async def test_a_decline_after_the_success_changes_nothing(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core)
    await card_page(core)
    await _comes(core, provider.pays(provider.calls[0].id))
    await _comes(core, provider.tells(provider.calls[0].id, Declined("insufficient_funds")))
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money(100_00)
    assert await told(core, CHAT) == ["paid"]


@ON_SQLITE
async def test_a_decline_of_nothing_changes_nothing(core: Core, provider: FakeProvider) -> None:
    assert await _comes(core, provider.tells(PaymentId(new_id()), Declined("other"))) == OK
    assert await _events(core) == [EventState.APPLIED]


@ON_SQLITE
async def test_a_decline_meets_an_intent_that_is_to_be_sent_again(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    provider.will(Unknown("timeout"), charged=True)
    await card_page(core)
    assert (await the_payment(core)).state == PaymentState.INTENT
    await _comes(core, provider.declines(provider.calls[0].id))
    assert (await the_payment(core)).state == PaymentState.DECLINED


@ON_SQLITE
async def test_money_a_month_late_is_credited(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    owner = await open_account(core, tariff=None)
    await card_page(core)
    body = provider.pays(provider.calls[0].id)
    clock.shift(timedelta(days=31))
    await core.jobs.run_all_once()
    await _comes(core, body)
    assert await posted(core, owner) == Money(100_00)


@pytest.mark.parametrize(
    "success",
    [_success(kopecks=99_99), _success(kopecks=1_000_000_00), _success(number="100081"), _success(number="")],
)
async def test_a_success_that_does_not_fit_is_held_for_staff(
    core: Core, clock: FakeClock, provider: FakeProvider, success: Succeeded
) -> None:
    owner, other = await open_account(core), await open_account(core, "100081")
    await card_page(core)
    await _comes(core, provider.tells(provider.calls[0].id, success))
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
    await _comes(core, provider.declines(provider.calls[0].id))
    await _comes(core, provider.tells(provider.calls[0].id, _success(kopecks=1)))
    assert await in_suspense(core) == Money(1)
    assert await told(core, CHAT) == ["declined", "held"]


@ON_SQLITE
async def test_another_currency_is_refused_and_kept_for_staff(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    await card_page(core)
    body = provider.tells(provider.calls[0].id, replace(_success(), currency="USD"))
    assert await _comes(core, body) == OK
    assert await _events(core) == [EventState.REFUSED]
    assert (await the_payment(core)).state == PaymentState.PENDING
    assert await rows(core, ledger_transfer) == []


@ON_SQLITE
async def test_a_success_under_the_reference_of_another_payment_waits_for_it(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)  # its reference is card-1
    await _comes(core, provider.tells(PaymentId(new_id()), _success("card-1")))
    assert await _events(core) == [EventState.REFUSED]
    assert await in_suspense(core) == Money(0)
    await _comes(core, provider.pays(provider.calls[0].id))
    assert await posted(core, owner) == Money(100_00)


@ON_SQLITE
async def test_a_second_success_under_one_payment_goes_to_suspense(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    await _comes(core, provider.pays(provider.calls[0].id))
    await _comes(core, provider.tells(provider.calls[0].id, _success("card-2")))
    assert await posted(core, owner) == Money(100_00)
    assert await in_suspense(core) == HELD_100
    assert [row.reason for row in await rows(core, payment)] == [None, "second success"]
    assert await told(core, CHAT) == ["paid"]


@ON_SQLITE
async def test_what_is_forged_leaves_nothing_behind(core: Core) -> None:
    await open_account(core)
    await card_page(core)
    assert await _comes(core, b"forged") == CallbackAnswer(403, "signature")
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
        await core.callbacks.take("other", body=other.tells(ours, _success("x-1")), headers={})
        assert await in_suspense(core) == HELD_100
        await _comes(core, provider.pays(ours))
        assert await posted(core, owner) == Money(100_00)
        assert await core.invariants.check() == []


async def _stored_only(core: Core, body: bytes) -> None:
    """What a death between storing an event and applying it leaves."""
    now = core.clock.now()
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(provider_event).values(
                id=new_id(), provider="fake", event_key=body.decode(), body=body, state=EventState.NEW,
                received_at=now, next_at=now + timedelta(seconds=10),
            )
        )  # fmt: skip


async def test_an_event_that_was_stored_and_not_applied_is_applied_by_the_jobs(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    await card_page(core)
    body = provider.pays(provider.calls[0].id)
    await _stored_only(core, body)
    assert await _comes(core, body) == OK  # repeated: known, and not applied by this one
    assert await core.callbacks.events_once(10) == 0  # it may be in somebody's hands
    clock.shift(timedelta(seconds=10))
    assert [await core.callbacks.events_once(10) for _ in range(2)] == [1, 0]
    assert await posted(core, owner) == Money(100_00)
    assert await _events(core) == [EventState.APPLIED]


@ON_POSTGRES
async def test_two_processes_apply_stored_events_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await open_account(core)
    for _ in range(10):
        await card_page(core)
        await _stored_only(core, provider.pays(provider.calls[-1].id))
    clock.shift(timedelta(seconds=10))
    async with processes(settings, clock, provider, count=2) as cores:
        assert sum(await asyncio.gather(*(each.callbacks.events_once(6) for each in cores * 2))) == 10
    assert await posted(core, owner) == Money(1000_00)
    assert await _events(core) == [EventState.APPLIED] * 10


class Forgetful(FakeProvider):
    """Cannot read one of its stored events any more, as after an upgrade."""

    forgot = b""

    def read_callback(self, body: bytes) -> ProviderEvent:
        if body == self.forgot:
            raise CallbackRejected("malformed")
        return super().read_callback(body)


@ON_SQLITE
async def test_an_event_that_cannot_be_read_stops_no_other(settings: Settings, clock: FakeClock) -> None:
    provider = Forgetful(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        owner = await open_account(core)
        for _ in range(3):
            await card_page(core)
            await _stored_only(core, provider.pays(provider.calls[-1].id))
        provider.forgot = (await rows(core, provider_event))[0].body
        clock.shift(timedelta(seconds=10))
        with pytest.raises(ExceptionGroup, match="callbacks"):
            await core.callbacks.events_once(10)
        assert await _events(core) == [EventState.NEW, EventState.APPLIED, EventState.APPLIED]
        assert await posted(core, owner) == Money(200_00)


@ON_SQLITE
async def test_events_of_a_provider_that_is_gone_wait(core: Core, clock: FakeClock) -> None:
    await _stored_only(core, b"event-1")
    async with core.database.transaction() as tx:
        await tx.execute(update(provider_event).values(provider="gone"))
    clock.shift(timedelta(days=1))
    assert await core.callbacks.events_once(10) == 0
    assert await _events(core) == [EventState.NEW]


async def test_in_a_burst_all_are_acknowledged_and_the_jobs_apply_what_is_left(
    core: Core, provider: FakeProvider
) -> None:
    burst = APPLIED_AT_ONCE + 4
    bodies = [provider.tells(None, _success(f"burst-{number}")) for number in range(burst)]
    assert await asyncio.gather(*(_comes(core, body) for body in bodies)) == [OK] * burst
    states = await _events(core)
    assert (states.count(EventState.APPLIED), states.count(EventState.NEW)) == (APPLIED_AT_ONCE, 4)
    assert await core.callbacks.events_once(50) == 4
    assert await _events(core) == [EventState.APPLIED] * burst
    assert await in_suspense(core) == Money(HELD_100.kopecks * burst)
    late = provider.tells(None, _success("burst-late"))
    assert await _comes(core, late) == OK
    assert await _events(core) == [EventState.APPLIED] * (burst + 1)
