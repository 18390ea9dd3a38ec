"""Autopay in two processes: two taps make one mandate, a period is charged once, nothing after a deletion."""

import asyncio
from datetime import timedelta

from core.errors import MandateExists
from core.settings import Settings
from core.use_cases.schedules import EveryDays
from core.wiring import Core
from tests.core.autopay_scenes import (
    CONSENT,
    FIRST,
    OTHER,
    TERMS,
    agreed,
    charges,
    connect,
    goes_to,
    link_to,
    linked_account,
    pay_and_save,
    the_mandate,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_POSTGRES, processes, told
from tests.fakes import FakeClock, FakeProvider

settings = with_card_key


@ON_POSTGRES
async def test_two_taps_in_two_processes_make_one_mandate(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await link_to(core, owner, OTHER)
    async with processes(settings, clock, provider, count=2) as both:
        for _ in range(6):
            ended = await asyncio.gather(
                *(
                    each.autopay.connect(who, owner, TERMS, consent=CONSENT)
                    for each in both
                    for who in (CHAT, OTHER)
                ),
                return_exceptions=True,
            )
            assert sum(isinstance(each, MandateExists) for each in ended) == 3
            await core.autopay.delete(CHAT, owner)


@ON_POSTGRES
async def test_two_processes_charge_each_period_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    async with processes(settings, clock, provider, count=2) as both:
        for day in (FIRST - timedelta(days=1), FIRST):
            while clock.now().astimezone(core.profile.zone).date() < day:
                goes_to(
                    clock, core.profile, clock.now().astimezone(core.profile.zone).date() + timedelta(days=1)
                )
            for _ in range(3):
                await asyncio.gather(*(each.jobs.run_all_once() for each in both for _ in range(2)))
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert len(provider.tokens) == 1
    assert (await told(core, CHAT)).count("autopay_warning") == 1
    assert owner is not None


@ON_POSTGRES
async def test_no_charge_starts_after_a_deletion_however_they_race(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    """The sender in one process, the deletion in another, over and over."""
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    async with processes(settings, clock, provider, count=2) as (one, two):
        for _ in range(8):
            mandate_id = await connect(core, owner, period=EveryDays(7))
            row = await the_mandate(core, mandate_id)
            day = clock.now().astimezone(core.profile.zone).date()
            while day < row.next_on - timedelta(days=1):
                day += timedelta(days=1)
                goes_to(clock, core.profile, day)
            await work(core, rounds=1)
            goes_to(clock, core.profile, row.next_on)
            (due,) = [job for job in one.jobs._jobs if job.name == "charge by mandate"]
            assert await due.once() == 1
            before = len(provider.tokens)
            _, under_way = await asyncio.gather(
                one.payments.collect_once(10), two.autopay.delete(CHAT, owner)
            )
            (made,) = await charges(core, mandate_id)
            began = len(provider.tokens) > before
            assert made[2] == ("paid" if began else "cancelled")
            assert began or not under_way
            clock.shift(timedelta(seconds=2))
            await work(core)
