"""Transactions: all or nothing, one writer on SQLite, wake-ups after commits; a dying task blocks nobody."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from core.ids import new_id
from core.storage.database import Database
from core.storage.proof_tables import limit_hit
from tests.core.scenes import ON_POSTGRES, ON_SQLITE
from tests.deadlines import until

NOON = datetime(2026, 4, 27, 2, tzinfo=UTC)


async def _hit(database: Database, subject: str, at: datetime = NOON) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(limit_hit).values(id=new_id(), subject=subject, at=at))


async def _subjects(database: Database) -> set[str]:
    async with database.read() as tx:
        return {row.subject for row in await tx.all(select(limit_hit.c.subject))}


async def test_wakeups_follow_the_commit_and_never_a_rollback(database: Database) -> None:
    woken: list[set[str]] = []
    database.on_commit = woken.append

    async def changes(subject: str, *, fails: bool) -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(limit_hit).values(id=new_id(), subject=subject, at=NOON))
            tx.wake("payments")
            assert woken == []
            if fails:
                raise LookupError

    with pytest.raises(LookupError):
        await changes("rolled back", fails=True)
    assert (woken, await _subjects(database)) == ([], set())
    await changes("committed", fails=False)
    assert (woken, await _subjects(database)) == ([{"payments"}], {"committed"})


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(limit_hit).values(id=new_id(), subject="cancelled", at=NOON))
            inside.set()
            await asyncio.Event().wait()

    for _ in range(5):
        inside.clear()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(never_ends())
            await inside.wait()
            task.cancel()
    await _hit(database, "after")
    assert await _subjects(database) == {"after"}


@pytest.mark.parametrize("steps", range(1, 12))
@ON_SQLITE
async def test_a_task_cancelled_at_any_step_blocks_nobody(database: Database, steps: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_hit(database, "perhaps"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
    await _hit(database, "after")
    assert "after" in await _subjects(database)


async def test_writers_wait_for_their_turn(database: Database) -> None:
    beside = Database(database.url)

    async def adds(times: int, through: Database) -> None:
        for _ in range(times):
            async with through.transaction() as tx:
                await tx.alone("counter")
                count = len(await tx.all(select(limit_hit.c.id)))
                await tx.execute(insert(limit_hit).values(id=new_id(), subject=str(count), at=NOON))

    await asyncio.gather(*(adds(5, through) for through in (database, beside) * 4))
    await beside.close()
    assert await _subjects(database) == {str(count) for count in range(40)}


@ON_SQLITE
async def test_readers_cannot_write_and_see_the_last_commit(database: Database) -> None:
    await _hit(database, "one")
    async with database.transaction() as writing:
        await writing.execute(insert(limit_hit).values(id=new_id(), subject="two", at=NOON))
        assert await _subjects(database) == {"one"}  # a reader waits for no writer
    assert await _subjects(database) == {"one", "two"}
    async with database.read() as tx:
        with pytest.raises(OperationalError, match="readonly"):
            await tx.execute(insert(limit_hit).values(id=new_id(), subject="three", at=NOON))


@ON_SQLITE
@pytest.mark.parametrize(
    "pragma, value",
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
async def test_sqlite_is_durable_and_strict(database: Database, pragma: str, value: object) -> None:
    async with database.transaction() as tx:
        assert await tx.scalar(text(f"PRAGMA {pragma}")) == value


@ON_SQLITE
async def test_the_command_line_may_write_beside_the_process(database: Database) -> None:
    beside = Database(database.url)
    async with beside.transaction() as tx:
        await tx.execute(insert(limit_hit).values(id=new_id(), subject="beside", at=NOON))
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_hit(database, "process"))
            await until(lambda: database._writer.pool.status().count("Checked out connections: 1"))
            assert not waiting.done()
            await tx.connection.commit()
    await beside.close()
    assert await _subjects(database) == {"beside", "process"}


async def test_moments_keep_their_instant_and_come_back_in_utc(database: Database) -> None:
    east = timezone(timedelta(hours=10))
    moments = [NOON, NOON.astimezone(east), NOON + timedelta(microseconds=1), NOON - timedelta(days=20_000)]
    for number, moment in enumerate(moments):
        await _hit(database, str(number), moment)
    async with database.read() as tx:
        stored = await tx.all(select(limit_hit).order_by(limit_hit.c.at, limit_hit.c.subject))
    assert [row.subject for row in stored] == ["3", "0", "1", "2"]
    assert [row.at for row in stored] == sorted(moments)
    assert all(row.at.tzinfo is UTC for row in stored)
    with pytest.raises((StatementError, AssertionError), match="without a zone"):
        await _hit(database, "naive", NOON.replace(tzinfo=None))


@ON_POSTGRES
async def test_an_error_shows_no_parameter(database: Database) -> None:
    with pytest.raises(DBAPIError) as shown:
        await _hit(database, "79141234567" * 20)
    assert "79141234567" not in str(shown.value)
