"""`aliance demo`: a fresh embedded product beside the simulator, on one web page, or played through."""

import asyncio
import base64
import os
import secrets
import shutil
import socket
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import logs
from commands.demo_clock import clock_door
from commands.demo_people import USERS, accounts_in, profile_in, settle, start_bot
from commands.outside import Outside, outside
from commands.phones import Phones
from commands.run import CannotRun, prepare, serving, stop_on_signals
from commands.scenarios import play
from commands.time_travel import TimeTravel
from core.clock import MovableClock
from core.settings import Settings
from core.wiring import Core, open_core

PORT = 8090
KEPT = Path(".demo")
SAMPLE = Path(__file__).parents[1] / "core" / "profiles" / "sample_accounts.csv"
ACCOUNTS = 8  # of the sample's thousand: a journey of a month posts their fees thirty times
ACCOUNT = "100080"  # the handbook's
PASSWORD = "demo-1000"  # of every account of the sample
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Given:
    """The pieces of the outside world that the environment names instead of the simulator's."""

    smsc: bool
    bot_api: bool

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Given":
        named = {name for name, value in environment.items() if value}
        return cls("ALIANCE_SMSC_URL" in named, {"ALIANCE_TELEGRAM_API", "ALIANCE_TELEGRAM_TOKEN"} <= named)


@dataclass(frozen=True, slots=True)
class Keys:
    """Made anew for every demo; nothing real is behind them."""

    bot_token: str
    card: str
    provider: str
    ledger: str
    clock: str

    @classmethod
    def fresh(cls) -> "Keys":
        bot_token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(24)}"
        card = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return cls(bot_token, card, *_random(3))


@dataclass(frozen=True, slots=True)
class Doors:
    """What listens before the outside world starts, so that it can be told where."""

    site: socket.socket
    clock: socket.socket

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator["Doors"]:
        with socket.create_server(("127.0.0.1", 0)) as site, socket.create_server(("127.0.0.1", 0)) as clock:
            yield cls(site, clock)


async def run(*, once: bool, port: int | None, browser: bool, keep: bool) -> int:
    """Until Ctrl-C, or with `once` until the scenarios are played: then 1 where anything is off."""
    given = Given.of(os.environ)
    if port is None:
        port = 0 if once else PORT
    with _folder(keep=keep) as folder, Doors.opened() as doors:
        async with AsyncExitStack() as stack:
            _tell("starting the outside world")
            keys = Keys.fresh()
            world = await stack.enter_async_context(outside(_options(given, keys, port, doors)))
            settings = _settings(given, keys, world, folder, _url(doors.site))
            logs.configure(settings)
            clock = MovableClock()
            core = await stack.enter_async_context(_product(settings, clock, folder))
            await stack.enter_async_context(serving(core, listener=doors.site))
            await stack.enter_async_context(
                clock_door(TimeTravel(core, clock), doors.clock, token=keys.clock)
            )
            phones = await stack.enter_async_context(Phones.at(world.url))
            await _until_ready(phones, given)
            if not given.bot_api:
                await start_bot(phones)
            _tell(f"ready: {world.url}")
            if once:
                own = {"sms": not given.smsc, "telegram": not given.bot_api}
                return await play(core, phones, **own, account=ACCOUNT, password=PASSWORD)
            await _serve(world, browser=browser)
    _tell("stopped")
    return 0


async def _serve(world: Outside, *, browser: bool) -> None:
    stopped = asyncio.Event()
    stop_on_signals(stopped)
    if browser and _has_screen(os.environ):
        await asyncio.to_thread(webbrowser.open, world.url)
    _tell("Ctrl-C ends it")
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(world.process.wait())
        wanted = tasks.create_task(stopped.wait())
        await asyncio.wait({gone, wanted}, return_when=asyncio.FIRST_COMPLETED)
        ended_by_itself = gone.done()
        gone.cancel()
        wanted.cancel()
    if ended_by_itself:
        raise CannotRun("the simulator has ended")
    _tell("stopping")


@asynccontextmanager
async def _product(settings: Settings, clock: MovableClock, folder: Path) -> AsyncIterator[Core]:
    """A migrated database with the sample's first accounts, and the core on it."""
    async with AsyncExitStack() as stack:
        await prepare(stack, settings)
        core = await stack.enter_async_context(open_core(settings, clock=clock))
        report = await core.imports.run(accounts_in(folder, SAMPLE, ACCOUNTS), dry_run=False)
        assert not report.problems, "the sample fits the shipped profile"
        await settle(core)
        _tell(f"{report.created} made-up accounts; log in with {ACCOUNT} and {PASSWORD}")
        yield core


async def _until_ready(phones: Phones, given: Given) -> None:
    """Bound to the SMSC and introduced to the Bot API: what is somebody else's is not waited for."""
    async with asyncio.timeout(READY_SECONDS):
        if not given.smsc:
            await phones.until_bound()
        if not given.bot_api:
            await phones.until_commands()


def _options(given: Given, keys: Keys, port: int, doors: Doors) -> list[str]:
    return [
        f"--http-port={port}",
        "--smpp-port=0",
        f"--bot-token={keys.bot_token}",
        f"--provider-key={keys.provider}",
        f"--ledger-url={_url(doors.site)}/ledger/{ACCOUNT}?token={keys.ledger}",
        f"--clock-url={_url(doors.clock)}/clock?token={keys.clock}",
        f"--hint={ACCOUNT} · {PASSWORD}",
        f"--users={USERS}",
        *(["--no-smsc"] if given.smsc else []),
        *(["--no-bot-api"] if given.bot_api else []),
    ]


def _settings(given: Given, keys: Keys, world: Outside, folder: Path, address: str) -> Settings:
    """Nothing of an installation's .env reaches a demo, and of its environment only what is meant for it."""
    own: dict[str, Any] = {}
    if not given.smsc:
        own["smsc_url"] = f"smpp://demo:demo@127.0.0.1:{world.smpp_port}?direct=yes"
        own |= {"kannel_url": "", "aggregator_key": "", "aggregator_reply_url": ""}
    if not given.bot_api:
        own |= {"telegram_api": world.url, "telegram_token": keys.bot_token}
    if "ALIANCE_LOG_LEVEL" not in os.environ:
        own["log_level"] = "warning"
    if "ALIANCE_LOG_FORMAT" not in os.environ:
        own["log_format"] = "console"
    return Settings(
        _env_file=None,
        env="demo",
        database_url=f"sqlite+aiosqlite:///{folder / 'aliance.db'}",
        redis_url="",
        operator_profile=str(profile_in(folder)),
        telegram_webhook_url="",
        public_url=address,
        trusted_proxies="",
        ledger_token=keys.ledger,
        payment_provider="sandbox",
        sandbox_url=f"{world.url}/provider",
        sandbox_key=keys.provider,
        card_key=keys.card,
        **own,
    )


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """An empty folder: the simulator starts anew each time, and so must what it had told."""
    if not keep:
        with tempfile.TemporaryDirectory(prefix="aliance-demo-") as made:
            yield Path(made)
        return
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir()
    yield KEPT.absolute()
    _tell(f"the database stays in {KEPT}/")


def _url(door: socket.socket) -> str:
    return f"http://127.0.0.1:{door.getsockname()[1]}"


def _has_screen(environment: Mapping[str, str]) -> bool:
    """Whether a browser can open: on a bare terminal a text browser would take it over."""
    if environment.get("CI"):
        return False
    return sys.platform == "darwin" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _random(count: int) -> list[str]:
    return [secrets.token_urlsafe(24) for _ in range(count)]


def _tell(progress: str) -> None:
    print(f"demo: {progress}", flush=True)
