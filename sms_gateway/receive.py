"""From the SMSC into the inbox: a message is joined, read and stored before it is acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import structlog

from core.messages.incoming import VOUCHED, Accepted, Arrival
from core.messages.masking import mask_phone
from core.states import Channel
from core.storage.batch import is_of_its_data, is_of_one
from core.use_cases.receiving import Receiving
from core.use_cases.sms_parts import ComeAgain, Piece
from sms_gateway.all_said import is_all_said, tag_behind
from sms_gateway.fingerprints import MOST_ID_OCTETS, Fingerprints, id_before, id_of_joined
from sms_gateway.reassembly import Content, Part, content_of, key_of
from sms_gateway.receipts import Receipt, receipt_of
from sms_gateway.senders import MOST_SENDER_LETTERS, sender_of
from sms_gateway.smpp import status as s
from sms_gateway.smpp.codec import HEADER_OCTETS
from sms_gateway.smpp.link import Smsc
from sms_gateway.smpp.pdu import DataSm, DeliverSm
from sms_gateway.texts import text_of

log = structlog.get_logger(__name__)

GROUP_SECONDS = 0.003  # what arrives in this time shares one commit, and waits no longer for it
MOST_IN_GROUP = 200
MOST_OPERATOR_LETTERS = 32

# What becomes of the messages of a commit that this door is to handle.
TakeUp = Callable[[Sequence[Accepted]], None]
OnReceipt = Callable[[str, Receipt], Awaitable[None]]  # of the SMSC that it came from


class Waiting(NamedTuple):
    """What waits for a commit, the octets of its text, and who waits for the status."""

    arrival: Arrival
    octets: bytes
    answered: asyncio.Future[int]


class Receive:
    def __init__(
        self,
        receiving: Receiving,
        *,
        take_up: TakeUp,
        on_receipt: OnReceipt,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._receiving = receiving
        self._take_up = take_up
        self._on_receipt = on_receipt
        self._fingerprints = Fingerprints(now)
        self._parts = asyncio.Lock()
        self._waiting: list[Waiting] = []
        self._come = asyncio.Event()

    async def on_message(self, smsc: Smsc, pdu: DeliverSm | DataSm) -> int:
        """The status to acknowledge with: OK after the commit, undecodable text included (else it loops)."""
        receipt = receipt_of(pdu)
        if receipt is not None:
            await self._on_receipt(smsc.name, receipt)
            return s.OK
        content = _content(smsc, pdu)
        if content.part is None:
            external_id = self._fingerprints.of(pdu, content.octets, id_tlv=smsc.id_tlv)
            return await self._store(_arrival(smsc, pdu, content, external_id), content.octets)
        return await self._take_part(smsc, pdu, content.part, content)

    async def run(self) -> None:
        while True:
            await self._come.wait()
            await asyncio.sleep(GROUP_SECONDS)
            await self.commit_once()

    async def commit_once(self) -> int:
        """Store what waits, up to a group's size, in one commit; how many were stored."""
        group, self._waiting = self._waiting[:MOST_IN_GROUP], self._waiting[MOST_IN_GROUP:]
        if not self._waiting:
            self._come.clear()
        return await self._commit(group)

    async def _commit(self, group: Sequence[Waiting]) -> int:
        try:
            accepted = await self._receiving.accept([each.arrival for each in group])
        except Exception as trouble:
            if len(group) > 1 and is_of_one(trouble):
                return sum([await self._commit([each]) for each in group])
            arrival = _without_words(group[0].arrival, group[0].octets)
            if is_of_its_data(trouble) and arrival != group[0].arrival:
                log.error(
                    "incoming message stored without its words",
                    sender=mask_phone(arrival.sender),
                    error=type(trouble).__name__,
                )
                return await self._commit([group[0]._replace(arrival=arrival)])
            log.exception("incoming messages not stored", messages=len(group))
            _answer(group, s.TEMPORARY_APPLICATION_ERROR)
            return 0
        _answer(group, s.OK)
        self._take_up([each for each in accepted if each.fresh])
        return len(accepted)

    async def _take_part(self, smsc: Smsc, pdu: DeliverSm | DataSm, part: Part, content: Content) -> int:
        key = key_of(smsc.name, pdu, part)
        # Each part has an id of its own, where the SMSC gives any.
        given = b"" if smsc.id_tlv is None else pdu.tlv(smsc.id_tlv) or b""
        facts = _facts(smsc, pdu) | ({"id": given[:MOST_ID_OCTETS].hex()} if given else {})
        piece = Piece(key, part.number, part.total, content.octets, sender_of(pdu), facts, bool(given))
        # One at a time: of two parts stored side by side neither transaction sees the other's.
        async with self._parts:
            try:
                whole = await self._receiving.parts.keep(piece)
            except ComeAgain:
                return s.TEMPORARY_APPLICATION_ERROR
        if whole is None:
            return s.OK
        joined = content._replace(octets=b"".join(whole.octets))
        external_id = id_of_joined(key, joined.octets, whole.came_at)
        status = await self._store(_arrival(smsc, pdu, joined, external_id), joined.octets)
        if status == s.OK:
            async with self._parts:
                await self._receiving.parts.drop(piece, whole.octets)
        return status

    async def _store(self, arrival: Arrival, octets: bytes) -> int:
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting = Waiting(arrival, octets, answered)
        self._waiting.append(waiting)
        self._come.set()
        try:
            return await answered
        except asyncio.CancelledError:
            # The SMSC is told to keep it, and hands it over again: stored as well it may be there twice.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise


def _arrival(smsc: Smsc, pdu: DeliverSm | DataSm, content: Content, external_id: str) -> Arrival:
    text = None
    if content.whole:
        text = text_of(content.octets, pdu.data_coding, alphabets=smsc.alphabets, languages=content.languages)
    payload = {"text": text or "", **_facts(smsc, pdu)}
    if text is None:
        # Read text says all that its octets did; kept beside it they would show a masked card number.
        payload |= {"undecodable": True, "raw": content.octets.hex()}
    return Arrival(
        channel=Channel.SMS,
        source=smsc.name,
        external_id=external_id,
        sender=sender_of(pdu),
        payload=payload,
        id_before=id_before(external_id),
    )


def _content(smsc: Smsc, pdu: DeliverSm | DataSm) -> Content:
    """Of a message that may have said more than can be read of it, the whole body, as no text."""
    if is_all_said(pdu):
        return content_of(pdu)
    tag = tag_behind(pdu)
    if pdu.cut is None and tag is not None:
        # An SMSC with such a TLV of its own has all its texts unread.
        log.info("text not read for the tlv behind it", smsc=smsc.name, tag=f"{tag:#06x}")
    return Content(pdu.raw[HEADER_OCTETS:], None, whole=False)


def _facts(smsc: Smsc, pdu: DeliverSm | DataSm) -> dict[str, Any]:
    """What the inbox is told beside the text."""
    facts = {
        "to": pdu.destination_addr[:MOST_SENDER_LETTERS],
        "data_coding": pdu.data_coding,
        "smsc": smsc.name,
        "bind": smsc.label,
    } | ({VOUCHED: True} if smsc.direct else {})
    operator = operator_of(smsc, pdu)
    return facts | {"operator": operator} if operator else facts


def operator_of(smsc: Smsc, pdu: DeliverSm | DataSm) -> str:
    """Whose phone the sender's is, as the SMSC says by a TLV or by its bind; empty where it says nothing."""
    told = b"" if smsc.operator_tlv is None else pdu.tlv(smsc.operator_tlv) or b""
    return told.partition(b"\0")[0].decode("utf-8", "replace")[:MOST_OPERATOR_LETTERS] or smsc.operator


def _without_words(arrival: Arrival, octets: bytes) -> Arrival:
    """The same in digits and plain letters alone, for a database that refuses it as it is."""
    told = {name: _plain(said) if isinstance(said, str) else said for name, said in arrival.payload.items()}
    payload = told | {"text": "", "undecodable": True, "raw": octets.hex()}
    return replace(arrival, sender=_plain(arrival.sender)[:MOST_SENDER_LETTERS], payload=payload)


def _plain(said: str) -> str:
    return said if said.isascii() and said.isprintable() else ascii(said)[1:-1]


def _answer(group: Sequence[Waiting], status: int) -> None:
    for each in group:
        # The connection it came by may be gone, and its waiting cancelled.
        if not each.answered.done():
            each.answered.set_result(status)
