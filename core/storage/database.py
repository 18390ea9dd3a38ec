"""The databases: one writer on SQLite, a pool on PostgreSQL, and the only way to commit."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Executable, Row, event, func, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

POOL_CONNECTIONS = 16  # asyncpg connections a process; two cores gain nothing from more
READ_CONNECTIONS = 4  # SQLite readers, beside its one writer
POOL_WAIT_SECONDS = 60
BUSY_MILLISECONDS = 5000  # how long SQLite waits for the CLI that writes beside the process


class Transaction:
    """An open transaction, with the topics to wake once it has committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.wakes: set[str] = set()

    @property
    def sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    async def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        return await self.connection.execute(statement, rows)

    async def first(self, statement: Executable, values: Any = None) -> Row[Any] | None:
        return (await self.connection.execute(statement, values)).first()

    async def one(self, statement: Executable, values: Any = None) -> Row[Any]:
        return (await self.connection.execute(statement, values)).one()

    async def all(self, statement: Executable, values: Any = None) -> list[Row[Any]]:
        return list((await self.connection.execute(statement, values)).all())

    async def scalar(self, statement: Executable, values: Any = None) -> Any:
        return (await self.connection.execute(statement, values)).scalar()

    async def alone(self, name: str) -> None:
        """Wait for every other transaction that is at the same; SQLite's are one after another anyway."""
        if not self.sqlite:
            key = func.hashtextextended(name, 0)
            await self.connection.execute(select(func.pg_advisory_xact_lock(key)))

    def wake(self, topic: str) -> None:
        self.wakes.add(topic)


class Database:
    """Transactions that commit on leaving; `read()` for what only looks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.on_commit: Callable[[set[str]], None] = lambda topics: None
        if self.sqlite:
            self._writer = sqlite_engine(url, size=1)
            self._reader = sqlite_engine(url, size=READ_CONNECTIONS, read_only=True)
        else:
            self._writer = create_async_engine(
                url,
                pool_size=POOL_CONNECTIONS,
                max_overflow=0,
                pool_timeout=POOL_WAIT_SECONDS,
                hide_parameters=True,  # an error in the log shows no text and no phone
            )
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits on leaving, rolls back on an exception, then wakes who waits for the change."""
        async with self._writer.begin() as connection:
            tx = Transaction(connection)
            yield tx
        if tx.wakes:
            self.on_commit(tx.wakes)

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[Transaction]:
        """For a change that PostgreSQL makes in one statement: it commits as it runs, BEGIN and COMMIT saved.

        SQLite, which needs more statements for the same, gets a whole transaction.
        """
        if self.sqlite:
            async with self.transaction() as tx:
                yield tx
            return
        async with self._reader.connect() as connection:
            tx = Transaction(connection)
            yield tx
        self.on_commit(tx.wakes)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A look at committed rows; each statement sees its own moment."""
        async with self._reader.connect() as connection:
            yield Transaction(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """A look at the rows of one moment, however many statements it takes."""
        if self.sqlite:
            async with self._reader.connect() as connection:
                await connection.exec_driver_sql("BEGIN")
                try:
                    yield Transaction(connection)
                finally:
                    await connection.exec_driver_sql("ROLLBACK")
            return
        async with self._writer.begin() as connection:
            await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield Transaction(connection)

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


def sqlite_engine(url: str, *, size: int, read_only: bool = False, foreign_keys: bool = True) -> AsyncEngine:
    """An engine whose connections all have our pragmas; migrations alone lift the foreign keys."""
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT" if read_only else None,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours to say
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            "recursive_triggers = ON",
            f"query_only = {'ON' if read_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if not read_only:

        @event.listens_for(engine.sync_engine, "begin")
        def begin_immediate(connection: Any) -> None:
            # Deferred transactions that upgrade fail at once instead of waiting their turn.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
