"""Who may call a door of the SMS side over HTTP, and the first look at what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from urllib.parse import parse_qsl

from aiohttp import web

from sms_gateway.configured import Network

# Told by who knows the proxies of this process: the address that a request was made from.
ClientOf = Callable[[web.Request], str]

BODY_LARGEST_BYTES = 256 * 1024  # a text of 255 parts, each letter of it escaped in JSON, has 100 KB
BODY_SECONDS = 15
FIELDS_MOST = 50


class Callers:
    """From these networks; where none is named, anybody who knows the secret."""

    def __init__(self, networks: Sequence[Network], client: ClientOf) -> None:
        self._networks = networks
        self._client = client

    def admit(self, request: web.Request) -> None:
        """Raises 403 for who is not on the list."""
        if not self._networks:
            return
        try:
            address = ip_address(self._client(request))
        except ValueError:
            raise web.HTTPForbidden from None  # a Unix socket has no address
        if not any(address in network for network in self._networks):
            raise web.HTTPForbidden


def octets_of(query: str) -> dict[str, bytes]:
    """The fields of a query as the octets that were sent; raises 400 for what has two readings."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1", max_num_fields=FIELDS_MOST)
    except ValueError:
        raise web.HTTPBadRequest from None
    fields = {name: value.encode("latin-1", "replace") for name, value in pairs}
    if len(fields) != len(pairs):
        raise web.HTTPBadRequest(reason="duplicate parameter")
    return fields


async def body_of(request: web.Request) -> bytes:
    """The whole body; raises 413 beyond the cap and 408 when it does not come."""
    if (request.content_length or 0) > BODY_LARGEST_BYTES:
        raise web.HTTPRequestEntityTooLarge(BODY_LARGEST_BYTES, request.content_length or 0)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    if len(body) > BODY_LARGEST_BYTES:  # without a length; aiohttp ends it at its own cap at the latest
        raise web.HTTPRequestEntityTooLarge(BODY_LARGEST_BYTES, len(body))
    return body
