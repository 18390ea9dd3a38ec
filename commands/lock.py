"""One embedded process a database file: SQLite has one writer, and the queues' leases one owner."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


class AlreadyRunning(Exception):
    """Another process serves this database file."""

    def __init__(self, database: Path, holder: str) -> None:
        self.database = database
        who = f" (process {holder})" if holder else ""
        super().__init__(
            f"another `aliance run`{who} serves {database}: stop it first, or take PostgreSQL to run several"
        )


def database_file(url: str) -> Path | None:
    """The file behind an SQLite address; None for a database in memory or on a server."""
    name = make_url(url).database if url.startswith("sqlite") else None
    return None if not name or name == ":memory:" else Path(name).absolute()


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Hold the lock file beside the database; raises AlreadyRunning. The kernel frees it with the process."""
    path = database.with_name(f"{database.name}.lock")
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(database, file.read(20).strip()) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
