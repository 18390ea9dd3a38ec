"""`aliance run`: the doors and jobs that are asked for and configured, in one process."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog

from commands import collector, lock
from core.settings import Settings
from core.storage.database import Database
from core.storage.schema import is_current
from core.wiring import Core, open_core
from handlers.locale import Catalogues

if TYPE_CHECKING:
    from aiohttp import web

EVERYTHING = frozenset({"bot", "sms", "web", "jobs"})
STOP_SECONDS = 20.0  # for each part to finish what it holds: two of the SMS door's windows, and a little

log = structlog.get_logger()


class CannotRun(Exception):
    """Why this process does not start; the text is for the operator."""


async def run(settings: Settings, *, only: frozenset[str]) -> None:
    """Serve until SIGTERM or SIGINT; the parts of `only`, or all that are configured where it is empty."""
    check_parts(settings, only)
    stopped = asyncio.Event()
    stop_on_signals(stopped)
    async with AsyncExitStack() as stack:
        await prepare(stack, settings)
        core = await stack.enter_async_context(open_core(settings))
        await stack.enter_async_context(serving(core, only=only or EVERYTHING))
        await stopped.wait()
        log.info("stopping")
    log.info("stopped")


async def prepare(stack: AsyncExitStack, settings: Settings) -> None:
    """Take the embedded database for this process and bring it up to date; others must be so already."""
    file = lock.database_file(settings.database_url)
    if file is not None:
        stack.enter_context(lock.held(file))
    database = Database(settings.database_url)
    try:
        current = await is_current(database)
    finally:
        await database.close()
    if current:
        return
    if not settings.embedded:
        raise CannotRun("the database is not at the newest schema: run `aliance migrate` first")
    from core.storage.migrate import upgrade  # Alembic costs half a second of CPU

    await upgrade(settings.database_url)
    log.info("database upgraded")


@asynccontextmanager
async def serving(
    core: Core, *, only: frozenset[str] = EVERYTHING, listener: socket.socket | None = None
) -> AsyncIterator[None]:
    """The parts at work while the block runs; at its end each finishes what it holds, last started first.

    The trouble of a part that ends by itself ends the block. Doors are imported where they are opened:
    aiogram alone costs seconds and 165 MB.
    """
    settings, catalogues = core.settings, Catalogues(core.profile.zone)
    async with asyncio.TaskGroup() as tasks, AsyncExitStack() as stack:
        parts = _Parts(tasks, stack)
        parts.start("wakeups", core.wakeups.run())
        if "jobs" in only:
            parts.start("jobs", core.jobs.run())
        routes: list[web.RouteDef] = []
        if "sms" in only and settings.sends_sms:
            from sms_gateway.door import SmsDoor

            sms = SmsDoor(core, catalogues)
            if settings.takes_sms_by_http:
                from web.client import Proxies

                routes += sms.routes(Proxies.parse(settings.trusted_proxies).client)
            parts.start("sms", sms.run())
        if "bot" in only and settings.telegram_token.get_secret_value():
            from bot.door import TelegramDoor

            bot = TelegramDoor(core, catalogues)
            routes += bot.routes()
            parts.start("bot", bot.run())
        if "web" in only or routes:
            from commands.site import site

            pages = "web" in only
            address = await stack.enter_async_context(site(core, catalogues, routes, listener, pages=pages))
            parts.names.append("web" if pages else "webhook")
            log.info("listening", address=address)
        collector.begin()
        log.info("started", parts=parts.names)
        yield


class _Parts:
    """Tasks that are stopped one by one, the last started first."""

    def __init__(self, tasks: asyncio.TaskGroup, stack: AsyncExitStack) -> None:
        self.names: list[str] = []
        self._tasks = tasks
        self._stack = stack

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(work, name=name)
        self._stack.push_async_callback(self._stop, task)
        self.names.append(name)

    async def _stop(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        _, late = await asyncio.wait({task}, timeout=STOP_SECONDS)
        if late:
            log.error("a part does not stop", part=task.get_name())
            task.cancel()


def check_parts(settings: Settings, only: frozenset[str]) -> None:
    """Raises CannotRun where a part is asked for by name and cannot work."""
    if "sms" in only and not settings.sends_sms:
        raise CannotRun("the SMS door needs ALIANCE_SMSC_URL, or another way out: .env.example")
    if "sms" in (only or EVERYTHING) and settings.sends_sms:
        from sms_gateway.configured import ways_of

        try:
            ways_of(settings)
        except ValueError as wrong:
            raise CannotRun(str(wrong)) from wrong
    if "bot" in only and not settings.telegram_token.get_secret_value():
        raise CannotRun("the Telegram door needs ALIANCE_TELEGRAM_TOKEN")


def stop_on_signals(stopped: asyncio.Event) -> None:
    """The first signal asks to stop, a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def ask(sign: signal.Signals) -> None:
        stopped.set()
        loop.remove_signal_handler(sign)

    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ask, sign)
