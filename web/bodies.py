"""What every door in HTTP does with a request before it is understood: its size, its time, its names."""

import asyncio
from collections.abc import Iterable
from urllib.parse import parse_qsl

from aiohttp import web

BODY_LARGEST_BYTES = 256 * 1024  # reliability.md, "Security" 1
BODY_SECONDS = 15  # a body of that size over the slowest phone; longer is somebody who holds a connection
FIELDS_LARGEST = 100

FORM = "application/x-www-form-urlencoded"


async def read(request: web.Request) -> bytes:
    """The raw body; raises 413 beyond the cap and 408 when it does not come."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def form(request: web.Request) -> dict[str, str]:
    """The fields of a submitted form; raises 415 for any other body and 400 for what has two readings."""
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType
    return fields(await read(request))


def fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LARGEST
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    refuse_duplicates(name for name, _ in pairs)
    return dict(pairs)


def refuse_duplicates(names: Iterable[str]) -> None:
    """Two values under one name are two readings of a request."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise web.HTTPBadRequest(reason="duplicate parameter")
        seen.add(name)
