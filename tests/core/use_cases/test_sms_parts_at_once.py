"""Parts of long SMS at once: of one sender one is stored or dropped at a time, whichever process has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from core.settings import Settings
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming, sms_part, sms_part_joined
from core.use_cases.sms_part_meeting import PARTS_LIVE
from core.use_cases.sms_parts import SmsParts
from core.wiring import Core
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, processes, rows
from tests.core.use_cases.test_sms_parts import PHONE, SECOND, joined, piece
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider


class Between(Database):
    """A database that lets something happen when a look into it has ended."""

    def __init__(self, core: Core, then: Callable[[], Awaitable[object]]) -> None:
        super().__init__(core.settings.database_url)
        self.then = then

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        async with super().read() as tx:
            yield tx
        await self.then()


@ON_SQLITE
async def test_a_part_that_comes_while_its_reference_is_given_up_stays(core: Core, clock: FakeClock) -> None:
    parts = core.receiving.parts
    await parts.keep(piece("k", 1, 2, b"old"))
    clock.shift(PARTS_LIVE + SECOND)
    database = Between(core, lambda: parts.keep(piece("k", 1, 2, b"new")))
    try:
        await SmsParts(database, clock).forget_once()
    finally:
        await database.close()
    assert [row.reason for row in await rows(core, incoming)] == ["1 of 2 parts came"]
    assert await joined(parts, piece("k", 2, 2, b" text")) == [b"new", b" text"]


@ON_POSTGRES
async def test_parts_that_come_at_once_are_seen_whole_by_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as cores:
        for text in range(8):
            whole = await asyncio.gather(
                *(cores[n % 2].receiving.parts.keep(piece(f"k{text}", n, 3, b"%d" % n)) for n in (1, 2, 3))
            )
            assert [each.octets for each in whole if each] == [[b"1", b"2", b"3"]]


@ON_POSTGRES
async def test_parts_that_each_make_room_for_themselves_do_not_wait_for_each_other(
    core: Core,
    settings: Settings,
    clock: FakeClock,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.use_cases.sms_parts.PARTS_OF_A_SENDER", 4)
    async with processes(settings, clock, provider, count=2) as cores:
        pieces = [piece(f"k{n % 5}", 1 + n // 5, 255, b"x") for n in range(30)]
        await asyncio.gather(*(cores[n % 2].receiving.parts.keep(each) for n, each in enumerate(pieces)))
    assert len(await rows(core, sms_part)) <= 4


@ON_POSTGRES
async def test_two_rounds_give_a_text_up_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    for n in range(5):
        await core.receiving.parts.keep(piece(f"k{n}", 1, 2, b"x"))
    clock.shift(PARTS_LIVE + SECOND)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(*(each.receiving.parts.forget_once() for each in cores))
    assert len(await rows(core, incoming)) == 5


@ON_POSTGRES
@pytest.mark.parametrize("what", ["keep", "drop"])
async def test_who_keeps_or_drops_a_senders_part_waits_for_who_does_so_before(core: Core, what: str) -> None:
    parts, last = core.receiving.parts, piece("k", 2, 2, b"2")
    await parts.keep(piece("k", 1, 2, b"1"))
    assert await joined(parts, last) == [b"1", b"2"]

    async def waits() -> bool:
        async with core.database.read() as tx:
            asked = text(
                "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
                " where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
            )
            return bool((await tx.execute(asked)).scalar())

    async with asyncio.TaskGroup() as tasks, core.database.transaction() as tx:
        await tx.alone(f"sms_part:{PHONE}")
        doing = tasks.create_task(joined(parts, last) if what == "keep" else parts.drop(last, [b"1", b"2"]))
        await until(waits)
        assert not doing.done()
        assert await rows(core, sms_part_joined) == []
    assert len(await rows(core, sms_part)) == (2 if what == "keep" else 0)
