"""One bind as the way out sees it: a text is cut as its SMSC wants it, and each piece submitted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from sms_gateway.outcomes import NotSent, Outcome
from sms_gateway.smpp import pdu as p
from sms_gateway.smpp.connection import OnMessage
from sms_gateway.smpp.cutting import Piece, pieces_of
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.session import OnOutcome, Session

AT_ONCE = 200
OWN_VALIDITY_SECONDS = 24 * 3600  # what dies within a day dies at the SMSC too; the rest as it keeps messages
BATCH_SECONDS = 2  # of sending at full rate: far below a lease, even where a text has several parts


class Bind:
    """A transceiver, or a transmitter and a receiver, or one of them alone."""

    def __init__(
        self,
        smsc: Smsc,
        *,
        short_code: str,
        on_message: OnMessage,
        patience: Patience | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.smsc = smsc
        self.name, self.label, self.operator = smsc.name, smsc.label, smsc.operator
        self.offers_query = smsc.offers_query
        self.at_once = min(AT_ONCE, BATCH_SECONDS * smsc.per_second)
        self.bulk_places = max(1, smsc.window // 2)
        self._source = smsc.source or short_code
        self._sessions = [
            Session(smsc, bind_as=each, on_message=on_message, patience=patience, on_change=on_change)
            for each in smsc.mode.binds
        ]
        self._senders = [
            session
            for session, each in zip(self._sessions, smsc.mode.binds, strict=True)
            if each is not p.BindReceiver
        ]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for session in self._sessions:
                tasks.create_task(session.run())

    async def close(self) -> None:
        """All at once: a receiver takes the receipts of what the transmitter still sends."""
        async with asyncio.TaskGroup() as tasks:
            for session in self._sessions:
                tasks.create_task(session.close())

    @property
    def up(self) -> bool:
        """Whether messages can be sent by it."""
        return any(session.is_bound for session in self._senders)

    @property
    def paused(self) -> bool:
        return any(session.paused for session in self._senders)

    def cut(self, text: str, *, reference: int) -> list[Piece]:
        """TooLong above 255 short messages."""
        return pieces_of(text, self.smsc, reference=reference)

    def tells_of(self, *, last: bool) -> bool:
        """Whether the SMSC is asked for a receipt of a piece."""
        return bool(self.smsc.registered_delivery & 3) and (last or self.smsc.receipts_each)

    async def submit(
        self,
        to: str,
        piece: Piece,
        *,
        last: bool,
        lives_seconds: float | None,
        until: float,
        on_late: OnOutcome | None = None,
    ) -> Outcome:
        """EncodeError where the address is none."""
        if not self._senders:
            return NotSent("not bound")
        message = self._message(to, piece, last=last, lives_seconds=lives_seconds)
        return await self._senders[0].submit(message, until=until, on_late=on_late)

    async def query(self, message_id: str) -> p.QuerySmResp | None:
        if not self._senders:
            return None
        smsc = self.smsc
        return await self._senders[0].query(
            p.QuerySm(
                message_id=message_id,
                source_addr_ton=smsc.source_ton,
                source_addr_npi=smsc.source_npi,
                source_addr=self._source,
            )
        )

    def _message(self, to: str, piece: Piece, *, last: bool, lives_seconds: float | None) -> p.SubmitSm:
        smsc = self.smsc
        lives = [each for each in (smsc.validity_seconds, lives_seconds) if each]
        if not smsc.validity_seconds and lives and lives[0] > OWN_VALIDITY_SECONDS:
            lives = []  # SMSCs refuse what is longer than they keep messages
        wanted = smsc.registered_delivery
        return p.SubmitSm(
            service_type=smsc.service_type,
            source_addr_ton=smsc.source_ton,
            source_addr_npi=smsc.source_npi,
            source_addr=self._source,
            dest_addr_ton=smsc.dest_ton,
            dest_addr_npi=smsc.dest_npi,
            destination_addr=to,
            esm_class=piece.esm_class,
            validity_period=relative(min(lives)) if lives else "",
            registered_delivery=wanted if last or smsc.receipts_each else wanted & ~3,
            data_coding=piece.data_coding,
            short_message=piece.octets,
            tlvs=(*piece.tlvs, *smsc.tlvs),
        )


def relative(seconds: float) -> str:
    """A time from now as validity_period wants it: YYMMDDhhmmss, tenths and "R" (7.1.1.2)."""
    days, rest = divmod(max(1, math.ceil(seconds)), 24 * 3600)
    return f"0000{days:02}{rest // 3600:02}{rest // 60 % 60:02}{rest % 60:02}000R"
