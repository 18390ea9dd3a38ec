"""What every test can ask for: servers, databases, a clock, the wired core, a browser."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from hypothesis import settings as hypothesis_settings
from playwright.async_api import Browser, Page, async_playwright

from core import profile as operator_profile
from core.profile import Profile
from core.settings import Settings
from core.storage.database import Database
from core.storage.migrate import upgrade
from core.wiring import Core, open_core
from tests import once
from tests.fakes import FakeClock, FakeProvider
from tests.folders import quick_folder
from tests.servers import postgres as postgres_server
from tests.servers import valkey as valkey_server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

# A loaded machine is slow now and then; what takes too long shows in the run's length.
hypothesis_settings.register_profile("aliance", deadline=None)
hypothesis_settings.load_profile("aliance")

# Its default draws a traceback with all locals: a minute of CPU for one out of an event loop.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=False),
    ]
)

once.share()

ROOT = Path(__file__).parents[1]
# A test may end in the middle of things; one that lets work settle asks for all invariants itself.
UNFINISHED = {"I6", "I13"}
CHROMIUM_OPTIONS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page under test reaches this machine and nothing else.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


# Long lives, most of which is waiting. They come first, for one worker to wait in while the others work, and
# leave short tests to be shared out at the end.
LONG = ("tests/crash/", "tests/journeys/", "tests/properties/", "tests/cli/test_run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: crash points, journeys and browsers wait for most of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """No setting of the developer's shell reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("ALIANCE_") and not name.startswith("ALIANCE_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this run. Who stops or kills one starts his own: tests.servers.postgres.started()."""
    with postgres_server.given_or_started() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The Redis of this run. Who stops one starts his own: tests.servers.valkey.started()."""
    with valkey_server.given_or_started() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_postgres(postgres: Postgres) -> Iterator[str]:
    url = postgres.create_database()
    _run_apart(upgrade(url))
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "aliance.db"
    _run_apart(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def pg_url(postgres: Postgres, _migrated_postgres: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    url = postgres.create_database(_migrated_postgres)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def sqlite_url(_migrated_sqlite: Path) -> Iterator[str]:
    """A migrated SQLite file of this test's own."""
    with quick_folder() as folder:
        file = Path(folder) / "aliance.db"
        shutil.copy(_migrated_sqlite, file)
        yield f"sqlite+aiosqlite:///{file}"


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """An empty Redis."""
    valkey.flush()
    return valkey.url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each of the two databases in turn; parametrize it indirectly for one of them."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgres": "pg_url"}[request.param])
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The shipped operator."""
    return operator_profile.load()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a test; `model_copy(update=…)` changes some."""
    return Settings(_env_file=None, env="test", database_url=database_url)


@pytest.fixture
def provider(clock: FakeClock) -> FakeProvider:
    return FakeProvider(clock)


@pytest.fixture
async def core(settings: Settings, clock: FakeClock, provider: FakeProvider) -> AsyncIterator[Core]:
    """The wired core on each of the two databases, both of its clocks in the test's hand."""
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened
        broken = [each for each in await opened.invariants.check() if each.code not in UNFINISHED]
        assert broken == []


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that `make setup` found or installed."""
    noted = ROOT / ".venv" / "chromium-path"
    candidates = [
        os.environ.get("ALIANCE_TEST_CHROMIUM"),
        noted.read_text().strip() if noted.exists() else None,
        shutil.which("chromium"),
    ]
    for path in candidates:
        if path and os.access(path, os.X_OK):
            return path
    pytest.fail("no Chromium on this machine: `make setup` tries to install one, and tells why it could not")


@pytest.fixture
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_OPTIONS)
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page(locale="ru-RU", timezone_id="Asia/Vladivostok")
    yield opened
    await opened.close()


def _run_apart(work: Coroutine[object, object, None]) -> None:
    """Run to the end in a thread and a loop of its own: pytest-asyncio keeps one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
