"""Reports of broadcasts: the progress adds up, a line a recipient; the doctor finds what does not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.notice_states import BroadcastState
from core.states import NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.wiring import Core
from tests.core.broadcast_scenes import OUTCOMES, VERA, ended, recipients, seven_people, started, told_instead
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S, N = BroadcastState, NoticeState
city = seven_people


async def test_the_progress_adds_up_by_outcome(city: Core, clock: FakeClock) -> None:
    made = await started(city)
    clock.shift(timedelta(seconds=30))
    now = await city.broadcast_reports.progress(made.number, by=VERA)
    assert (now.total, now.left, now.per_second, now.eta) == (7, 7, 0.0, None)
    async with city.database.transaction() as tx:
        sent = update(notice).where(notice.c.address.in_(["10", "79140000007"]))
        await tx.execute(sent.values(state=N.SENT, sent_at=clock.now(), reason="HTTP 500"))
        for address, (state, reason) in OUTCOMES.items():
            if address != "60":
                changed = update(notice).where(notice.c.address == address)
                await tx.execute(changed.values(state=state, reason=reason))
    now = await city.broadcast_reports.progress(made.number, by=VERA)
    assert (now.sent, now.blocked, now.opted_out, now.uncertain, now.left) == (2, 1, 1, 1, 1)
    assert (now.failed, now.cancelled, now.total) == ({"HTTP 500": 1}, {}, 7)
    assert now.per_second == pytest.approx(2 / 30)
    assert now.eta == timedelta(seconds=15)
    clock.shift(timedelta(minutes=2))
    assert (await city.broadcast_reports.progress(made.number, by=VERA)).per_second == 0.0


async def test_the_report_has_a_line_a_recipient(city: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.use_cases.broadcast_lines.PAGE", 2)
    made = await ended(city, OUTCOMES)
    await told_instead(city, made, "20", N.DELIVERED)
    lines = [line async for page in city.broadcast_reports.lines(made.number, by=VERA) for line in page]
    told: dict[str, Any] = {line.address: line for line in lines}
    assert (len(lines), set(told)) == (7, set(await recipients(city, made)))
    assert (told["20"].account, told["20"].state, told["20"].reason) == ("2", N.FAILED, "blocked")
    assert (told["20"].instead, told["20"].instead_to) == (N.DELIVERED, "79140000020")
    assert (told["10"].state, told["10"].instead, told["10"].resent) == (N.SENT, None, False)
    assert [row.by for row in await rows(city, audit, action="broadcast_report")] == [VERA]


@ON_SQLITE
@pytest.mark.parametrize(
    "change, told",
    [
        ({"total": 8}, "do not add up"),
        ({"state": S.DONE}, "ended with recipients left"),
    ],
)
async def test_a_broadcast_that_does_not_add_up_is_found(
    city: Core, change: dict[str, Any], told: str
) -> None:
    made = await started(city)
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).where(broadcast.c.id == made.id).values(change))
    (found,) = await city.invariants.check()
    assert (found.code, told in found.about) == ("I9", True)
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).values(total=7, state=S.RUNNING))


@ON_SQLITE
async def test_who_was_sent_to_twice_is_found(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    twice = update(notice).where(notice.c.address.in_(["10", "30"]))
    async with city.database.transaction() as tx:
        await tx.execute(twice.values(address="10", state=N.SENT))
    assert ["two confirmed sends" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(twice.values(state=N.FAILED))
        await tx.execute(update(notice).where(notice.c.address == "40").values(repeat=True))
    assert ["uncertain send" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).values(repeat=False))
    await told_instead(city, made, "20", N.SENT)
    assert await city.invariants.check() == []
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.address == "20").values(state=N.SENT))
    assert ["had arrived" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.address == "20").values(state=N.FAILED))
