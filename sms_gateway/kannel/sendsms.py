"""The way out through Kannel: parts of texts by its sendsms, within a window and a pace, while it answers."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from http import HTTPStatus

import aiohttp
import structlog

from core.messages.segments import Segment
from sms_gateway.kannel.gateway import Gateway
from sms_gateway.kannel.signed import Signer
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.link import Patience
from sms_gateway.smpp.pace import Pace

log = structlog.get_logger(__name__)

ANSWER_LARGEST_BYTES = 4096
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})  # "0: Accepted", "3: Queued for later delivery"
NOT_NOW = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
OF_THE_MESSAGE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG}
)
NOT_ROUTABLE = "routable"  # "Not routable. Do not try again.": told by its words from a wrong password
MOST_DOUBLINGS = 6


class _Away(Exception):
    """Nothing can be sent now, and why; whatever is tried is NotSent."""


class Kannel:
    """`run` until `close`; `submit` in between, from as many tasks as you like."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        sender: str,
        signer: Signer,
        back_url: str,
        window: int,
        messages_per_second: float,
        patience: Patience | None = None,
    ) -> None:
        self._gateway = gateway
        self._sender = sender
        self._signer = signer
        self._back_url = back_url.rstrip("/")
        self._patience = patience or Patience()
        self._window = asyncio.Semaphore(window)
        self._pace = Pace(messages_per_second)
        self._http: aiohttp.ClientSession | None = None
        self._answers = asyncio.Event()
        self._left = asyncio.Event()
        self._left.set()
        self._closing = asyncio.Event()
        self._asked = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        # A connection a message: one that Kannel has closed meanwhile would have aiohttp send it a second time.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        seconds = aiohttp.ClientTimeout(
            total=self._patience.connect_seconds + self._patience.response_seconds,
            connect=self._patience.connect_seconds,
            sock_read=self._patience.response_seconds,
        )
        async with aiohttp.ClientSession(connector=connector, timeout=seconds) as self._http:
            attempt = 0
            while not self._closing.is_set():
                if await self._reached():
                    attempt = await self._stay(attempt)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), self._again_seconds(attempt))
                attempt += 1
        self._http = None

    async def bound(self) -> None:
        """Return when messages can be sent."""
        await self._answers.wait()

    async def submit(self, to: str, segment: Segment, *, message_id: str, receipt: bool) -> Outcome:
        """Have one part sent; `message_id` is ours, and what its receipts will name."""
        async with self._window:
            await self._pace.wait()
            if self._http is None or not self._answers.is_set() or self._closing.is_set():
                return NotSent("kannel does not answer")
            self._asked += 1
            self._idle.clear()
            try:
                return await self._ask(self._http, to, segment, message_id, receipt=receipt)
            finally:
                self._asked -= 1
                if not self._asked:
                    self._idle.set()

    async def close(self) -> None:
        """Let what is asked for be answered. What is submitted from now on is NotSent."""
        self._closing.set()
        self._leave("closing")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._patience.drain_seconds)

    async def _ask(
        self, http: aiohttp.ClientSession, to: str, segment: Segment, message_id: str, *, receipt: bool
    ) -> Outcome:
        url = self._gateway.request_of(
            segment,
            sender=self._sender,
            to=to,
            receipt_url=self._signer.receipt_url(self._back_url, message_id) if receipt else "",
        )
        try:
            async with http.get(url, allow_redirects=False) as answer:
                said = (await answer.content.read(ANSWER_LARGEST_BYTES)).decode("latin-1")
                return self._outcome(answer.status, said, message_id)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as away:
            return self._not_sent(type(away).__name__)
        except (aiohttp.ClientError, TimeoutError) as lost:
            # It was asked, and may have been heard.
            return Unknown(type(lost).__name__)

    def _outcome(self, status: int, said: str, message_id: str) -> Outcome:
        if status in TAKEN:
            return Submitted(message_id)
        if status in NOT_NOW:
            self._leave(f"status {status}")
            return Refused(status, retry=True, slow_down=True)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:  # "Sending failed.": its bearerbox did not take it
            return Refused(status, retry=True)
        if status in OF_THE_MESSAGE or (status == HTTPStatus.FORBIDDEN and NOT_ROUTABLE in said):
            return Refused(status, retry=False)
        if status > HTTPStatus.INTERNAL_SERVER_ERROR:  # of a proxy, which may have passed it on
            return Unknown(f"status {status}")
        log.error("kannel refuses us", status=status)
        return self._not_sent(f"kannel refuses us: {status}")

    def _not_sent(self, why: str) -> NotSent:
        self._leave(why)
        return NotSent(why)

    def _leave(self, why: str) -> None:
        if self._answers.is_set():
            log.info("kannel is left alone", why=why)
            self._answers.clear()
            self._left.set()

    async def _reached(self) -> bool:
        """Whether somebody listens there; who that is, the first message tells."""
        try:
            async with asyncio.timeout(self._patience.connect_seconds):
                _, writer = await asyncio.open_connection(self._gateway.host, self._gateway.port)
        except OSError as away:
            log.info("kannel is not reached", why=type(away).__name__)
            return False
        writer.close()
        return True

    async def _stay(self, attempt: int) -> int:
        """While messages can be sent; after a good while, what went wrong before is forgotten."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        self._left.clear()
        if not self._closing.is_set():
            self._answers.set()
            log.info("kannel answers", host=self._gateway.host)
            await self._left.wait()
        return 0 if loop.time() - began_at > self._patience.reconnect_most_seconds else attempt

    def _again_seconds(self, attempt: int) -> float:
        longest = min(
            self._patience.reconnect_first_seconds * 2 ** min(attempt, MOST_DOUBLINGS),
            self._patience.reconnect_most_seconds,
        )
        return random.uniform(longest / 2, longest)
