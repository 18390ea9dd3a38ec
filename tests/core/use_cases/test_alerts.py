"""Alerts: a low balance is told once, by the right channel, and not any more once it is paid."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from core.ids import Payer
from core.money import Money
from core.notice_states import AlertBySms
from core.settings import Settings
from core.states import Channel, Lane, NoticeState, ServiceState
from core.storage.alert_tables import alert_setting
from core.storage.tables import account
from core.wiring import Core
from tests.accounts import open_account
from tests.core.alert_scenes import (
    alerts,
    episodes,
    goes,
    lives,
    looks,
    low,
    pays,
    said,
    the_account,
)
from tests.core.autopay_scenes import link_to
from tests.core.scenes import CHAT, ON_SQLITE, PHONE, arrives, processes
from tests.fakes import FakeClock, FakeProvider

HANDBOOK = Money(198_19)  # six days left of 890 in a month of 30 days
JUNE = "2026-06-01T00:00"


async def test_each_alert_comes_once_at_its_moment(core: Core, clock: FakeClock) -> None:
    goes(core, clock, JUNE)
    owner = await low(core, HANDBOOK)
    await lives(core, clock, 14)
    told = await alerts(core)
    assert [(row.params["kind"], row.params["days"], f"{row.created_at:%d %H}") for row in told] == [
        ("days", 3, "03 07"),  # 17:00 in Vladivostok, within the hour of its moment
        ("days", 1, "05 07"),
        ("negative", 0, "07 07"),
        ("grace", 0, "12 14"),  # the last day begins at local midnight
    ]
    row = await the_account(core, owner)
    assert (row.state, row.alert_at, row.alerts) == (ServiceState.BLOCKED, None, 4)


@ON_SQLITE
async def test_an_alert_is_a_quiet_notice_of_the_account_in_the_second_lane(
    core: Core, clock: FakeClock
) -> None:
    goes(core, clock, JUNE)
    owner = await low(core, Money(100_00))
    await looks(core)
    (row,) = await alerts(core)
    assert (row.lane, row.quiet, row.account_id) == (Lane.BULK, True, owner)
    assert (row.channel, row.address, row.state) == (CHAT.channel, CHAT.address, NoticeState.DUE)
    assert row.params["until"] == "2026-06-04"
    assert row.params["recommended"] == 791_00  # 890.10 less 100, in whole roubles


@ON_SQLITE
async def test_of_several_that_begin_together_the_most_urgent_one_is_said(
    core: Core, clock: FakeClock
) -> None:
    goes(core, clock, JUNE)
    await low(core, Money(-5_00))
    await looks(core)
    assert await said(core) == [("negative", 0)]
    assert sorted(await episodes(core)) == [("days:1", 0, True), ("days:3", 0, True), ("negative", 1, True)]


async def test_paying_closes_the_episode_and_cancels_what_was_not_sent(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    goes(core, clock, "2026-06-01T12:00")
    owner = await low(core, Money(100_00))
    await looks(core)
    await pays(core, provider, 500)
    (row,) = await alerts(core)
    assert (row.state, row.reason) == (NoticeState.CANCELLED, "paid")
    assert await episodes(core) == [("days:3", 1, False)]
    assert (await the_account(core, owner)).alerts == 0
    assert "alert" not in await _claimed(core)


@ON_SQLITE
async def test_an_alert_that_is_being_sent_as_the_money_comes_is_not_tried_again(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    goes(core, clock, "2026-06-01T12:00")
    await low(core, Money(100_00))
    await looks(core)
    (held,) = await core.sending.claim(Channel.TELEGRAM, 10, lane=Lane.BULK)
    assert held.template == "alert"
    await pays(core, provider, 500)
    clock.shift(timedelta(seconds=1))
    await core.sending.retry(held, after=timedelta(), reason="429")
    assert "alert" not in await _claimed(core)
    (row,) = await alerts(core)
    assert row.state == NoticeState.EXPIRED


@ON_SQLITE
async def test_a_payment_that_is_too_small_leaves_the_alert_with_the_new_balance(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    goes(core, clock, JUNE)
    await low(core, Money(80_00))
    await looks(core)
    await pays(core, provider, 10)
    (row,) = await alerts(core)
    assert (row.state, row.params["balance"], row.params["recommended"]) == (NoticeState.DUE, 90_00, 801_00)
    assert await episodes(core) == [("days:3", 1, True)]


@ON_SQLITE
async def test_the_next_low_balance_is_told_again_and_the_same_one_is_not(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    goes(core, clock, JUNE)
    await low(core, Money(100_00))
    await lives(core, clock, 1)
    await pays(core, provider, 100)
    await lives(core, clock, 4)
    assert [kind for kind in await said(core) if kind == ("days", 3)] == [("days", 3)] * 2


@ON_SQLITE
async def test_a_month_with_more_days_arms_nothing(core: Core, clock: FakeClock) -> None:
    """With the month the daily fee falls, and three days left may become four again."""
    goes(core, clock, "2026-06-30T22:00")
    await low(core, Money(118_00))
    await lives(core, clock, 3)
    assert [kind for kind in await said(core) if kind == ("days", 3)] == [("days", 3)]


@ON_SQLITE
@pytest.mark.parametrize(
    "tariff, state",
    [
        (None, ServiceState.ACTIVE),
        ("moskva", ServiceState.VOLUNTARILY_BLOCKED),
        ("moskva", ServiceState.BLOCKED),
    ],
)
async def test_without_a_fee_or_service_nothing_is_told(
    core: Core, clock: FakeClock, tariff: str | None, state: ServiceState
) -> None:
    owner = await low(core, Money(-5_00), tariff=tariff, state=state)
    assert await looks(core) == 0
    assert (await the_account(core, owner)).alert_at is None


async def _claimed(core: Core) -> list[str]:
    return [each.template for each in await core.sending.claim(Channel.TELEGRAM, 10, lane=Lane.BULK)]


async def _settings(core: Core, **values: object) -> None:
    async with core.database.transaction() as tx:
        row = {"telegram": True, "sms": AlertBySms.WITHOUT_TELEGRAM, "changed_by": "test"} | values
        owner = await tx.scalar(select(account.c.id))
        await tx.execute(insert(alert_setting).values(account_id=owner, changed_at=core.clock.now(), **row))


@ON_SQLITE
@pytest.mark.parametrize(
    "telegram, sms, reachable, expected",
    [
        (True, AlertBySms.WITHOUT_TELEGRAM, True, {"telegram"}),
        (True, AlertBySms.WITHOUT_TELEGRAM, False, {"sms"}),
        (True, AlertBySms.ALWAYS, True, {"telegram", "sms"}),
        (True, AlertBySms.NEVER, False, set()),
        (False, AlertBySms.WITHOUT_TELEGRAM, True, {"sms"}),
        (False, AlertBySms.NEVER, True, set()),
    ],
)
async def test_an_alert_goes_by_the_channels_that_were_chosen(
    core: Core, telegram: bool, sms: AlertBySms, reachable: bool, expected: set[str]
) -> None:
    await low(core, Money(50_00), phones=[PHONE.address])
    await core.subscribers.set_reachable(CHAT, reachable=reachable)
    await _settings(core, telegram=telegram, sms=sms)
    await looks(core)
    assert {row.channel for row in await alerts(core)} == expected
    assert (await episodes(core))[0][1] == len(expected)


@ON_SQLITE
async def test_a_phone_that_sent_stop_gets_none(core: Core) -> None:
    other = Payer.sms("79140000001")
    await low(core, Money(50_00), people=(), phones=[PHONE.address, other.address])
    await core.subscribers.stop(PHONE, answering=await arrives(core))
    await looks(core)
    assert [row.address for row in await alerts(core)] == [other.address]


@ON_SQLITE
async def test_a_low_balance_of_nobodys_is_an_episode_without_an_alert(core: Core) -> None:
    await low(core, Money(50_00), people=())
    await looks(core)
    assert await episodes(core) == [("days:1", 0, True), ("days:3", 0, True)]


async def test_two_processes_at_once_tell_each_account_once(
    settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as cores:
        for n in range(12):
            owner = await open_account(cores[0], str(200000 + n), balance=Money(50_00))
            await link_to(cores[0], owner, Payer.telegram(n + 1))
        await asyncio.gather(*(core.alerts.due_once(5) for core in cores for _ in range(3)))
        while await cores[0].alerts.due_once(5):
            pass
        assert sorted(row.address for row in await alerts(cores[0])) == sorted(str(n + 1) for n in range(12))
        assert await cores[0].invariants.check() == []


@ON_SQLITE
async def test_a_cheaper_tariff_arms_again_and_moves_the_next_look(core: Core, clock: FakeClock) -> None:
    goes(core, clock, "2026-06-30T12:00")
    await low(core, Money(100_00), tariff_next="cifra")
    await lives(core, clock, 1)
    assert (await said(core), await episodes(core)) == ([("days", 3)], [("days:3", 1, False)])
    await lives(core, clock, 12)
    assert await said(core) == [("days", 3), ("days", 3), ("days", 1)]
