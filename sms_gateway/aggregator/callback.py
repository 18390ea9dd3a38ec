"""Where an aggregator calls: what subscribers write, and what became of our replies (docs/aggregator.md)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from sms_gateway.aggregator.signature import NotGenuine, Signature
from sms_gateway.arrivals import Arrivals, arrival_of
from sms_gateway.callers import Callers, body_of
from sms_gateway.receipts import Receipt
from sms_gateway.senders import MOST_SENDER_LETTERS

MESSAGE_PATH, RECEIPT_PATH = "/sms/aggregator", "/sms/aggregator/receipt"
SOURCE = "aggregator"
AGAIN_SECONDS = "5"
MOST_ID_LETTERS = 100
MOST_TEXT_LETTERS = 255 * 153  # the longest text that a phone can send in parts
MOST_OTHER_LETTERS = 64
STATES = {
    "sent": "ACCEPTD",
    "delivered": "DELIVRD",
    "failed": "UNDELIV",
    "expired": "EXPIRED",
    "rejected": "REJECTD",
}

# Of the SMSC that it came from, as SMPP's receipts are.
OnReceipt = Callable[[str, Receipt], Awaitable[None]]

log = structlog.get_logger(__name__)


class _Wrong(Exception):
    """What is wrong with a genuine request; told to the aggregator."""


class AggregatorCallbacks:
    """Answered after the commit. The aggregator's id of a message is for ever: it is stored once."""

    def __init__(
        self,
        arrivals: Arrivals,
        on_receipt: OnReceipt,
        *,
        signature: Signature,
        callers: Callers,
        wall: Clock,
    ) -> None:
        self._arrivals = arrivals
        self._on_receipt = on_receipt
        self._signature = signature
        self._callers = callers
        self._wall = wall

    def routes(self) -> list[web.RouteDef]:
        return [web.post(MESSAGE_PATH, self.take), web.post(RECEIPT_PATH, self.report)]

    async def take(self, request: web.Request) -> web.Response:
        return await self._answered(request, self._store)

    async def report(self, request: web.Request) -> web.Response:
        return await self._answered(request, self._note)

    async def _answered(
        self, request: web.Request, do: Callable[[dict[str, Any]], Awaitable[str]]
    ) -> web.Response:
        self._callers.admit(request)
        if request.content_type != "application/json":
            return _problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "application/json is expected")
        body = await body_of(request)
        try:
            self._signature.verify(request.headers, body, self._wall.now())
            return web.json_response({"status": await do(_object(body))})
        except NotGenuine as reason:
            log.warning("aggregator's call is not genuine", why=str(reason))
            return _problem(HTTPStatus.UNAUTHORIZED, str(reason))
        except _Wrong as reason:
            return _problem(HTTPStatus.BAD_REQUEST, str(reason))
        except (SQLAlchemyError, OSError) as trouble:
            log.error("aggregator's call not stored", error=type(trouble).__name__)
            again = {"Retry-After": AGAIN_SECONDS}
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "call again", headers=again)

    async def _store(self, said: dict[str, Any]) -> str:
        facts = {"to": _text(said, "to", most=MOST_SENDER_LETTERS), "smsc": SOURCE}
        operator = _text(said, "operator", most=MOST_OTHER_LETTERS, empty=True, default="")
        if operator:
            facts["operator"] = operator
        accepted = await self._arrivals.store(
            arrival_of(
                source=SOURCE,
                external_id=_text(said, "id", most=MOST_ID_LETTERS),
                sender=_text(said, "from", most=MOST_SENDER_LETTERS),
                text=_text(said, "text", most=MOST_TEXT_LETTERS, empty=True),
                octets=b"",
                facts=facts,
            )
        )
        return "accepted" if accepted.fresh else "repeated"

    async def _note(self, said: dict[str, Any]) -> str:
        state = STATES.get(_text(said, "status", most=MOST_OTHER_LETTERS))
        if state is None:
            raise _Wrong(f"status: one of {', '.join(STATES)}")
        reason = _text(said, "reason", most=MOST_OTHER_LETTERS, empty=True, default="")
        await self._on_receipt(SOURCE, Receipt((_text(said, "id", most=MOST_ID_LETTERS),), state, reason))
        return "noted"


def _object(body: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise _Wrong("a name twice in an object")
        return fields

    try:
        said = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise _Wrong("the body is no JSON in UTF-8") from None
    if not isinstance(said, dict):
        raise _Wrong("an object is expected")
    return said


def _text(
    said: dict[str, Any], name: str, *, most: int, empty: bool = False, default: str | None = None
) -> str:
    value = said.get(name, default)
    if not isinstance(value, str):
        raise _Wrong(f"{name}: a string is expected")
    # Surrogates come in pairs, or are nothing that can be stored; PostgreSQL's JSON takes no NUL either.
    value = value.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace").replace("\0", "\ufffd")
    if len(value) > most or not (empty or value.strip()):
        raise _Wrong(f"{name}: {'at most' if value else 'from 1 to'} {most} letters")
    return value


def _problem(status: HTTPStatus, why: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": why}, status=status, headers=headers)
