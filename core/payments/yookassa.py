"""YooKassa: cards, SBP, saved methods, phone accounts, refunds and its register, JSON over HTTP."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog

from core.money import Money
from core.payments import yookassa_objects as objects
from core.payments import yookassa_requests as requests
from core.payments.capabilities import Capabilities, Limits, Operation
from core.payments.charge import Charge, Refund
from core.payments.line import TIMEOUT_SECONDS, Answer, Line
from core.payments.provider import (
    Declined,
    Hint,
    Noted,
    NotSent,
    Outcome,
    Pending,
    Provider,
    ProviderEvent,
    RefundOutcome,
    RegisterLine,
    RegisterUnavailable,
    Told,
    Unknown,
)
from core.payments.yookassa_callbacks import Networks, parse, read
from core.payments.yookassa_objects import UNREADABLE, NotOurs, Said
from core.states import Method

PAGE_LARGEST = "100"  # the most that one page of a list may hold
SOUGHT_LARGEST = 3000  # payments looked through for one whose reference did not reach us
CLOCKS_APART = timedelta(minutes=5)
LIMITS = {
    Method.CARD: Limits(least=Money.roubles(1), most=Money.roubles(350_000)),
    Method.SBP: Limits(least=Money.roubles(1), most=Money.roubles(700_000)),
    Method.MOBILE: Limits(least=Money.roubles(10), most=Money.roubles(5_000)),
}
KEYS_LIVE = timedelta(hours=23)  # it forgets them after 24
CONFIGURATION_FAULTS = frozenset({401, 403})

Read = TypeVar("Read")

log = structlog.get_logger()


class YooKassa(Provider):
    """Honours our keys for 24 hours. Its callbacks are unsigned hints: what they tell of is read anew."""

    name = "yookassa"
    capabilities = Capabilities(
        methods=frozenset(LIMITS),
        keys_honoured=frozenset(Operation),
        keys_live=KEYS_LIVE,
        limits=LIMITS,
        saves=frozenset({Method.CARD, Method.SBP}),
        charges_saved=True,
        refunds=True,
        tells_state=frozenset(LIMITS),
        register=True,
        payer_confirms=frozenset({Method.MOBILE}),
    )

    def __init__(
        self,
        *,
        url: str,
        public_url: str,
        shop: str,
        key: str,
        networks: str,
        test: bool = False,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._return_url = f"{public_url.rstrip('/')}/paid"
        self._shop = shop
        self._test = test
        self._networks = Networks.parse(networks)
        self._basic = base64.b64encode(f"{shop}:{key}".encode()).decode()
        self._line = Line(url, timeout=timeout)

    async def start_checkout(self, charge: Charge) -> Outcome:
        body = requests.checkout(charge, return_url=self._return_url)
        return await self._pay(charge, body)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        return await self._pay(charge, requests.mobile(charge))

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        return await self._pay(charge, requests.saved(charge, token, return_url=self._return_url))

    async def refund(self, refund: Refund) -> RefundOutcome:
        answer = await self._post("/refunds", requests.refund(refund), key=refund.id)
        return self._done(answer, objects.refund) if isinstance(answer, Answer) else answer

    async def get_refund(self, refund: Refund, reference: str) -> RefundOutcome:
        answer = await self._get(f"/refunds/{reference}")
        return self._told(answer, objects.refund) if isinstance(answer, Answer) else Unknown(answer.reason)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        if reference is None:
            return await self._seek(charge)
        answer = await self._get(f"/payments/{reference}")
        if not isinstance(answer, Answer):
            return Unknown(answer.reason)
        if answer.status == 404:
            return []
        found = self._told(answer, self._payment)
        return found if isinstance(found, Unknown) else [found]

    async def register(self, since: datetime, until: datetime) -> AsyncIterator[RegisterLine]:
        """By the moments of capture and of giving back."""
        captured = {"status": "succeeded", **_period("captured_at", since, until)}
        returned = {"status": "succeeded", **_period("created_at", since, until)}
        try:
            async for said in self._pages("/payments", captured):
                line = objects.payment_line(said, shop=self._shop, test=self._test)
                if line is not None:
                    yield line
            async for said in self._pages("/refunds", returned):
                yield RegisterLine(objects.moment(said["created_at"]), objects.refunded(said))
        except UNREADABLE:
            raise RegisterUnavailable("unreadable answer") from None

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told:
        return parse(body, peer, self._networks)

    def read_callback(self, kept: bytes) -> ProviderEvent:
        return read(kept)

    async def look_up(self, event: ProviderEvent) -> ProviderEvent | Unknown:
        """The event as the API tells it. What is not there, or not ours, happened to nobody here."""
        hint = event.outcome
        assert isinstance(hint, Hint)
        answer = await self._get(f"/{hint.kind}s/{hint.reference}")
        if not isinstance(answer, Answer):
            return Unknown(answer.reason)
        if answer.status == 404:
            return replace(event, outcome=Noted())
        try:
            return self._event(event, hint, answer)
        except NotOurs:
            log.error("a callback about what is not ours", provider=self.name, reference=hint.reference)
            return replace(event, outcome=Noted())
        except UNREADABLE:
            return Unknown("unreadable answer")

    async def close(self) -> None:
        await self._line.close()

    async def _pay(self, charge: Charge, body: requests.Body) -> Outcome:
        answer = await self._post("/payments", body, key=charge.id)
        return self._done(answer, self._payment) if isinstance(answer, Answer) else answer

    async def _seek(self, charge: Charge) -> Sequence[Outcome] | Unknown:
        """By our key among the newest payments, as far back as the charge was made."""
        since = {"created_at.gte": _wire(_made_at(charge.id) - CLOCKS_APART)}
        looked = 0
        try:
            async for said in self._pages("/payments", since):
                if objects.our_key(said) == charge.id:
                    return [self._payment(said)]
                looked += 1
                if looked >= SOUGHT_LARGEST:
                    return Unknown("too many to look through")
        except RegisterUnavailable as error:
            return Unknown(str(error))
        except (NotOurs, *UNREADABLE):
            return Unknown("unreadable answer")
        return []

    async def _pages(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Said]:
        """All objects of a list, page by page; raises RegisterUnavailable."""
        cursor: dict[str, str] = {}
        while True:
            answer = await self._get(path, {**params, "limit": PAGE_LARGEST, **cursor})
            if not isinstance(answer, Answer):
                raise RegisterUnavailable(answer.reason)
            if answer.status != 200:
                raise RegisterUnavailable(f"status_{answer.status}")
            try:
                page = json.loads(answer.body)
                items, following = list(page["items"]), page.get("next_cursor")
            except UNREADABLE:
                raise RegisterUnavailable("unreadable answer") from None
            for said in items:
                yield said
            if not following:
                return
            cursor = {"cursor": str(following)}

    def _event(self, event: ProviderEvent, hint: Hint, answer: Answer) -> ProviderEvent | Unknown:
        if answer.status != 200:
            return Unknown(f"status_{answer.status}")
        said = json.loads(answer.body)
        outcome = objects.refund(said) if hint.kind == "refund" else self._payment(said)
        if isinstance(outcome, Pending | Unknown | NotSent):
            return Unknown("not settled yet")
        if hint.kind == "refund":
            refused = isinstance(outcome, Declined)  # nothing was given back
            return replace(event, outcome=Noted() if refused else outcome)
        return replace(event, outcome=outcome, payment_id=objects.our_key(said), method=objects.method(said))

    def _payment(self, said: Said) -> Outcome:
        return objects.payment(said, shop=self._shop, test=self._test)

    def _done(self, answer: Answer, read: Callable[[Said], Read]) -> Read | Declined | NotSent | Unknown:
        """What came of a request to do something. A refused one did nothing, any other failure may have."""
        if answer.status == 200:
            return self._told(answer, read)
        if answer.status == 429:
            return NotSent("throttled")
        if not 400 <= answer.status < 500:
            return Unknown(f"status_{answer.status}")
        log.error("provider refused a request", provider=self.name, status=answer.status)
        reason = "unavailable" if answer.status in CONFIGURATION_FAULTS else "other"
        return Declined(reason, hard=_refused_parameter(answer.body) == "payment_method_id")

    def _told(self, answer: Answer, read: Callable[[Said], Read]) -> Read | Unknown:
        """What an object says; anything but the object says nothing."""
        if answer.status != 200:
            return Unknown(f"status_{answer.status}")
        try:
            return read(json.loads(answer.body))
        except NotOurs:
            log.error("an answer about what is not ours", provider=self.name)
            return Unknown("not ours")
        except UNREADABLE:
            return Unknown("unreadable answer")

    async def _post(self, path: str, body: requests.Body, *, key: UUID) -> Answer | NotSent | Unknown:
        headers = {"Authorization": f"Basic {self._basic}", "Idempotence-Key": str(key)}
        return await self._line.ask("POST", path, headers=headers, json=body)

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> Answer | NotSent | Unknown:
        headers = {"Authorization": f"Basic {self._basic}"}
        return await self._line.ask("GET", path, headers=headers, params=params)


def _made_at(key: UUID) -> datetime:
    """The moment in a UUIDv7 (RFC 9562, 5.7)."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _period(name: str, since: datetime, until: datetime) -> dict[str, str]:
    return {f"{name}.gte": _wire(since), f"{name}.lt": _wire(until)}


def _refused_parameter(body: bytes) -> str | None:
    try:
        found: Any = json.loads(body)["parameter"]
    except UNREADABLE:
        return None
    return found if isinstance(found, str) else None
