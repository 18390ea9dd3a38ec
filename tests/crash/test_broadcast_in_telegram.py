"""kill -9 in a broadcast's start, between the chunks of its freeze, at claim, send and mark in Telegram."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from commands.outside import Outside
from core.notice_states import BroadcastState
from core.states import NoticeState
from core.storage.message_tables import notice
from tests.core.broadcast_scenes import ANNA
from tests.core.scenes import rows
from tests.crash import chat
from tests.crash.chat import ALL, CHUNK, JOBS, PEOPLE, Chat
from tests.crash.fuse import Point, both
from tests.crash.lives import PATIENCE_SECONDS, ROUNDS, Life
from tests.deadlines import until

S = BroadcastState
# What each death leaves of the broadcast, and how many recipients: a life goes on where the last one died.
START = ((Point("start", 1, "before"), S.DRAFT), (Point("start", 1, "after"), S.SCHEDULED))
FREEZE = (
    (Point("freeze", 1, "before"), S.SCHEDULED, 0),
    (Point("freeze", 1, "after"), S.FREEZING, 0),
    (Point("freeze", 2, "before"), S.FREEZING, CHUNK),
    (Point("freeze", 1, "after"), S.FREEZING, 2 * CHUNK),
    (Point("freeze", 2, "before"), S.FREEZING, PEOPLE),
    (Point("freeze", 1, "after"), S.RUNNING, PEOPLE),
)
SENDING = (*both("claim"), *both("send", 2), *both("mark"))
# An alert is claimed and marked as a broadcast is: here is what is its own, and what leaves it in doubt.
ALERTING = (*both("alert"), Point("claim", 1, "after"), Point("send", 1, "after"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telegram() -> AsyncIterator[Outside]:
    async with chat.world() as outside:
        yield outside


@pytest.mark.parametrize("life", range(ROUNDS))
async def test_no_death_in_a_start_or_a_freeze_skips_or_doubles_a_recipient(
    telegram: Outside, pg_url: str, life: int
) -> None:
    async with chat.chat(telegram, pg_url) as on:
        number = (await on.drafted()).number
        for point, state in START:
            await on.dies(point, JOBS, partial(chat.start, number))
            assert (await on.core.broadcasts.get(number, by=ANNA)).state == state, point
        for point, state, total in FREEZE:
            await on.dies(point, JOBS)
            of = await on.core.broadcasts.get(number, by=ANNA)
            assert (of.state, of.total) == (state, total), point
            assert len(await rows(on.core, notice)) == total, point
        living = await _ends(on)
        assert await on.prove(number) == 0
        await living.end()


@pytest.mark.parametrize("life", range(ROUNDS))
async def test_no_death_at_the_telegram_door_skips_a_recipient_or_sends_to_one_twice(
    telegram: Outside, pg_url: str, life: int
) -> None:
    async with chat.chat(telegram, pg_url) as on:
        for point in SENDING:
            await on.scheduled()
            await on.dies(point, ALL)
        living = await _ends(on)
        uncertain = {number: await on.prove(number) for number in on.texts}
        assert any(uncertain.values()), "no death left anybody in doubt"
        for number in (number for number, n in uncertain.items() if n):
            await on.core.broadcast_orders.retry(number, by=ANNA, uncertain=True)
        await until(on.is_over, within=PATIENCE_SECONDS, what="the uncertain are sent to again")
        for number, n in uncertain.items():
            await on.prove_resent(number, n)
        await living.end()


@pytest.mark.parametrize("life", range(ROUNDS))
async def test_no_death_tells_an_episode_twice_or_never(telegram: Outside, pg_url: str, life: int) -> None:
    async with chat.chat(telegram, pg_url) as on:
        for point in ALERTING:
            await on.gets_low()
            await on.dies(point, ALL)
        living = await _ends(on)
        told = await rows(on.core, notice)
        assert len(told) == len(on.low)
        for row in told:
            heard = await on.heard(int(row.address), row.params["number"])
            sure = row.state == NoticeState.SENT
            assert heard == 1 if sure else (row.state == NoticeState.UNCERTAIN and heard <= 1), (heard, row)
        await living.end()


async def _ends(on: Chat) -> Life:
    """A life that dies of nothing, until all is over."""
    living = on.begin(None, ALL, later=True)
    await until(on.is_over, within=PATIENCE_SECONDS, what="every recipient has an outcome")
    assert await on.broken() == []
    return living
