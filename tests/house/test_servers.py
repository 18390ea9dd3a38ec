"""The servers that tests run on: real, durable, and gone with the run whatever ends it."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from tests.deadlines import until, until_now
from tests.servers import postgres as postgres_server
from tests.servers import valkey as valkey_server
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from tests.servers import {module}
with {module}.started() as server:
    print(server.{url}, flush=True)
    sys.stdin.read()
"""


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    assert parts.hostname is not None
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


@pytest.mark.parametrize("module, url", [("postgres", "url()"), ("valkey", "url")])
def test_a_server_ends_when_its_starter_is_killed(module: str, url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD.format(module=module, url=url)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        address = starter.stdout.readline().strip()
        assert _listens(address)
        starter.kill()
    until_now(lambda: not _listens(address), what=f"{module} is gone")


def test_a_killed_postgres_keeps_what_it_committed() -> None:
    with postgres_server.started() as server:
        assert server.execute("SHOW fsync") == "on"
        server.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.kill()
        server.start()
        assert server.execute("SELECT answer FROM kept") == "42"


def test_a_database_is_a_copy_of_its_template_alone(postgres: Postgres) -> None:
    first = postgres.create_database()
    second = postgres.create_database(first)
    names = [urlsplit(url).path[1:] for url in (first, second)]
    try:
        postgres.execute("CREATE TABLE mine (id int)", database=names[1])
        assert postgres.execute("SELECT to_regclass('mine') IS NULL", database=names[0]) == "t"
    finally:
        postgres.drop_database(first)
        postgres.drop_database(second)


def test_a_stopped_valkey_forgets_all() -> None:
    with valkey_server.started() as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.restart()
        assert client.get("key") is None


async def test_waiting_returns_what_it_waited_for() -> None:
    answers = iter(["", "", "there"])
    assert await until(lambda: next(answers)) == "there"


async def test_waiting_in_vain_tells_what_for() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: rain \(last seen: ''\)"):
        await until(lambda: "", within=0.05, what="rain")
