"""Fees: one transfer an account and local day, through grace, block, tariff changes and days off."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from core.ids import AccountId, Payer
from core.money import Money
from core.settings import Settings
from core.states import Method, ServiceState, TransferKind
from core.storage.tables import account, ledger_transfer
from core.use_cases.account_screen import AccountState
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, posted
from tests.fakes import FakeClock, FakeProvider

ZONE = ZoneInfo("Asia/Vladivostok")


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)


async def _fees(core: Core, owner: AccountId) -> list[tuple[str, int]]:
    async with core.database.read() as tx:
        rows = await tx.all(
            select(ledger_transfer.c.at, ledger_transfer.c.amount)
            .where(ledger_transfer.c.debit == owner, ledger_transfer.c.kind == TransferKind.FEE)
            .order_by(ledger_transfer.c.at)
        )
    return [(f"{row.at.astimezone(ZONE):%d.%m %H:%M}", row.amount) for row in rows]


async def _row(core: Core, owner: AccountId) -> tuple[ServiceState, str | None, str | None]:
    async with core.database.read() as tx:
        row = await tx.one(select(account).where(account.c.id == owner))
    since = row.negative_since
    return row.state, row.tariff, None if since is None else f"{since:%d.%m}"


async def _pay(core: Core, number: str, roubles: int) -> None:
    quote = await core.top_ups.quote(
        Payer.telegram(1), number=number, amount=Money.roubles(roubles), method=Method.CARD, locale="ru"
    )
    confirmed = await core.top_ups.confirm(quote.id, by=Payer.telegram(1))
    assert confirmed.checkout_url is not None


async def test_ten_days_off_are_caught_up_day_by_day(core: Core, clock: FakeClock) -> None:
    owner = await open_account(core, balance=Money(1000_00))
    clock.at = _at("2026-05-08 03:00")
    shown = await core.accounts.screen(owner)
    assert await core.fees.post_once(10) == 1
    assert await core.fees.post_once(10) == 0
    fees = await _fees(core, owner)
    assert [day for day, _ in fees] == [
        "27.04 15:00", *(f"{day:02d}.04 00:00" for day in (28, 29, 30)),
        *(f"{day:02d}.05 00:00" for day in range(1, 8)),
    ]  # fmt: skip
    # 27 April from 15:00 to the month's end, then seven of May's thirty-one days.
    assert sum(amount for _, amount in fees[:4]) == 890_00 - 890_00 * 38_340 // 43_200
    assert sum(amount for _, amount in fees[4:]) == 890_00 * 7 // 31
    assert await core.accounts.screen(owner) == shown


@ON_SQLITE
async def test_a_month_of_nights_costs_exactly_the_fee(core: Core, clock: FakeClock) -> None:
    clock.at = _at("2026-02-01 00:00")
    owner = await open_account(core, balance=Money(2000_00))
    for _ in range(28):
        clock.shift(timedelta(days=1))
        await core.fees.post_once(10)
    assert await posted(core, owner) == Money(1110_00)
    assert len(await _fees(core, owner)) == 28
    assert (await core.accounts.screen(owner)).charged == Money(0)


@ON_SQLITE
async def test_what_runs_up_is_shown_before_it_is_posted(core: Core, clock: FakeClock) -> None:
    clock.at = _at("2026-04-01 00:00")
    owner = await open_account(core, balance=Money(989_33))
    clock.at = _at("2026-04-27 16:00")
    await core.fees.post_once(10)
    screen = await core.accounts.screen(owner)
    assert screen.charged == Money(890_00 * (26 * 1440 + 960) // 43_200)
    assert screen.balance == Money(989_33) - screen.charged
    assert (await core.statements.ledger("100080")).balance_posted > screen.balance


@ON_SQLITE
async def test_the_grace_lasts_seven_days_and_the_eighth_blocks(core: Core, clock: FakeClock) -> None:
    clock.at = _at("2026-06-01 00:00")
    internet = await open_account(core, "1", balance=Money(10_00))
    package = await open_account(core, "2", balance=Money(10_00), tariff="svoya-moskva")
    for day in range(2, 9):  # below zero since 1 June: the nights to 8 June are full fees
        clock.at = _at(f"2026-06-0{day} 00:00")
        await core.fees.post_once(10)
        expected = ServiceState.BLOCKED if day == 8 else ServiceState.ACTIVE
        assert await _row(core, internet) == (expected, "moskva", "01.06")
    assert (await core.accounts.screen(internet)).state == AccountState.BLOCKED
    clock.at = _at("2026-06-11 00:00")
    await core.fees.post_once(10)
    assert await posted(core, internet) == Money(10_00 - 890_00 * 7 // 30)
    television = 200_00 * 10 // 30 - 200_00 * 7 // 30
    assert await posted(core, package) == Money(10_00 - 890_00 * 7 // 30 - television)
    assert len(await _fees(core, internet)) == 7
    assert len(await _fees(core, package)) == 10


@ON_SQLITE
async def test_catching_up_blocks_as_the_nights_would_have(core: Core, clock: FakeClock) -> None:
    clock.at = _at("2026-06-01 00:00")
    owner = await open_account(core, balance=Money(10_00), tariff="svoya-moskva")
    clock.at = _at("2026-06-11 12:00")
    shown = await core.accounts.screen(owner)
    assert shown.state == AccountState.BLOCKED
    await core.fees.post_once(10)
    assert await core.accounts.screen(owner) == shown
    assert await _row(core, owner) == (ServiceState.BLOCKED, "svoya-moskva", "01.06")


async def test_a_payment_ends_grace_and_block_and_the_old_rate(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    clock.at = _at("2026-06-01 00:00")
    owner = await open_account(core, balance=Money(-1_00), tariff="svoya-moskva")
    clock.at = _at("2026-06-10 12:00")
    await core.fees.post_once(10)
    owed = await posted(core, owner)
    await _pay(core, "100080", 50)
    provider_body = provider.pays(provider.calls[-1].id)
    await core.callbacks.take("fake", body=provider_body, headers={})
    assert await _row(core, owner) == (ServiceState.BLOCKED, "svoya-moskva", "01.06")  # too little
    await _pay(core, "100080", 1000)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    assert await _row(core, owner) == (ServiceState.ACTIVE, "svoya-moskva", None)
    morning = 200_00 * (9 * 1440 + 720) // 43_200 - 200_00 * 9 * 1440 // 43_200
    assert await posted(core, owner) == owed + Money(1050_00 - morning)
    clock.at = _at("2026-06-11 00:00")
    await core.fees.post_once(10)
    evening = 890_00 * 10 // 30 - 890_00 * (9 * 1440 + 720) // 43_200
    assert (await _fees(core, owner))[-2:] == [("10.06 00:00", morning), ("10.06 12:00", evening)]


@ON_SQLITE
async def test_a_payment_ends_a_block_that_an_import_set(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    clock.at = _at("2026-06-10 00:00")
    owner = await open_account(core, balance=Money(0), state=ServiceState.BLOCKED)
    clock.at = _at("2026-06-10 12:00")
    await _pay(core, "100080", 100)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    assert await _row(core, owner) == (ServiceState.ACTIVE, "moskva", None)
    assert (await core.accounts.screen(owner)).balance == Money(100_00)  # the morning was not served


async def test_the_next_tariff_begins_with_the_month(core: Core, clock: FakeClock) -> None:
    clock.at = _at("2026-04-29 00:00")
    owner = await open_account(core, balance=Money(500_00), tariff_next="cifra")
    clock.at = _at("2026-04-30 00:00")
    await core.fees.post_once(10)
    assert (await core.accounts.screen(owner)).tariff == "Москва"
    clock.at = _at("2026-05-01 00:00")
    assert (await core.accounts.screen(owner)).tariff == "Альянс Цифра"
    await core.fees.post_once(10)
    assert (await _row(core, owner))[1] == "cifra"
    clock.at = _at("2026-05-01 12:00")
    screen = await core.accounts.screen(owner)
    assert (screen.tariff, screen.charged) == ("Альянс Цифра", Money(200_00 * 720 // 44_640))
    clock.at = _at("2026-05-02 00:00")
    await core.fees.post_once(10)
    assert [amount for _, amount in await _fees(core, owner)] == [
        890_00 * 29 // 30 - 890_00 * 28 // 30,
        890_00 - 890_00 * 29 // 30,
        200_00 // 31,
    ]


@ON_SQLITE
async def test_runs_out_at_follows_the_balance(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    clock.at = _at("2026-04-01 00:00")
    owner = await open_account(core, balance=Money(29_66))
    async with core.database.read() as tx:
        first = await tx.scalar(select(account.c.runs_out_at).where(account.c.id == owner))
    assert first == _at("2026-04-02 00:01")  # 29.66 pays for the whole day
    await _pay(core, "100080", 100)
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    async with core.database.read() as tx:
        then = await tx.scalar(select(account.c.runs_out_at).where(account.c.id == owner))
    assert _at("2026-04-05 08:00") < then < _at("2026-04-05 10:00")


@ON_SQLITE
async def test_one_batch_takes_who_waits_longest(core: Core, clock: FakeClock) -> None:
    for number, day in enumerate((20, 10, 15), 1):
        clock.at = _at(f"2026-04-{day} 00:00")
        await open_account(core, str(number))
    clock.at = _at("2026-04-27 00:00")
    assert [await core.fees.post_once(2) for _ in range(3)] == [2, 1, 0]


@ON_SQLITE
async def test_a_tariff_that_left_the_profile_stops_no_other_account(core: Core, clock: FakeClock) -> None:
    gone = await open_account(core, "1", balance=Money(100_00))
    there = await open_account(core, "2", balance=Money(100_00))
    async with core.database.transaction() as tx:
        await tx.execute(update(account).where(account.c.id == gone).values(tariff="gone"))
    clock.at = _at("2026-04-28 16:00")
    assert [await core.fees.post_once(1) for _ in range(2)] == [1, 0]
    assert len(await _fees(core, there)) == 1
    await core.alerts.due_once(10)
    violations = await core.invariants.check()
    assert [each.about for each in violations] == ["the fees of account 1 are not posted"]


@ON_POSTGRES
async def test_two_processes_post_a_night_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owners = [await open_account(core, str(number), balance=Money(100_00)) for number in range(1, 9)]
    clock.shift(timedelta(days=3))
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as other:
        await asyncio.gather(*(each.fees.post_once(20) for each in (core, other, core, other)))
    for owner in owners:
        assert len(await _fees(core, owner)) == 3
        assert await posted(core, owner) == Money(100_00) - Money(sum(f for _, f in await _fees(core, owner)))
