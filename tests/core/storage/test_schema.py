"""The schema: migrated and created are one, on both databases; its rules hold without the code."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from core.storage import schema
from core.storage.database import Database
from core.storage.migrate import MIGRATIONS, downgrade, upgrade
from core.storage.schema_parts import metadata
from tests.servers.postgres import Postgres

Facts = dict[str, object]


def _plain(sql: object) -> str:
    return re.sub(r"[\s\"]+", " ", str(sql)).strip()


def _clauses(sql: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE, sorted: each schema names them in its own order."""
    clauses, depth = [""], 0
    for letter in _plain(sql):
        depth += (letter == "(") - (letter == ")")
        if (letter, depth) == (",", 1) or (letter, depth) == (")", 0):
            clauses.append("")
        else:
            clauses[-1] += letter
    return sorted(_plain(clause) for clause in clauses)


def _sqlite_facts(connection: Connection) -> Facts:
    rows = connection.execute(
        text("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    )
    return {f"{kind} {name}": _clauses(sql) if kind == "table" else _plain(sql) for kind, name, sql in rows}


_CATALOGUE = {
    "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraint": (
        "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
    ),
    "trigger": (
        "SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE NOT tgisinternal"
    ),
    "function": (
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ),
    "column": (
        "SELECT table_name || '.' || column_name,"
        " concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    ),
}


def _postgres_facts(connection: Connection) -> Facts:
    return {
        f"{kind} {name}": _plain(definition)
        for kind, query in _CATALOGUE.items()
        for name, definition in connection.execute(text(query))
    }


def _facts(connection: Connection) -> Facts:
    facts = _sqlite_facts(connection) if connection.dialect.name == "sqlite" else _postgres_facts(connection)
    return {name: fact for name, fact in facts.items() if "alembic_version" not in name}


async def _look(url: str) -> Facts:
    database = Database(url)
    async with database.transaction() as tx:
        facts = await tx.connection.run_sync(_facts)
    await database.close()
    return facts


async def _create(url: str) -> None:
    database = Database(url)
    async with database.transaction() as tx:
        await tx.connection.run_sync(metadata.create_all)
    await database.close()


@contextmanager
def _empty(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    with _empty(request.param, request, tmp_path) as url:
        yield url


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_migrated_schema_is_the_created_one(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    migrated_url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgres": "pg_url"}[kind])
    with _empty(kind, request, tmp_path) as empty_url:
        await _create(empty_url)
        created = await _look(empty_url)
    migrated = await _look(migrated_url)
    assert migrated.keys() == created.keys()
    assert {name: fact for name, fact in migrated.items() if fact != created[name]} == {}
    assert any("append_only" in name or "no_update" in name for name in migrated)
    assert any("uq_payment_live" in name for name in migrated)


async def test_migrations_go_up_and_down_and_up_again(empty_url: str) -> None:
    await upgrade(empty_url)
    there = await _look(empty_url)
    await downgrade(empty_url, "base")
    assert await _look(empty_url) == {}
    await upgrade(empty_url)
    assert await _look(empty_url) == there


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


async def test_a_database_behind_or_empty_is_not_current(empty_url: str) -> None:
    database = Database(empty_url)
    assert not await schema.is_current(database)
    await upgrade(empty_url)
    assert await schema.is_current(database)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert not await schema.is_current(database)
    await database.close()


async def test_every_constraint_has_a_name(database: Database) -> None:
    def unnamed(connection: Connection) -> list[str]:
        looked = inspect(connection)
        return [
            table
            for table in looked.get_table_names()
            for named in (*looked.get_foreign_keys(table), *looked.get_check_constraints(table))
            if not named["name"]
        ]

    async with database.transaction() as tx:
        assert await tx.connection.run_sync(unnamed) == []
