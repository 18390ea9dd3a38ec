"""The sandbox payment provider: its books, its API for the product, its card page, its staff desk."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from aiohttp import web

from simulator.background import open_background
from simulator.bus import Bus
from simulator.provider.api import ProviderApi
from simulator.provider.books import Books
from simulator.provider.callbacks import PAUSES_SECONDS, Callbacks
from simulator.provider.card_page import CardPage
from simulator.provider.desk import Desk
from simulator.provider.faults import ProviderFaults
from simulator.provider.vault import Vault


@dataclass(frozen=True, slots=True)
class Sandbox:
    books: Books
    faults: ProviderFaults
    routes: list[web.AbstractRouteDef]


@asynccontextmanager
async def open_sandbox(
    bus: Bus,
    *,
    key: str,
    now: Callable[[], datetime],
    public_url: str = "",
    pauses: tuple[float, ...] = PAUSES_SECONDS,
) -> AsyncIterator[Sandbox]:
    """`public_url`: where the payer's browser finds this server; empty: where the product found it."""
    secret = key.encode()
    faults = ProviderFaults()
    books = Books(bus, now)
    vault = Vault(now)
    async with aiohttp.ClientSession() as session, open_background() as background:
        callbacks = Callbacks(background, session, key=secret, faults=faults, now=now, pauses=pauses)
        api = ProviderApi(books, callbacks, vault, key=secret, faults=faults, public_url=public_url)
        card_page = CardPage(books, callbacks, vault, now)
        desk = Desk(books, callbacks, vault, bus)
        yield Sandbox(books, faults, [*api.routes(), *card_page.routes(), *desk.routes()])
