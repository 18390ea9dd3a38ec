"""The product as `aliance run --only sms` runs it, in the test's own loop, and what the peers say to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Table, select

from commands.run import serving
from core.wiring import Core

PHONE = "79141234567"
# Not understood, and answered with how to write; 400 letters, with some that are two units of UTF-16.
LONG = ("Здравствуйте! Подскажите, пожалуйста, почему со вчерашнего вечера так медленно? 😀 " * 5).strip()


@asynccontextmanager
async def product(core: Core) -> AsyncIterator[None]:
    async with serving(core, only=frozenset({"sms"})):
        yield


async def rows(core: Core, table: Table) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(table).order_by(table.c.id))
