"""The door for Telegram's webhook: an update is acknowledged only after its handler is through."""

import hmac
import json
from http import HTTPStatus

import structlog
from aiohttp import web

from bot.inbox import Inbox

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
BODY_LARGEST_BYTES = 256 * 1024  # an update with the longest text and a hundred entities has a tenth of that
BUSY_SECONDS = "1"

log = structlog.get_logger()


class Webhook:
    def __init__(self, inbox: Inbox, secret: str) -> None:
        self._inbox = inbox
        self._secret = secret.encode()

    async def handle(self, request: web.Request) -> web.Response:
        told = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(told, self._secret):
            log.warning("webhook with a wrong secret", peer=request.remote)
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        body = await _read(request)
        if body is None:
            return web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        update = _parse(body)
        if update is None:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        if not await self._inbox.take(update):
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": BUSY_SECONDS})
        return web.Response()


async def _read(request: web.Request) -> bytes | None:
    """The whole body, or None where it is larger than any update."""
    if (request.content_length or 0) > BODY_LARGEST_BYTES:
        return None
    body = await request.read()  # without a length, aiohttp ends it at a megabyte with the same answer
    return body if len(body) <= BODY_LARGEST_BYTES else None


def _parse(body: bytes) -> dict[str, object] | None:
    try:
        update = json.loads(body)
    except ValueError:
        return None
    return update if isinstance(update, dict) and isinstance(update.get("update_id"), int) else None
