"""A database a Hypothesis example: function-scoped fixtures would serve all examples of a test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.folders import quick_folder

FreshDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def fresh_database(request: pytest.FixtureRequest) -> FreshDatabase:
    """Migrated SQLite files, each gone at the end of its `with`."""
    migrated: Path = request.getfixturevalue("_migrated_sqlite")

    @contextmanager
    def fresh() -> Iterator[str]:
        with quick_folder() as folder:
            shutil.copy(migrated, f"{folder}/aliance.db")
            yield f"sqlite+aiosqlite:///{folder}/aliance.db"

    return fresh
