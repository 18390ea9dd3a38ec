"""kill -9 between the claim of a receipt, its submit_sm and its mark, with a second process at the outbox."""

import itertools

import pytest

from commands.outside import Outside
from commands.phones import Phones
from core.states import NoticeState
from core.storage.message_tables import notice
from tests.crash.agreed import Scene, scene
from tests.crash.fuse import Point, both
from tests.crash.lives import PATIENCE_SECONDS, ROUNDS, both_are_bound
from tests.deadlines import until

PEOPLE = 8
ROUNDS_OF_WORK = 10
GONE = (NoticeState.SENT, NoticeState.DELIVERED)
POINTS = [*both("claim"), *both("submit"), *both("submit", 2), *both("mark")]
_phones = (f"7924{number:07d}" for number in itertools.count())


@pytest.mark.parametrize("life", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_no_death_leaves_a_receipt_unsent_or_repeats_it_unmarked(
    opened: Outside, pg_url: str, point: Point, life: int
) -> None:
    url = f"smpp://demo:demo@127.0.0.1:{opened.smpp_port}"
    async with Phones.at(opened.url) as phones, scene(pg_url, frozenset({"jobs", "sms"}), smsc_url=url) as on:
        dying, living = await on.begin_both(point)
        await until(lambda: both_are_bound(phones), within=PATIENCE_SECONDS, what="both are bound")

        async def died_or_done() -> bool:
            return dying.has_died() or await _all_are_told(on)

        # On a busy machine one of the two may take all of it: work comes until the other has died of it.
        for _ in range(ROUNDS_OF_WORK):
            await on.agree(["succeeded"] * PEOPLE, list(itertools.islice(_phones, PEOPLE)))
            dying.hears()
            living.hears()
            await until(died_or_done, within=PATIENCE_SECONDS, what="a death, or all receipts")
            if dying.has_died():
                break
        await on.dies(dying, point)
        await on.recovers(living)
        await on.settles(living)
        await until(lambda: _all_are_told(on), within=PATIENCE_SECONDS, what="all receipts are sent")
        await living.end()
        for row in await on.rows(notice):
            heard = len(await phones.received_sms(row.address))
            assert heard == 1 or (heard == 2 and row.repeat), (row.template, heard)
        await on.prove()


async def _all_are_told(on: Scene) -> bool:
    rows = await on.rows(notice)
    return len(rows) == len(on.agreed) and all(row.state in GONE for row in rows)
