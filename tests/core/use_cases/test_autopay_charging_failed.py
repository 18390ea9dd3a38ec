"""Autopay whose charge fails: tried again, paused, asked about, given back; a late success is not lost."""

from dataclasses import replace
from datetime import date, timedelta

from core.money import Money
from core.payments.provider import Declined, NotSent, Succeeded, Unknown
from core.states import MandateState
from core.storage.autopay_tables import mandate_event
from core.storage.message_tables import notice
from core.use_cases.schedules import EveryDays
from core.wiring import Core
from tests.core.autopay_scenes import (
    FIRST,
    agreed,
    charges,
    goes_to,
    live_until,
    pay_and_save,
    the_mandate,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_SQLITE, in_suspense, posted, rows, told
from tests.fakes import FakeClock, FakeProvider

settings = with_card_key


@ON_SQLITE
async def test_soft_declines_are_tried_on_days_1_3_and_5_and_then_given_up(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    seen = []
    for day in range(7):
        provider.will(Declined("insufficient_funds"))
        before = len(provider.calls)
        await live_until(core, clock, FIRST + timedelta(days=day))
        if len(provider.calls) > before:
            seen.append(day)
        provider._wished.clear()
    assert seen == [0, 1, 3, 5]
    assert await charges(core, mandate_id) == [(FIRST, attempt, "declined") for attempt in (1, 2, 3, 4)]
    assert len({charge.id for charge in provider.calls[1:]}) == 4  # one key an attempt
    declined = [each for each in await rows(core, notice) if each.template == "autopay_declined"]
    assert [each.params["retry_on"] for each in declined] == ["2026-05-28", "2026-05-30", "2026-06-01", None]
    assert declined[-1].params["next_on"] == "2026-06-26"
    row = await the_mandate(core, mandate_id)
    assert (row.failed_cycles, row.next_on, row.state) == (1, date(2026, 6, 26), MandateState.ACTIVE)


@ON_SQLITE
async def test_a_retry_that_succeeds_ends_the_cycle_and_the_next_date_counts_from_the_scheduled_one(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    for reason in ("insufficient_funds", "other"):
        provider.will(Declined(reason))
    await live_until(core, clock, FIRST + timedelta(days=10))
    assert await charges(core, mandate_id) == [
        (FIRST, 1, "declined"),
        (FIRST, 2, "declined"),
        (FIRST, 3, "paid"),
    ]
    row = await the_mandate(core, mandate_id)
    assert (row.next_on, row.failed_cycles, row.retry_on) == (date(2026, 6, 26), 0, None)
    assert await posted(core, owner) == Money.roubles(600)


@ON_SQLITE
async def test_three_failed_cycles_pause_it(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    _, mandate_id = await agreed(core, provider, period=EveryDays(7))
    for _ in range(12):
        provider.will(Declined("insufficient_funds"))
    await live_until(core, clock, date(2026, 6, 30))
    row = await the_mandate(core, mandate_id)
    assert (row.state, row.reason, row.failed_cycles) == (MandateState.PAUSED, "failed", 3)
    assert len(provider.tokens) == 12
    assert (await told(core, CHAT))[-1] == "autopay_paused"
    assert (await core.autopay.resume(CHAT, row.account_id)).next_on is not None
    await live_until(core, clock, date(2026, 7, 10))
    assert (await charges(core, mandate_id))[-1][2] == "paid"


@ON_SQLITE
async def test_a_hard_decline_asks_for_another_card_which_takes_it_up(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    provider.will(Declined("card_expired", hard=True))
    await live_until(core, clock, FIRST + timedelta(days=6))
    assert await charges(core, mandate_id) == [(FIRST, 1, "declined")]
    row = await the_mandate(core, mandate_id)
    assert (row.state, row.reason) == (MandateState.PAUSED, "card_needed")
    assert "autopay_card_needed" in await told(core, CHAT)
    other = await pay_and_save(core, provider)
    state = await core.autopay.state(CHAT, owner)
    assert state is not None
    changed = await core.autopay.change(CHAT, owner, replace(state.terms, card_id=other), consent="2026-04")
    assert changed.state == MandateState.ACTIVE
    await live_until(core, clock, date(2026, 6, 26))
    assert (await charges(core, mandate_id))[-1] == (date(2026, 6, 26), 1, "paid")


@ON_SQLITE
async def test_an_unknown_answer_is_repeated_with_the_same_key(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    provider.will(Unknown("timeout"), charged=True)
    goes_to(clock, core.profile, FIRST)
    await work(core)
    assert await charges(core, mandate_id) == [(FIRST, 1, "intent")]
    clock.shift(timedelta(seconds=6))
    await work(core)
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert len({charge.id for charge in provider.calls[1:]}) == 1
    assert await posted(core, owner) == Money.roubles(600)


@ON_SQLITE
async def test_a_late_success_of_a_declined_attempt_is_credited_and_cancels_the_retry(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    provider.will(Declined("other"))
    await live_until(core, clock, FIRST)
    first = provider.calls[-1]
    success = Succeeded("late-1", first.number, first.total, "RUB")
    await core.callbacks.take("fake", body=provider.tells(first.id, success), headers={})
    await live_until(core, clock, FIRST + timedelta(days=6))
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert await posted(core, owner) == Money.roubles(600)


@ON_SQLITE
async def test_a_second_success_in_a_period_is_held_in_suspense(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    provider.will(Declined("other"))
    await live_until(core, clock, FIRST)
    first = provider.calls[-1]
    await live_until(core, clock, FIRST + timedelta(days=1))
    assert await charges(core, mandate_id) == [(FIRST, 1, "declined"), (FIRST, 2, "paid")]
    success = Succeeded("late-1", first.number, first.total, "RUB")
    await core.callbacks.take("fake", body=provider.tells(first.id, success), headers={})
    assert await charges(core, mandate_id) == [(FIRST, 1, "held"), (FIRST, 2, "paid")]
    assert await posted(core, owner) == Money.roubles(600)
    assert await in_suspense(core) == Money.roubles(300)


@ON_SQLITE
async def test_what_never_arrived_is_tried_again_the_next_day(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    goes_to(clock, core.profile, FIRST)
    for _ in range(3):
        provider.will(NotSent("unreachable"))
    for wait in (0, 6, 6, 6, 31, 301):
        clock.shift(timedelta(seconds=wait))
        await work(core, rounds=1)
    assert await charges(core, mandate_id) == [(FIRST, 1, "declined")]
    await live_until(core, clock, FIRST + timedelta(days=1))
    assert await charges(core, mandate_id) == [(FIRST, 1, "declined"), (FIRST, 2, "paid")]
    assert [row.why for row in await rows(core, mandate_event, mandate_id=mandate_id)][1:] == [
        "declined 2026-05-27"
    ]
