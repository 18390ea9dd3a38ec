"""The HTTP door on loopback, over a core with two accounts and the sandbox provider's signatures."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import argon2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.payments.sandbox import Sandbox
from core.profile import Profile
from core.settings import Settings
from core.wiring import Core, open_core
from handlers.locale import Catalogues
from tests.fakes import FakeClock
from web.app import make_app

Client = TestClient[web.Request, web.Application]
Serve = Callable[["Core"], Awaitable[Client]]

PASSWORD = "wonder.wall-7"
KEY = "key-of-the-sandbox"
LEDGER_TOKEN = "ledger-token"
COLUMNS = (
    "number,login,password_hash,holder,city,street,house,flat,email,phones,tariff,tariff_next,"
    "state,opening_balance"
)
HASH = argon2.PasswordHasher().hash(PASSWORD)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(
        _env_file=None,
        env="test",
        database_url=sqlite_url,
        public_url="http://aliance.test",
        ledger_token=LEDGER_TOKEN,
        trusted_proxies="10.0.0.0/8",
    )


@pytest.fixture
async def core(settings: Settings, clock: FakeClock, profile: Profile, tmp_path: Path) -> AsyncIterator[Core]:
    # Nothing listens there: what the provider tells comes by callbacks alone.
    sandbox = Sandbox(
        url="http://127.0.0.1:9",
        key=KEY,
        merchant=profile.demo_merchant,
        public_url=settings.public_url,
    )
    async with open_core(settings, clock=clock, wall=clock, providers=[sandbox]) as opened:
        file = tmp_path / "accounts.csv"
        file.write_text(
            f'{COLUMNS}\n100080,alpha,"{HASH}",A,V,S,1,1,,79140000001,moskva,,active,198.19\n',
            encoding="utf-8",
        )
        assert not (await opened.imports.run(file, dry_run=False)).problems
        yield opened
        assert await opened.invariants.check() == []


@pytest.fixture
async def open_client(core: Core) -> AsyncIterator[Serve]:
    """Serves another core's pages, such as one with other settings."""
    opened: list[Client] = []

    async def serve(of: Core) -> Client:
        client = TestClient(TestServer(make_app(of, Catalogues(of.profile.zone))))
        await client.start_server()
        opened.append(client)
        return client

    yield serve
    for client in opened:
        await client.close()


@pytest.fixture
async def client(core: Core, open_client: Serve) -> Client:
    return await open_client(core)
