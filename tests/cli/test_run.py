"""`aliance run` as a process: what it opens, what it refuses, how it stops."""

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from aiohttp import ClientSession

from simulator.world import Options, open_world
from tests.cli.conftest import start
from tests.deadlines import until
from tests.servers.postgres import Postgres
from tests.servers.processes import free_port

Process = subprocess.Popen[str]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts processes in the test's folder; those that still run at its end are killed."""
    started: list[Process] = []

    def run(*arguments: str, **settings: str) -> Process:
        process = start(tmp_path, *arguments, **settings)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def wait_for(process: Process, event: str) -> dict[str, Any]:
    """The first log event of that name."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("{") and (told := json.loads(line))["event"] == event:
            return dict(told)
    raise AssertionError(f"the process ended without {event!r}: {''.join(seen)}")


def stop(process: Process, sign: signal.Signals = signal.SIGTERM) -> str:
    process.send_signal(sign)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    return told


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_fresh_folder_is_served_and_a_signal_ends_it(
    launch: Callable[..., Process], tmp_path: Path, sign: signal.Signals
) -> None:
    port = free_port()
    process = launch("run", HTTP_PORT=str(port))
    assert wait_for(process, "database upgraded")
    assert wait_for(process, "started")["parts"] == ["wakeups", "jobs", "web"]
    with urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        assert json.load(answer)["database"] == "ok"
    assert [event["event"] for event in events(stop(process, sign))] == ["stopping", "stopped"]
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/health", timeout=10)
    assert (tmp_path / "aliance.db").exists()


def test_a_second_process_on_the_same_file_is_refused(
    launch: Callable[..., Process], sqlite_url: str
) -> None:
    first = launch("run", "--only", "jobs", DATABASE_URL=sqlite_url)
    wait_for(first, "started")
    second = launch("run", "--only", "jobs", DATABASE_URL=sqlite_url)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"another `aliance run` (process {first.pid}) serves {sqlite_url.partition(':///')[2]}" in told
    doctor = launch("doctor", "--invariants", DATABASE_URL=sqlite_url)
    said, _ = doctor.communicate(timeout=60)
    assert said.endswith("invariants: none\n"), "the command line works beside the process"
    stop(first)
    wait_for(launch("run", "--only", "jobs", DATABASE_URL=sqlite_url), "started")


def test_a_process_that_was_killed_leaves_no_lock(launch: Callable[..., Process], sqlite_url: str) -> None:
    first = launch("run", "--only", "jobs", DATABASE_URL=sqlite_url)
    wait_for(first, "started")
    first.kill()
    first.wait(timeout=60)
    wait_for(launch("run", "--only", "jobs", DATABASE_URL=sqlite_url), "started")


def test_several_processes_share_a_postgres_and_a_redis(
    launch: Callable[..., Process], pg_url: str, redis_url: str
) -> None:
    shared = {"DATABASE_URL": pg_url, "REDIS_URL": redis_url}
    jobs = launch("run", "--only", "jobs", **shared)
    pages = launch("run", "--only", "web", HTTP_PORT=str(free_port()), **shared)
    assert wait_for(jobs, "started")["parts"] == ["wakeups", "jobs"]
    assert wait_for(pages, "started")["parts"] == ["wakeups", "web"]
    stop(jobs)
    stop(pages)


@pytest.mark.parametrize(
    "part, needed", [("sms", "ALIANCE_SMSC_URL"), ("bot,jobs", "ALIANCE_TELEGRAM_TOKEN")]
)
def test_a_door_that_is_asked_for_needs_its_setting(
    launch: Callable[..., Process], sqlite_url: str, part: str, needed: str
) -> None:
    process = launch("run", "--only", part, DATABASE_URL=sqlite_url)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert needed in told


def test_a_postgres_that_is_not_migrated_is_not_served(
    launch: Callable[..., Process], postgres: Postgres
) -> None:
    empty = postgres.create_database()
    process = launch("run", "--only", "jobs", DATABASE_URL=empty)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "aliance migrate" in told
    postgres.drop_database(empty)


def test_a_port_that_is_taken_is_told(launch: Callable[..., Process], sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = launch("run", "--only", "web", DATABASE_URL=sqlite_url, HTTP_PORT=port)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "address already in use" in told


async def test_the_webhook_is_served_without_the_pages(
    launch: Callable[..., Process], sqlite_url: str
) -> None:
    port = free_port()
    async with open_world(
        Options(provider_key="key", bot_token="42:token-of-the-tests", smsc=False)
    ) as world:
        process = launch(
            "run",
            "--only",
            "bot",
            DATABASE_URL=sqlite_url,
            HTTP_PORT=str(port),
            TELEGRAM_TOKEN="42:token-of-the-tests",
            TELEGRAM_API=world.url,
            TELEGRAM_WEBHOOK_URL=f"http://127.0.0.1:{port}/telegram",
            TELEGRAM_WEBHOOK_SECRET="secret-of-the-tests",
        )
        started = await asyncio.to_thread(wait_for, process, "started")
        assert started["parts"] == ["wakeups", "bot", "webhook"]
        assert world.bot_api is not None
        phones = world.bot_api.phones
        phones.write(1001, "/start")
        await until(lambda: [each for each in phones.chats.of(1001).messages.values() if each.from_bot])
        async with ClientSession() as http, http.get(f"http://127.0.0.1:{port}/paid") as answer:
            assert answer.status == 404
        told = await asyncio.to_thread(stop, process)
    assert "secret-of-the-tests" not in told
    assert "42:token-of-the-tests" not in told


def test_a_process_stops_while_a_browser_follows_the_ledger(
    launch: Callable[..., Process], sqlite_url: str
) -> None:
    port = free_port()
    settings = {"DATABASE_URL": sqlite_url, "HTTP_PORT": str(port), "LEDGER_TOKEN": "ledger-token"}
    sample = Path(__file__).parents[2] / "core/profiles/sample_accounts.csv"
    assert launch("import", str(sample), **settings).wait(timeout=60) == 0
    process = launch("run", "--only", "web", **settings)
    wait_for(process, "started")
    address = f"http://127.0.0.1:{port}/ledger/100080/events?token=ledger-token"
    with urlopen(address, timeout=30) as follows:
        assert follows.readline().startswith(b"data: ")
        stop(process)
