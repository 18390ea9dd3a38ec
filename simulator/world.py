"""The demo's outside world in one piece: Bot API, SMSC, provider and page, opened and closed in order."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from yarl import URL

from simulator.bot_api.files import REQUEST_BYTES
from simulator.bot_api.server import BotApi
from simulator.bus import Bus
from simulator.clock import ClockRoutes, open_clock
from simulator.faults import Faults
from simulator.phone_routes import PhoneRoutes, Switch
from simulator.phones import SmsPhones
from simulator.provider.callbacks import PAUSES_SECONDS
from simulator.provider.sandbox import Sandbox, open_sandbox
from simulator.smsc import REPEAT_SECONDS, Smsc, open_smsc

PAGE = Path(__file__).parent / "page"
STOP_SECONDS = 1  # what an answer that is under way may still take at the end


@dataclass(frozen=True, slots=True)
class Person:
    """A Telegram user by id, or an SMS phone by number, and the name that the page shows."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Options:
    provider_key: str = field(repr=False)
    bot_token: str = field(default="", repr=False)  # empty: no Bot API server
    smsc: bool = True
    system_id: str = "demo"
    password: str = field(default="demo", repr=False)
    host: str = "127.0.0.1"
    http_port: int = 0
    smpp_port: int = 0
    public_url: str = ""
    ledger_url: str = ""
    clock_url: str = field(default="", repr=False)
    hint: str = ""
    short_code: str = "3116"
    sms_example: str = "aliance 100080 100"
    users: tuple[Person, ...] = ()
    phones: tuple[Person, ...] = ()
    repeat_seconds: float = REPEAT_SECONDS
    callback_pauses: tuple[float, ...] = PAUSES_SECONDS


@dataclass(frozen=True, slots=True)
class World:
    http_port: int
    smpp_port: int | None
    bus: Bus
    sms_phones: SmsPhones
    provider: Sandbox
    smsc: Smsc | None
    bot_api: BotApi | None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"


def wall_clock() -> datetime:
    return datetime.fromtimestamp(time.time(), tz=UTC)


@asynccontextmanager
async def open_world(options: Options) -> AsyncIterator[World]:
    bus = Bus()
    phones = SmsPhones(bus, wall_clock)
    async with AsyncExitStack() as stack:
        smsc = await _open_smsc(stack, phones, options) if options.smsc else None
        provider = await _open_provider(stack, bus, options)
        bot_api = await _open_bot_api(stack, bus, options) if options.bot_token else None
        clock = await stack.enter_async_context(open_clock(options.clock_url))
        app = _app(bus, phones, smsc, provider, bot_api, clock, options)
        port = await _serve(stack, app, options)
        yield World(port, smsc.port if smsc else None, bus, phones, provider, smsc, bot_api)


async def _open_smsc(stack: AsyncExitStack, phones: SmsPhones, options: Options) -> Smsc:
    return await stack.enter_async_context(
        open_smsc(
            phones,
            host=options.host,
            port=options.smpp_port,
            system_id=options.system_id,
            password=options.password,
            now=wall_clock,
            repeat_seconds=options.repeat_seconds,
        )
    )


async def _open_provider(stack: AsyncExitStack, bus: Bus, options: Options) -> Sandbox:
    return await stack.enter_async_context(
        open_sandbox(
            bus,
            key=options.provider_key,
            now=wall_clock,
            public_url=options.public_url,
            pauses=options.callback_pauses,
        )
    )


async def _open_bot_api(stack: AsyncExitStack, bus: Bus, options: Options) -> BotApi:
    bot_api = BotApi(options.bot_token, bus=bus.publish)
    await stack.enter_async_context(bot_api.running())
    return bot_api


def _app(
    bus: Bus,
    phones: SmsPhones,
    smsc: Smsc | None,
    provider: Sandbox,
    bot_api: BotApi | None,
    clock: ClockRoutes,
    options: Options,
) -> web.Application:
    switches = {"provider": _switch(provider.faults)}
    if smsc is not None:
        switches["smsc"] = _switch(smsc.faults, cut=smsc.cut)
    if bot_api is not None:
        switches["bot_api"] = bot_api.set_faults
    app = web.Application(client_max_size=REQUEST_BYTES)
    app.add_routes([web.get("/", _index(options)), web.static("/page", PAGE)])
    app.add_routes([*provider.routes, *clock.routes()])
    app.add_routes(PhoneRoutes(bus, phones, smsc, config=_config(options), switches=switches).routes())
    if bot_api is not None:
        app.add_routes([*bot_api.routes(), *bot_api.phone_routes()])

    async def let_go(_: web.Application) -> None:
        """The server waits for answers under way: streams and polls would keep it waiting."""
        bus.close()
        if bot_api is not None:
            bot_api.close_polls()

    app.on_shutdown.append(let_go)
    return app


def _switch(faults: Faults, **actions: Callable[[], None]) -> Switch:
    """Faults to change, and actions to do at once where they are asked for with true."""

    def change(changes: Mapping[str, Any] | None) -> None:
        if changes is None:
            faults.calm()
            return
        faults.change({name: value for name, value in changes.items() if name not in actions})
        for name, act in actions.items():
            if changes.get(name):
                act()

    return change


def _config(options: Options) -> dict[str, object]:
    return {
        "users": [asdict(person) for person in options.users],
        "phones": [asdict(person) for person in options.phones],
        "short_code": options.short_code,
        "sms_example": options.sms_example,
        "ledger_url": options.ledger_url,
        "clock": bool(options.clock_url),
        "hint": options.hint,
        "telegram": bool(options.bot_token),
        "sms": options.smsc,
    }


def _index(options: Options) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    """The page loads its own files alone; it frames the card page and the product's ledger."""
    ledger = str(URL(options.ledger_url).origin()) if options.ledger_url else ""
    headers = {
        "Content-Security-Policy": f"default-src 'self'; img-src 'self' data:; connect-src 'self' {ledger}; "
        f"frame-src 'self' {ledger}; frame-ancestors 'none'; base-uri 'none'",
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }

    async def get_index(_: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html", headers=headers)

    return get_index


async def _serve(stack: AsyncExitStack, app: web.Application, options: Options) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.http_port).start()
    port: int = runner.addresses[0][1]
    return port
