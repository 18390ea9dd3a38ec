"""The way out through Kannel: parts of texts by its sendsms, within a window and a pace, while it answers."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import aiohttp
import structlog

from core.ids import new_id
from core.messages.segments import segments_of
from sms_gateway.gate import Gate
from sms_gateway.kannel.gateway import Gateway, Request
from sms_gateway.kannel.signed import Signer
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.bind import OWN_VALIDITY_SECONDS
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.link import Patience
from sms_gateway.smpp.pdu import ESM_CLASS_UDH
from sms_gateway.smpp.session import OnOutcome

AT_ONCE, BATCH_SECONDS = 200, 2  # as with a bind
ANSWER_LARGEST_BYTES = 4096
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})  # "0: Accepted", "3: Queued for later delivery"
NOT_NOW = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
OF_THE_MESSAGE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG}
)
NOT_ROUTABLE = "routable"  # "Not routable. Do not try again.": told by its words from a wrong password
MOST_DOUBLINGS = 6

log = structlog.get_logger(__name__)


class Kannel:
    """A carrier. `run` until `close`; `submit` in between, from as many tasks as you like."""

    offers_query = False

    def __init__(
        self,
        gateway: Gateway,
        *,
        short_code: str,
        signer: Signer,
        back_url: str,
        patience: Patience | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = self.label = gateway.name
        self.operator = gateway.operator
        self.at_once = min(AT_ONCE, BATCH_SECONDS * gateway.per_second)
        self.bulk_places = max(1, gateway.window // 2)
        self._gateway = gateway
        self._short_code = short_code
        self._signer = signer
        self._back_url = back_url.rstrip("/")
        self._patience = patience or Patience()
        self._on_change = on_change
        self._gate = Gate(
            gateway.name, window=gateway.window, per_second=gateway.per_second, patience=self._patience
        )
        self._http: aiohttp.ClientSession | None = None
        self._answers = False
        self._left = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._answers

    @property
    def paused(self) -> bool:
        return self._gate.paused

    async def run(self) -> None:
        # A connection a message: on one that Kannel closes meanwhile nobody can tell whether it was heard.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector) as self._http:
            attempt = 0
            while not self._closing.is_set():
                if await self._reached():
                    attempt = await self._stay(attempt)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._again_seconds(attempt)):
                        await self._closing.wait()
                attempt += 1
            await self._gate.empty()
        self._http = None

    async def close(self) -> None:
        """Let what is asked for be answered. What is submitted from now on is NotSent."""
        self._closing.set()
        self._leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.drain_seconds):
                await self._gate.empty()

    def cut(self, text: str, *, reference: int) -> list[Piece]:
        """TooLong above 255 parts."""
        segments = segments_of(text, reference=reference)
        return [
            Piece(ESM_CLASS_UDH if each.udh else 0, each.data_coding, each.udh + each.payload)
            for each in segments
        ]

    def tells_of(self, *, last: bool) -> bool:
        return last  # one dlr-url a text: Kannel calls it two or three times

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
        """Have one part sent. Its id is ours, so that a report settles also what got no answer."""
        message_id = str(new_id())
        lives = lives_seconds if lives_seconds and lives_seconds <= OWN_VALIDITY_SECONDS else 0
        request = self._gateway.request_of(
            piece,
            sender=self._short_code,
            to=to,
            receipt_url=self._signer.receipt_url(self._back_url, self.name, message_id) if last else "",
            minutes=math.ceil(lives / 60),
        )
        return await self._gate.through(lambda: self._ask(request, message_id, until), until=until)

    async def _ask(self, request: Request, message_id: str, until: float) -> Outcome:
        if self._http is None or not self._answers:
            return NotSent("kannel does not answer")
        within = self._gate.answer_within(until)
        timeout = aiohttp.ClientTimeout(total=within, connect=min(within, self._patience.connect_seconds))
        try:
            async with self._http.post(
                self._gateway.address,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=timeout,
            ) as answer:
                said = (await answer.content.read(ANSWER_LARGEST_BYTES)).decode("latin-1")
                return self._outcome(answer.status, said, message_id)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as away:
            return self._not_sent(type(away).__name__)
        except (aiohttp.ClientError, TimeoutError) as lost:
            # It was asked, and may have been heard.
            return Unknown(type(lost).__name__, message_id)

    def _outcome(self, status: int, said: str, message_id: str) -> Outcome:
        if status in TAKEN:
            return Submitted(message_id)
        if status in NOT_NOW:
            return Refused(status, retry=True, slow_down=True)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:  # "Sending failed.": its bearerbox did not take it
            return Refused(status, retry=True)
        if status in OF_THE_MESSAGE or (status == HTTPStatus.FORBIDDEN and NOT_ROUTABLE in said):
            return Refused(status, retry=False)
        if status > HTTPStatus.INTERNAL_SERVER_ERROR:  # of a proxy, which may have passed it on
            return Unknown(f"status {status}", message_id)
        log.error("kannel refuses us", kannel=self.name, status=status)
        return self._not_sent(f"kannel refuses us: {status}")

    def _not_sent(self, why: str) -> NotSent:
        if self._answers:
            log.info("kannel is left alone", kannel=self.name, why=why)
        self._leave()
        return NotSent(why)

    def _leave(self) -> None:
        self._answers = False
        self._left.set()
        self._on_change()

    async def _reached(self) -> bool:
        """Whether somebody listens there; who that is, the first message tells."""
        try:
            async with asyncio.timeout(self._patience.connect_seconds):
                _, writer = await asyncio.open_connection(self._gateway.host, self._gateway.port)
        except OSError as away:
            log.info("kannel is not reached", kannel=self.name, why=type(away).__name__)
            return False
        writer.close()
        return True

    async def _stay(self, attempt: int) -> int:
        """While messages can be sent; after a good while, what went wrong before is forgotten."""
        if self._closing.is_set():
            return attempt
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        self._left.clear()
        self._answers = True
        log.info("kannel answers", kannel=self.name)
        self._on_change()
        await self._left.wait()
        return 0 if loop.time() - began_at > self._patience.reconnect_most_seconds else attempt

    def _again_seconds(self, attempt: int) -> float:
        longest = min(
            self._patience.reconnect_first_seconds * 2 ** min(attempt, MOST_DOUBLINGS),
            self._patience.reconnect_most_seconds,
        )
        return random.uniform(longest / 2, longest)
