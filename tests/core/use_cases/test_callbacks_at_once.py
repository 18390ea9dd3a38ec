"""Callbacks in numbers: stored before they are acknowledged, applied once, by this process or by another."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import CallbackRejected, ProviderEvent, Succeeded
from core.settings import Settings
from core.states import EventState, Method
from core.storage.tables import ledger_transfer, provider_event
from core.use_cases.callbacks import APPLIED_AT_ONCE
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.callback_scenes import HELD_100, OK, comes, events, succeeded
from tests.core.scenes import (
    CHAT,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    card_page,
    in_suspense,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
    the_payment,
    told,
)
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider


async def _called(provider: FakeProvider, times: int) -> None:
    await until(lambda: len(provider.calls) == times, what="the provider is called")


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
            *(comes(cores[i % 2], each) for i, each in enumerate([body] * 10 + others))
        )
        await asyncio.gather(*(each.callbacks.events_once(10) for each in cores))  # what the burst left
    assert answers == [OK] * 15
    assert await posted(core, owner) == Money(100_00)
    assert len(await rows(core, ledger_transfer)) == 1
    assert await events(core) == [EventState.APPLIED] * 6
    assert await told(core, CHAT) == ["paid"]


@ON_POSTGRES
async def test_stray_money_that_comes_ten_times_at_once_is_held_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    stray = PaymentId(new_id())
    bodies = [provider.tells(stray, succeeded("stray-1")) for _ in range(10)]
    async with processes(settings, clock, provider, count=2) as cores:
        assert await asyncio.gather(*(comes(cores[i % 2], bodies[i]) for i in range(10))) == [OK] * 10
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
                tasks.create_task(comes(other, body))
                provider.gate.set()
            provider.gate = None
    assert await posted(core, owner) == Money(400_00)
    assert await told(core, PHONE) == ["quoted", "paid"] * 4


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
    assert await comes(core, body) == OK  # repeated: known, and not applied by this one
    assert await core.callbacks.events_once(10) == 0  # it may be in somebody's hands
    clock.shift(timedelta(seconds=10))
    assert [await core.callbacks.events_once(10) for _ in range(2)] == [1, 0]
    assert await posted(core, owner) == Money(100_00)
    assert await events(core) == [EventState.APPLIED]


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
    assert await events(core) == [EventState.APPLIED] * 10


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
        assert await events(core) == [EventState.NEW, EventState.APPLIED, EventState.APPLIED]
        assert await posted(core, owner) == Money(200_00)


@ON_SQLITE
async def test_events_of_a_provider_that_is_gone_wait(core: Core, clock: FakeClock) -> None:
    await _stored_only(core, b"event-1")
    async with core.database.transaction() as tx:
        await tx.execute(update(provider_event).values(provider="gone"))
    clock.shift(timedelta(days=1))
    assert await core.callbacks.events_once(10) == 0
    assert await events(core) == [EventState.NEW]


async def test_in_a_burst_all_are_acknowledged_and_the_jobs_apply_what_is_left(
    core: Core, provider: FakeProvider
) -> None:
    burst = APPLIED_AT_ONCE + 4
    bodies = [provider.tells(None, succeeded(f"burst-{number}")) for number in range(burst)]
    assert await asyncio.gather(*(comes(core, body) for body in bodies)) == [OK] * burst
    states = await events(core)
    assert (states.count(EventState.APPLIED), states.count(EventState.NEW)) == (APPLIED_AT_ONCE, 4)
    assert await core.callbacks.events_once(50) == 4
    assert await events(core) == [EventState.APPLIED] * burst
    assert await in_suspense(core) == Money(HELD_100.kopecks * burst)
    late = provider.tells(None, succeeded("burst-late"))
    assert await comes(core, late) == OK
    assert await events(core) == [EventState.APPLIED] * (burst + 1)
