"""kill -9 between the claim of a broadcast, its submit_sm and its mark, with a second process at it."""

import itertools

import pytest

from commands.outside import Outside
from commands.phones import Phones
from core.clock import SystemClock
from core.notice_states import Reach
from core.states import NoticeState
from core.storage.message_tables import notice
from tests.core.frozen_scenes import Outbox, is_frozen
from tests.crash.agreed import LEASES, Scene, scene
from tests.crash.fuse import Point, both
from tests.crash.lives import PATIENCE_SECONDS, ROUNDS, both_are_bound
from tests.deadlines import until

PEOPLE = 6
ROUNDS_OF_WORK = 10
GONE = (NoticeState.SENT, NoticeState.DELIVERED)
POINTS = [*both("claim"), *both("submit", 2), *both("mark")]
_phones = (f"7925{number:07d}" for number in itertools.count())


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_skips_a_recipient_or_sends_to_one_twice(
    opened: Outside, pg_url: str, point: Point, life: int
) -> None:
    url = f"smpp://demo:demo@127.0.0.1:{opened.smpp_port}"
    async with Phones.at(opened.url) as phones, scene(pg_url, frozenset({"sms"}), smsc_url=url) as on:
        dying, living = await on.begin_both(point)
        await until(lambda: both_are_bound(phones), within=PATIENCE_SECONDS, what="both are bound")

        async def died_or_done() -> bool:
            return dying.has_died() or await _are_out(on)

        written: list[str] = []
        for _ in range(ROUNDS_OF_WORK):
            people = list(itertools.islice(_phones, PEOPLE))
            await is_frozen(Outbox(on.database, SystemClock()), (), people, reach=Reach.SMS)
            written += people
            dying.hears()
            living.hears()
            await until(died_or_done, within=PATIENCE_SECONDS, what="a death, or all are sent")
            if dying.has_died():
                break
        await on.dies(dying, point)
        living.hears(LEASES)
        await until(lambda: _are_out(on), within=PATIENCE_SECONDS, what="every recipient has an outcome")
        await living.end()
        rows = await on.rows(notice)
        assert sorted(row.address for row in rows) == sorted(written)
        for row in rows:
            heard = len(await phones.received_sms(row.address))
            sure = row.state in GONE
            assert heard == 1 if sure else (row.state == NoticeState.UNCERTAIN and heard <= 1), row.state


async def _are_out(on: Scene) -> bool:
    return all(row.state in (*GONE, NoticeState.UNCERTAIN) for row in await on.rows(notice))
