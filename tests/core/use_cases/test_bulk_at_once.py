"""What two processes do at the same moment on PostgreSQL: receipts beside orders, money beside a claim."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.sql.dml import Insert

from core.ids import AccountId
from core.money import Money
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast_resend
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.use_cases import balances, fallbacks
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.alert_scenes import looks, low
from tests.core.broadcast_scenes import ANNA, VERA, deliver, ended, hire, live_at, recipients, started, work
from tests.core.frozen_scenes import claimed
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, rows
from tests.fakes import FakeClock

N = NoticeState
MAYBE = (N.UNCERTAIN, "no answer")


@pytest.fixture
async def city(core: Core) -> Core:
    await hire(core)
    for n in range(1, 5):
        await live_at(core, str(n), chats=(f"{n}0",))
    return core


@ON_POSTGRES
async def test_who_becomes_uncertain_during_an_order_is_not_sent_to_by_it(
    city: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await ended(city, {"10": MAYBE})
    await city.broadcast_orders.retry(made.number, by=ANNA, uncertain=True)
    execute = Transaction.execute

    async def and_meanwhile(tx: Transaction, statement: Any, rows: Any = None) -> Any:
        done = await execute(tx, statement, rows)
        if isinstance(statement, Insert) and statement.table is broadcast_resend:
            async with city.database.transaction() as other:
                lost = update(notice).where(notice.c.address == "20").values(state=N.UNCERTAIN)
                await other.connection.execute(lost)
        return done

    monkeypatch.setattr(Transaction, "execute", and_meanwhile)
    await work(city)
    states = {address: row.state for address, row in (await recipients(city, made)).items()}
    assert (states["10"], states["20"]) == (N.DUE, N.UNCERTAIN)


@ON_SQLITE
async def test_the_word_for_the_uncertain_is_not_for_who_becomes_so_after_it(
    city: Core, clock: FakeClock
) -> None:
    made = await ended(city, {"10": MAYBE, "20": (N.FAILED, "HTTP 500")})
    clock.shift(timedelta(minutes=1))
    await city.broadcast_orders.retry(made.number, ["HTTP 500"], by=ANNA, uncertain=True)
    clock.shift(timedelta(minutes=1))
    once = BroadcastWork(city.database, city.profile, city.clock, city.wall)
    await once.work_once(100)  # the failed one is due again
    await deliver(city, made, {"20": MAYBE})
    await work(city)
    states = {address: row.state for address, row in (await recipients(city, made)).items()}
    assert (states["10"], states["20"]) == (N.DUE, N.UNCERTAIN)


async def test_a_report_read_while_it_is_sent_has_everybody_once(
    city: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.use_cases.broadcast_lines.PAGE", 2)
    made = await started(city)
    seen = []
    async for page in city.broadcast_reports.lines(made.number, by=VERA):
        seen += [line.address for line in page]
        await deliver(city, made)
    assert sorted(seen) == ["10", "20", "30", "40"]


@ON_POSTGRES
async def test_money_and_the_sms_in_a_chats_place_do_not_wait_for_each_other(core: Core) -> None:
    """The one has the account and wants its alert, the other has the alert and names the account."""
    owner = await low(core, Money(50_00), phones=["79241234567"])
    await looks(core)
    (held,) = await claimed(core)
    has_alert, wants_alert = asyncio.Event(), asyncio.Event()

    async def blocked() -> None:
        async with core.database.transaction() as tx:
            failed = update(notice).where(notice.c.id == held.id).values(state=N.FAILED)
            await tx.execute(failed)
            has_alert.set()
            await wants_alert.wait()
            assert await fallbacks.by_sms(tx, held, core.profile, now=core.wall.now())

    async def paid() -> None:
        await has_alert.wait()
        async with core.database.transaction() as tx:
            await balances.lock(tx, AccountId(owner), core.profile)
            wants_alert.set()
            await tx.all(select(notice.c.id).where(notice.c.id == held.id).with_for_update())

    async with asyncio.timeout(20):
        await asyncio.gather(blocked(), paid())
    assert len(await rows(core, notice, parent_id=held.id)) == 1
