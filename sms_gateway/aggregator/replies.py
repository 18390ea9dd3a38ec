"""The way out through an aggregator that takes replies by HTTP: whole texts, signed as its own calls are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
import structlog

from core.clock import Clock
from core.ids import new_id
from core.messages.segments import MOST_PARTS, UCS2_CODING, TooLong, count
from sms_gateway.aggregator.callback import SOURCE
from sms_gateway.aggregator.signature import Signature
from sms_gateway.gate import Gate
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.link import Patience
from sms_gateway.smpp.session import OnOutcome

AT_ONCE, BATCH_SECONDS = 200, 2  # as with a bind
NOT_NOW = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
OF_THE_MESSAGE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)

log = structlog.get_logger(__name__)


class AggregatorReplies:
    """A carrier. There is no connection to keep up: it is there until it is closed."""

    name = label = SOURCE
    operator = ""
    offers_query = False

    def __init__(
        self,
        url: str,
        *,
        short_code: str,
        signature: Signature,
        window: int,
        per_second: int,
        wall: Clock,
        patience: Patience | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.at_once = min(AT_ONCE, BATCH_SECONDS * per_second)
        self.bulk_places = max(1, window // 2)
        self._url = url
        self._short_code = short_code
        self._signature = signature
        self._wall = wall
        self._patience = patience or Patience()
        self._on_change = on_change
        self._gate = Gate(SOURCE, window=window, per_second=per_second, patience=self._patience)
        self._http: aiohttp.ClientSession | None = None
        self._closing = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._http is not None and not self._closing.is_set()

    @property
    def paused(self) -> bool:
        return self._gate.paused

    async def run(self) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as self._http:
            self._on_change()
            await self._closing.wait()
            await self._gate.empty()
        self._http = None

    async def close(self) -> None:
        self._closing.set()
        self._on_change()
        await self._gate.empty()

    def cut(self, text: str, *, reference: int) -> list[Piece]:
        """Whole: the aggregator cuts it. TooLong where a phone could not join the parts."""
        parts = count(text)
        if parts > MOST_PARTS:
            raise TooLong(f"{parts} parts")
        return [Piece(0, UCS2_CODING, text.encode("utf-16-be", "replace"), segments=parts)]

    def tells_of(self, *, last: bool) -> bool:
        return last

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
        """Its id is ours, so that a report settles also what got no answer."""
        message_id = str(new_id())
        said = {
            "id": message_id,
            "from": self._short_code,
            "to": to,
            "text": piece.octets.decode("utf-16-be"),
            "parts": piece.segments,
        }
        if lives_seconds is not None:
            said["lives_seconds"] = max(1, int(lives_seconds))
        body = json.dumps(said, ensure_ascii=False).encode()
        return await self._gate.through(lambda: self._post(body, message_id, until), until=until)

    async def _post(self, body: bytes, message_id: str, until: float) -> Outcome:
        if self._http is None:
            return NotSent("closing")
        within = self._gate.answer_within(until)
        timeout = aiohttp.ClientTimeout(total=within, connect=min(within, self._patience.connect_seconds))
        headers = {"Content-Type": "application/json"} | self._signature.headers(body, self._wall.now())
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as answer:
                return _outcome(answer.status, message_id)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as away:
            log.info("aggregator is not reached", why=type(away).__name__)
            return Refused(0, retry=True, slow_down=True)
        except (aiohttp.ClientError, TimeoutError) as lost:
            return Unknown(type(lost).__name__, message_id)


def _outcome(status: int, message_id: str) -> Outcome:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Submitted(message_id)
    if status in NOT_NOW:
        return Refused(status, retry=True, slow_down=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # whether before or after it was sent, nobody says
        return Unknown(f"status {status}", message_id)
    if status in OF_THE_MESSAGE:
        return Refused(status, retry=False)
    log.error("aggregator refuses us", status=status)
    return Refused(status, retry=True, slow_down=True)
