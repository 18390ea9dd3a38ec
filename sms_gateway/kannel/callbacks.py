"""Where Kannel calls: its get-url for what subscribers write, and the dlr-url of what we had it send."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from core.messages.incoming import VOUCHED, Arrival
from core.use_cases.receiving import Receiving
from core.use_cases.sms_parts import ComeAgain, Piece
from sms_gateway.arrivals import Arrivals, arrival_of
from sms_gateway.callers import Callers, octets_of
from sms_gateway.kannel.gateway import KANNEL
from sms_gateway.kannel.message import KannelMessage, message_of
from sms_gateway.kannel.receipts import receipt_of
from sms_gateway.kannel.signed import RECEIPT_PATH, Signer
from sms_gateway.reassembly import Part
from sms_gateway.receipts import Receipt
from sms_gateway.senders import MOST_SENDER_LETTERS, msisdn

MESSAGE_PATH = "/sms/kannel"

# Of the SMSC that it came from, as SMPP's receipts are.
OnReceipt = Callable[[str, Receipt], Awaitable[None]]

log = structlog.get_logger(__name__)


class KannelCallbacks:
    """200 with an empty body after the commit: anything else and Kannel calls again, with the same id.

    `ways` are the names of the ways out, each with whose phones it serves; `vouching` those whose SMSC is the
    operator's own.
    """

    def __init__(
        self,
        receiving: Receiving,
        arrivals: Arrivals,
        on_receipt: OnReceipt,
        *,
        ways: Mapping[str, str],
        vouching: Collection[str] = (),
        signer: Signer,
        callers: Callers,
    ) -> None:
        self._receiving = receiving
        self._arrivals = arrivals
        self._on_receipt = on_receipt
        self._ways = ways
        self._vouching = vouching
        self._signer = signer
        self._callers = callers
        self._parts = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [web.get(MESSAGE_PATH, self.take), web.get(RECEIPT_PATH, self.report)]

    async def take(self, request: web.Request) -> web.Response:
        """A message or a part of one, by get-url."""
        fields = self._admitted(request)
        if not self._signer.shows(fields.get("token", b"")):
            log.warning("kannel with a wrong token")
            raise web.HTTPForbidden
        try:
            message = message_of(fields)
        except web.HTTPBadRequest as wrong:
            log.error("kannel's get-url is not as documented", why=wrong.reason)
            raise
        return await _stored(self._store(message))

    async def report(self, request: web.Request) -> web.Response:
        """What became of a message of ours; several reports come for one."""
        fields = self._admitted(request)
        via, message_id, kind = (fields.get(name, b"") for name in ("via", "id", "type"))
        if not self._signer.is_ours(via, message_id, fields.get("sign", b"")):
            log.warning("kannel's report is not of a message of ours")
            raise web.HTTPForbidden
        answer = fields.get("answer", b"").decode("utf-8", "replace")
        number = int(kind) if kind.isdigit() and len(kind) < 3 else 0
        receipt = receipt_of(message_id.decode(), number, answer)
        if receipt is None:
            raise web.HTTPBadRequest(reason="no such report")
        return await _stored(self._on_receipt(via.decode(), receipt))

    def _admitted(self, request: web.Request) -> dict[str, bytes]:
        self._callers.admit(request)
        return octets_of(request.rel_url.raw_query_string)

    async def _store(self, message: KannelMessage) -> None:
        if message.part is None:
            await self._arrivals.store(self._arrival(message, message.octets, message.id))
        else:
            await self._take_part(message, message.part)

    async def _take_part(self, message: KannelMessage, part: Part) -> None:
        key = _key(message, part)
        facts = self._facts(message) | {"id": message.id}
        piece = Piece(key, part.number, part.total, message.octets, msisdn(message.sender), facts)
        # One at a time: of two parts stored side by side neither transaction sees the other's.
        async with self._parts:
            whole = await self._receiving.parts.keep(piece)
        if whole is None:
            return
        ids = [str(each["id"]) for each in whole.told]
        external_id = hashlib.sha256("\n".join(ids).encode()).hexdigest()
        await self._arrivals.store(self._arrival(message, b"".join(whole.octets), external_id))
        async with self._parts:
            await self._receiving.parts.drop(piece, whole.octets)

    def _arrival(self, message: KannelMessage, octets: bytes, external_id: str) -> Arrival:
        facts = self._facts(message)
        return arrival_of(
            source=facts["smsc"],
            external_id=_call(message.smsc, external_id),
            sender=message.sender,
            text=message.text(octets),
            octets=octets,
            facts=facts,
        )

    def _facts(self, message: KannelMessage) -> dict[str, Any]:
        """What the inbox is told beside the text. If there is a way to its SMSC, the reply takes it."""
        named = f"{KANNEL}:{message.smsc}"
        way = named if named in self._ways else KANNEL
        facts = {
            "to": message.to[:MOST_SENDER_LETTERS],
            "coding": message.coding,
            "smsc": way,
            "smsc_id": message.smsc,
        } | ({VOUCHED: True} if way in self._vouching else {})
        operator = message.operator or self._ways.get(way, "")
        return facts | {"operator": operator} if operator else facts


async def _stored(storing: Awaitable[None]) -> web.Response:
    try:
        await storing
    except ComeAgain as later:
        raise web.HTTPServiceUnavailable from later
    except (SQLAlchemyError, OSError) as trouble:
        log.error("kannel's call not stored", error=type(trouble).__name__)
        raise web.HTTPServiceUnavailable from trouble
    return web.Response()


def _key(message: KannelMessage, part: Part) -> str:
    said = f"{message.sender[:32]}|{message.to[:32]}|{part.reference}|{part.total}"
    return f"{KANNEL}:{message.smsc[:48]}|{said}"


def _call(smsc: str, message_id: str) -> str:
    return f"{smsc}|{message_id}"
