"""Telegram in trouble for longer than anybody counts: no receipt is lost, and a broadcast waits it out."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.bulk import BulkDelivery
from bot.delivery import Delivery
from bot.pace import BulkPace
from core.messages import outbox
from core.messages.outbox import LEASE
from core.settings import Settings
from core.states import NoticeState
from core.storage.message_tables import notice
from core.use_cases.sending import MAX_ATTEMPTS
from tests.bot.stand import Stand, open_stand
from tests.bot.test_bulk import CHATS, time_passes
from tests.bot.test_delivery import RECEIPT
from tests.core.frozen_scenes import is_frozen, outcomes
from tests.core.scenes import rows

MANY = 2 * MAX_ATTEMPTS
SENT, DUE, UNCERTAIN = NoticeState.SENT, NoticeState.DUE, NoticeState.UNCERTAIN


@pytest.fixture
async def stand(sqlite_url: str) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, runs=False) as opened:
        for chat in (7001, *CHATS):
            opened.api.chats.of(chat).started = True
        yield opened


@pytest.fixture
def bulk(stand: Stand, pace: BulkPace, monkeypatch: pytest.MonkeyPatch) -> BulkDelivery:
    """One at a time, and a pause is longer than it is waited out."""
    monkeypatch.setattr("bot.bulk.AT_ONCE", 1)
    monkeypatch.setattr("bot.pace.TROUBLE_SECONDS", (3.0,))
    core = stand.core
    return BulkDelivery(core.sending, core.subscribers, core.wakeups, stand.door.bot, stand.catalogues, pace)


async def _told(stand: Stand, count: int = 1) -> None:
    async with stand.core.database.transaction() as tx:
        for n in range(count):
            now = stand.clock.now()
            await outbox.add(tx, stand.person.payer, RECEIPT, key=str(n), locale="ru", now=now)


async def _works(stand: Stand, delivery: Delivery, *, rounds: int = MANY) -> None:
    for _ in range(rounds):
        delivery._pace._paused_until = 0.0
        delivery._pace.chats._buckets.clear()
        await delivery.run_once()
        stand.clock.shift(timedelta(minutes=11))


@pytest.mark.parametrize("trouble", ["429", "5xx", "token"])
async def test_a_receipt_outlasts_any_trouble_of_telegrams(
    stand: Stand, delivery: Delivery, trouble: str
) -> None:
    await _told(stand, count=2)
    token = stand.api._token
    if trouble == "token":
        stand.api._token = "4242:another"
    elif trouble == "429":
        stand.api.set_faults({"too_many_requests": {"retry_after": 1, "calls": 1000}})
    else:
        stand.api.set_faults({"server_error": {"calls": 1000}})
    await _works(stand, delivery)
    assert {row.state for row in await rows(stand.core, notice)} == {DUE}
    stand.api._token = token
    stand.api.set_faults(None)
    await _works(stand, delivery, rounds=1)
    assert {(row.state, row.repeat) for row in await rows(stand.core, notice)} == {(SENT, False)}


async def test_a_chat_that_is_slow_to_be_written_to_keeps_its_lease(stand: Stand, delivery: Delivery) -> None:
    """Two processes: what the one still waits to send the other does not send meanwhile."""
    await _told(stand, count=3)
    seconds = iter([0.0, *[LEASE.total_seconds()] * 10])
    delivery._clock = lambda: next(seconds)
    assert await delivery.run_once() == 3
    assert sorted(row.state for row in await rows(stand.core, notice)) == [DUE, DUE, SENT]
    stand.clock.shift(timedelta(seconds=1))
    delivery._clock = lambda: 0.0
    await delivery.run_once()
    assert [row.attempt for row in await rows(stand.core, notice)] == [1, 1, 1]


async def test_answers_that_are_lost_are_not_waited_for_by_a_whole_audience(
    stand: Stand, bulk: BulkDelivery
) -> None:
    stand.api.set_faults({"reset_after": {"calls": 1000}})
    await is_frozen(stand.core, CHATS)
    await bulk.run_once()
    states = [state for state, _ in (await outcomes(stand.core)).values()]
    assert (states.count(UNCERTAIN), states.count(DUE)) == (1, len(CHATS) - 1)


async def test_a_token_that_is_refused_costs_a_broadcast_nothing(
    stand: Stand, bulk: BulkDelivery, pace: BulkPace
) -> None:
    token, stand.api._token = stand.api._token, "4242:another"
    await is_frozen(stand.core, CHATS)
    for _ in range(MANY):
        time_passes(pace)
        await bulk.run_once()
        stand.clock.shift(timedelta(minutes=11))
    stand.api._token = token
    time_passes(pace)
    await bulk.run_once()
    assert {state for state, _ in (await outcomes(stand.core)).values()} == {SENT}
    assert {row.attempt for row in await rows(stand.core, notice)} == {1}
