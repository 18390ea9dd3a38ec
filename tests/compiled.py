"""Statements compiled once a worker: SQLAlchemy keeps them an engine, and nearly every test opens its own."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

_compiled: dict[Any, Any] = {}


def share() -> None:
    """Let all engines of a dialect, which the tests never configure apart, share what is compiled."""
    for dialect in (PGDialect_asyncpg, SQLiteDialect_aiosqlite):
        # A compiled statement is found by its dialect too, which compares by identity.
        for name, method in (("__eq__", _is_same_kind), ("__hash__", _kind)):
            setattr(dialect, name, method)
    event.listen(Engine, "engine_connect", _use_shared)


def _use_shared(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)


def _is_same_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _kind(dialect: object) -> int:
    return hash(type(dialect))
