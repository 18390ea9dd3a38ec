"""What the product makes once a process, and nearly every test would make anew: made once a worker."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from handlers.locale import Catalogues
from handlers.sms import dispatch
from handlers.sms.echoes import Echoes

_compiled: dict[Any, Any] = {}


def share() -> None:
    _share_statements()
    _share_words()


def _share_statements() -> None:
    """Let all engines of a dialect, which the tests never configure apart, share what is compiled."""
    for dialect in (PGDialect_asyncpg, SQLiteDialect_aiosqlite):
        # A compiled statement is found by its dialect too, which compares by identity.
        for name, method in (("__eq__", _is_same_kind), ("__hash__", _kind)):
            setattr(dialect, name, method)
    event.listen(Engine, "engine_connect", _use_shared)


def _share_words() -> None:
    """Read each catalogue once, and learn once what all of its texts sound like."""
    for method in (Catalogues.texts, Catalogues._read):
        setattr(Catalogues, method.__name__, _once_a_folder(method))
    made: dict[object, Echoes] = {}

    def echoes(said: list[str], dialect: Any) -> Echoes:
        key = (*said, repr(dialect))
        if key not in made:
            made[key] = Echoes(said, dialect)
        return made[key]

    setattr(dispatch, Echoes.__name__, echoes)


def _once_a_folder(read: Callable[..., Any]) -> Callable[..., Any]:
    @cache
    def once(folder: Path, *of: str) -> Any:
        return read(Catalogues(ZoneInfo("UTC"), folder), *of)

    return lambda catalogues, *of: once(catalogues._folder, *of)


def _use_shared(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)


def _is_same_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _kind(dialect: object) -> int:
    return hash(type(dialect))
