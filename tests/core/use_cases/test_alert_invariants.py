"""I10 goes red when it is broken by hand; of a night's alerts about one account the last one is told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from core.ids import Payer, new_id
from core.money import Money
from core.settings import Settings
from core.states import NoticeState
from core.storage.alert_tables import alert_episode
from core.storage.message_tables import notice
from core.storage.tables import account
from core.wiring import Core, open_core
from tests.core.alert_scenes import alerts, episodes, goes, looks, low
from tests.core.frozen_scenes import claimed
from tests.core.scenes import CHAT, ON_SQLITE
from tests.fakes import FakeClock, FakeProvider

OTHER = Payer.telegram(101)


@pytest.fixture
async def house(settings: Settings, clock: FakeClock, provider: FakeProvider) -> AsyncIterator[Core]:
    """A core that nobody asks for its invariants at the end, with an alert told to two people."""
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        await low(opened, Money(50_00), people=(CHAT, OTHER))
        await looks(opened)
        yield opened


async def _told_twice(core: Core) -> None:
    first, second = await alerts(core)
    async with core.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == second.id).values(address=first.address))


async def _told_twice_by_sms(core: Core) -> None:
    first, second = await alerts(core)
    again = first._asdict() | {"id": new_id(), "dedupe_key": "again", "parent_id": second.id}
    async with core.database.transaction() as tx:
        await tx.execute(insert(notice).values(again))


async def _two_episodes_at_once(core: Core) -> None:
    async with core.database.transaction() as tx:
        (first, *_) = await tx.all(alert_episode.select().where(alert_episode.c.told > 0))
        later = {"id": new_id(), "told": 0, "opened_at": core.clock.now()}
        closed = update(alert_episode).where(alert_episode.c.id == first.id)
        await tx.execute(closed.values(closed_at=core.clock.now() + timedelta(hours=1)))
        await tx.execute(insert(alert_episode).values(first._asdict() | later))


async def _notice_gone(core: Core) -> None:
    first, _ = await alerts(core)
    async with core.database.transaction() as tx:
        await tx.execute(delete(notice).where(notice.c.id == first.id))


async def _counted_otherwise(core: Core) -> None:
    async with core.database.transaction() as tx:
        await tx.execute(update(account).values(alerts=0))


@pytest.mark.parametrize(
    "breaks, about",
    [
        (_told_twice, "told twice"),
        (_told_twice_by_sms, "told twice"),
        (_two_episodes_at_once, "two episodes"),
        (_notice_gone, "not those of its episodes"),
        (_counted_otherwise, "counts other episodes"),
    ],
)
async def test_a_broken_rule_of_alerts_is_told(house: Core, breaks: Any, about: str) -> None:
    assert await house.invariants.check() == []
    await breaks(house)
    found = await house.invariants.check()
    assert [each.code for each in found] == ["I10"]
    assert about in found[0].about


async def test_of_what_begins_in_one_night_the_morning_brings_the_last(core: Core, clock: FakeClock) -> None:
    goes(core, clock, "2026-06-01T22:30")
    await low(core, Money(5_00))
    await looks(core)
    goes(core, clock, "2026-06-02T08:00")
    await looks(core)
    assert [(row.params["kind"], row.state, row.reason) for row in await alerts(core)] == [
        ("days", NoticeState.CANCELLED, "overtaken"),
        ("negative", NoticeState.DUE, None),
    ]
    goes(core, clock, "2026-06-02T09:00")
    assert [held.params["kind"] for held in await claimed(core)] == ["negative"]
    assert len(await episodes(core)) == 3


@ON_SQLITE
async def test_what_is_being_sent_is_not_called_back_by_the_next(core: Core, clock: FakeClock) -> None:
    goes(core, clock, "2026-06-01T21:59")
    await low(core, Money(5_00))
    await looks(core)
    (held,) = await claimed(core)
    goes(core, clock, "2026-06-02T08:00")
    await looks(core)
    await core.sending.sent([(held, "7")])
    assert [row.state for row in await alerts(core)] == [NoticeState.SENT, NoticeState.DUE]


async def test_in_the_morning_an_alert_tells_the_balance_of_the_morning(core: Core, clock: FakeClock) -> None:
    goes(core, clock, "2026-06-01T22:30")
    owner = await low(core, Money(118_60))
    goes(core, clock, "2026-06-01T23:00")
    await looks(core)
    (stored,) = await alerts(core)
    assert stored.params["days"] == 3
    goes(core, clock, "2026-06-02T09:00")
    (held,) = await claimed(core)
    screen = await core.accounts.screen(owner)
    assert held.params["balance"] == screen.balance.kopecks < stored.params["balance"]
    assert (held.params["days"], held.params["kind"]) == (screen.days_until_block, "days")
    assert held.params["episode"] == stored.params["episode"]


@ON_SQLITE
async def test_an_alert_of_a_tariff_that_is_gone_goes_as_it_was_stored(core: Core, clock: FakeClock) -> None:
    await low(core, Money(50_00))
    await looks(core)
    async with core.database.transaction() as tx:
        await tx.execute(update(account).values(tariff="long gone"))
    (held,) = await claimed(core)
    assert held.params["balance"] == 50_00
    async with core.database.transaction() as tx:
        await tx.execute(update(account).values(tariff="moskva"))
