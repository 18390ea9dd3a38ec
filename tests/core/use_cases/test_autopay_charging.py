"""Autopay by the clock: warned a day ahead, charged once a date, along its chain of dates to its end."""

from datetime import date, timedelta

from core.money import Money
from core.payments.provider import Pending
from core.states import MandateState, PaymentState
from core.storage.autopay_tables import refund
from core.storage.message_tables import notice
from core.storage.tables import payment
from core.use_cases.schedules import EveryDays, Monthly
from core.wiring import Core
from tests.core.autopay_scenes import (
    FIRST,
    agreed,
    charges,
    connect,
    goes_to,
    linked_account,
    live_until,
    pay_and_save,
    the_mandate,
    today,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_SQLITE, posted, rows, told
from tests.fakes import FakeClock, FakeProvider

settings = with_card_key


async def test_a_mandate_warns_a_day_ahead_and_charges_on_its_date(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    assert (await the_mandate(core, mandate_id)).next_on == FIRST
    await live_until(core, clock, date(2026, 5, 25))
    assert "autopay_warning" not in await told(core, CHAT)
    goes_to(clock, core.profile, date(2026, 5, 26), hour=9, minute=59)
    await work(core)
    assert "autopay_warning" not in await told(core, CHAT)
    goes_to(clock, core.profile, date(2026, 5, 26))
    await work(core)
    (warning,) = [each for each in await rows(core, notice) if each.template == "autopay_warning"]
    assert warning.params == {
        "mandate_id": str(mandate_id), "number": "100080", "amount": 300_00,
        "on": "2026-05-27", "period": "2026-05-27", "mask": "220012******0004",
    }  # fmt: skip
    assert provider.tokens == []
    goes_to(clock, core.profile, FIRST, hour=9, minute=59)
    await work(core)
    assert provider.tokens == []
    goes_to(clock, core.profile, FIRST)
    await work(core)
    assert len(provider.tokens) == 1
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert await posted(core, owner) == Money.roubles(600)
    assert (await told(core, CHAT))[-1] == "paid"
    row = await the_mandate(core, mandate_id)
    assert (row.scheduled, row.next_on) == (FIRST, FIRST + timedelta(days=30))


@ON_SQLITE
async def test_an_end_date_ends_it_after_its_last_charge(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    mandate_id = await connect(core, owner, period=EveryDays(10), until=date(2026, 5, 20))
    await live_until(core, clock, date(2026, 6, 20))
    assert [period for period, _, _ in await charges(core, mandate_id)] == [
        date(2026, 5, 7),
        date(2026, 5, 17),
    ]
    row = await the_mandate(core, mandate_id)
    assert (row.state, row.reason) == (MandateState.ENDED, "until")
    assert (await told(core, CHAT))[-1] == "autopay_ended"


@ON_SQLITE
async def test_a_monthly_mandate_keeps_its_anchor(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider, period=Monthly(31))
    await live_until(core, clock, date(2026, 6, 30))
    assert [period for period, _, _ in await charges(core, mandate_id)] == [
        date(2026, 4, 30),
        date(2026, 5, 31),
        date(2026, 6, 30),
    ]


@ON_SQLITE
async def test_a_late_warning_moves_the_charge_and_not_the_chain(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider)
    goes_to(clock, core.profile, FIRST, hour=15)  # nothing ran meanwhile
    await work(core)
    (warning,) = [each for each in await rows(core, notice) if each.template == "autopay_warning"]
    assert (warning.params["on"], warning.params["period"]) == ("2026-05-29", "2026-05-27")
    assert provider.tokens == []
    await live_until(core, clock, FIRST + timedelta(days=1))
    assert provider.tokens == []
    await live_until(core, clock, FIRST + timedelta(days=2))
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert (await the_mandate(core, mandate_id)).next_on == date(2026, 6, 26)


@ON_SQLITE
async def test_a_date_that_was_missed_by_a_whole_period_is_left_out(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    _, mandate_id = await agreed(core, provider, period=EveryDays(7))
    clock.shift(timedelta(days=40))
    await work(core, rounds=6)
    await live_until(core, clock, today(core) + timedelta(days=8))
    made = [period for period, _, _ in await charges(core, mandate_id)]
    assert len(made) <= 2
    assert all((period - date(2026, 4, 27)).days % 7 == 0 for period in made)


@ON_SQLITE
async def test_a_charge_in_flight_when_it_is_deleted_finishes_and_is_given_back(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, _ = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    provider.will(Pending("p-1"))
    goes_to(clock, core.profile, FIRST)
    await work(core)
    assert await core.autopay.delete(CHAT, owner, screen="3") is True
    (row,) = await rows(core, payment, state=PaymentState.PENDING)
    await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
    assert await posted(core, owner) == Money.roubles(600)
    await work(core)
    assert await posted(core, owner) == Money.roubles(300)
    (given,) = await rows(core, refund)
    assert (given.state.value, given.amount, given.why) == ("done", 300_00, "autopay_deleted")
    assert (await told(core, CHAT))[-3:] == ["autopay_deleted", "paid", "refunded"]
    assert await core.autopay.state(CHAT, owner) is None


@ON_SQLITE
async def test_an_intent_is_cancelled_by_the_deletion(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    goes_to(clock, core.profile, FIRST)
    (due,) = [job for job in core.jobs._jobs if job.name == "charge by mandate"]
    assert await due.once() == 1
    assert await charges(core, mandate_id) == [(FIRST, 1, "intent")]
    assert await core.autopay.delete(CHAT, owner) is False
    await work(core)
    assert provider.tokens == []
    assert await charges(core, mandate_id) == [(FIRST, 1, "cancelled")]
