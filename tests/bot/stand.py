"""The stand of the Telegram tests: the product's door, the simulator's Bot API, a person with a phone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy import select

from bot.door import TelegramDoor
from core.ids import Payer, PaymentId
from core.settings import Settings
from core.states import NoticeState
from core.storage.message_tables import notice
from core.wiring import Core, open_core
from handlers.locale import Catalogues
from simulator.bot_api.server import BotApi
from tests.deadlines import PATIENCE_SECONDS, until
from tests.fakes import FakeClock, FakeProvider

TOKEN = "4242:telegram-token-of-the-tests"
SECRET = "webhook-secret"
SHOWN_WITHIN_SECONDS = 20.0
FAST = 1000.0  # messages a second: no test waits for its turn


@dataclass
class Person:
    """Somebody's Telegram: what they do, and what they see."""

    api: BotApi
    id: int = 7001

    @property
    def payer(self) -> Payer:
        return Payer.telegram(self.id)

    @property
    def messages(self) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = self.api.screen.seen(self.id)["messages"]
        return [message for message in seen if message["from"] == "bot"]

    @property
    def toasts(self) -> list[str]:
        return [toast["text"] for toast in self.api.screen.seen(self.id)["toasts"] if toast["text"]]

    def says(self, text: str) -> None:
        self.api.phones.write(self.id, text)

    def speaks(self, language: str) -> None:
        self.api.phones.describe(self.id, language_code=language)

    def presses(self, label: str, *, times: int = 1) -> None:
        """Presses the button whose text holds `label`, on the newest screen that has it."""
        message, data = self._button(label, "data")
        for _ in range(times):
            self.api.phones.press(self.id, message, data)

    def data(self, label: str) -> str:
        """What the button carries, to be pressed when it is gone."""
        return self._button(label, "data")[1]

    def presses_stale(self, data: str) -> None:
        message = self.messages[-1]["message_id"]
        self.api.phones.press(self.id, message, data, stale=True)

    def url(self, label: str) -> str:
        return self._button(label, "url")[1]

    def buttons(self) -> list[str]:
        return [button["text"] for row in self.messages[-1]["buttons"] for button in row]

    async def sees(self, text: str) -> str:
        """The newest screen that holds the text, awaited."""

        def seen() -> str:
            return next((m["text"] for m in reversed(self.messages) if text in m["text"]), "")

        return await until(
            seen, within=SHOWN_WITHIN_SECONDS, what=f"screen with {text!r} among {self.messages}"
        )

    async def is_offered(self, label: str) -> None:
        """A button whose text holds `label`, awaited: a card may show it later than its words."""

        def offered() -> bool:
            return any(label in each["text"] for m in self.messages for row in m["buttons"] for each in row)

        await until(offered, within=SHOWN_WITHIN_SECONDS, what=f"button {label!r}")

    async def is_told(self, text: str) -> str:
        """A toast that holds the text, awaited."""

        def told() -> str:
            return next((toast for toast in self.toasts if text in toast), "")

        return await until(told, within=SHOWN_WITHIN_SECONDS, what=f"toast with {text!r}")

    def _button(self, label: str, kind: str) -> tuple[int, str]:
        for message in reversed(self.messages):
            for row in message["buttons"]:
                for button in row:
                    if label in button["text"] and kind in button:
                        return message["message_id"], button[kind]
        raise AssertionError(f"no button {label!r} on {self.messages}")


@dataclass
class Stand:
    core: Core
    api: BotApi
    provider: FakeProvider
    clock: FakeClock
    door: TelegramDoor
    catalogues: Catalogues
    url: str  # of the product's own HTTP server
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.person = Person(self.api)

    async def pays(self) -> None:
        """The card page of the newest charge is paid: the provider calls back."""
        body = self.provider.pays(self.newest_charge)
        await self.core.callbacks.take(self.provider.name, body=body, headers={})

    async def declines(self) -> None:
        body = self.provider.declines(self.newest_charge)
        await self.core.callbacks.take(self.provider.name, body=body, headers={})

    async def settled(self) -> None:
        """Nothing is under way any more: every update is acknowledged, every notice sent."""
        await self.updates_handled()
        await until(self._nothing_due, what="notices sent")

    async def updates_handled(self, *, within: float = PATIENCE_SECONDS) -> None:
        await until(lambda: not self.api.updates.pending(), within=within, what="updates acknowledged")

    async def _nothing_due(self) -> bool:
        async with self.core.database.read() as tx:
            open_states = [NoticeState.DUE, NoticeState.TAKEN]
            return (
                await tx.scalar(select(notice.c.id).where(notice.c.state.in_(open_states)).limit(1)) is None
            )

    @property
    def newest_charge(self) -> PaymentId:
        return self.provider.charges[-1].charge.id

    async def links(self, person: Person, login: str, password: str) -> str:
        """Through the login page, as web/ does it; returns the one-time code."""
        token = person.url("страницу входа").rpartition("/")[2]
        return await self.core.links.log_in(token, login, password, address="127.0.0.1")


@asynccontextmanager
async def served(routes: Iterable[web.AbstractRouteDef], listening: socket.socket) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def bot_api() -> AsyncIterator[tuple[BotApi, str]]:
    api = BotApi(TOKEN, bus=lambda topic: None)
    api.webhook.pause_unit_seconds = 0.05
    api.rates.enabled = False
    listening, url = reserved()
    async with api.running(), served([*api.routes(), *api.phone_routes()], listening):
        try:
            yield api, url
        finally:
            api.close_polls()


def reserved() -> tuple[socket.socket, str]:
    """A port of our own, known before anybody answers on it."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def open_stand(
    settings: Settings,
    *,
    webhook: bool = True,
    runs: bool = True,
    provided: Callable[[FakeClock], FakeProvider] = FakeProvider,
) -> AsyncIterator[Stand]:
    """The door before one database; `runs=False`: nothing is sent or swept by itself, and leases wait."""
    clock = FakeClock()
    provider = provided(clock)
    listening, url = reserved()
    async with AsyncExitStack() as stack:
        stack.callback(listening.close)
        api, api_url = await stack.enter_async_context(bot_api())
        settings = Settings.model_validate(
            settings.model_dump()
            | {"telegram_api": api_url, "telegram_token": TOKEN}
            | (
                {"telegram_webhook_url": f"{url}/telegram", "telegram_webhook_secret": SECRET}
                if webhook
                else {}
            )
        )
        core = await stack.enter_async_context(
            open_core(settings, clock=clock, wall=None if runs else clock, providers=[provider])
        )
        catalogues = Catalogues(core.profile.zone)
        door = TelegramDoor(core, catalogues)
        stack.push_async_callback(door.close)
        await stack.enter_async_context(served(door.routes(), listening))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        if runs:
            stack.callback(group.create_task(door.run()).cancel)
        yield Stand(core, api, provider, clock, door, catalogues, url)
