"""The sandbox provider: the simulator's card page, saved cards and mobile charge, signed JSON over HTTP."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import aiohttp
import structlog

from core.ids import PaymentId
from core.payments import sandbox_objects as objects
from core.payments.capabilities import Capabilities, Operation
from core.payments.charge import Charge, Refund
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Declined,
    Done,
    Hint,
    Noted,
    NotSent,
    Outcome,
    Provider,
    ProviderEvent,
    RefundOutcome,
    Succeeded,
    Told,
    Unknown,
)
from core.payments.sandbox_objects import UNREADABLE, Said
from core.states import Method

TIMEOUT_SECONDS = 10.0
SIGNATURE = "X-Signature"

Read = TypeVar("Read")

log = structlog.get_logger()


class Sandbox(Provider):
    """Charges at the simulator. Mobile charges alone do not honour our key."""

    name = "sandbox"
    capabilities = Capabilities(
        methods=frozenset({Method.CARD, Method.MOBILE}),
        keys_honoured=frozenset({Operation.CHECKOUT, Operation.CHARGE_SAVED, Operation.REFUND}),
        saves=frozenset({Method.CARD}),
        charges_saved=True,
        revokes=True,
        refunds=True,
        tells_state=frozenset({Method.CARD, Method.MOBILE}),
    )

    def __init__(
        self, *, url: str, key: str, merchant: str, public_url: str, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key.encode()
        self._merchant = merchant
        self._public_url = public_url.rstrip("/")
        self._thanks = f"{self._public_url}/paid"
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._http: aiohttp.ClientSession | None = None

    async def start_checkout(self, charge: Charge) -> Outcome:
        order = self._order(charge, return_url=self._thanks, save=charge.save)
        return await self._post("/checkouts", order, objects.checkout)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        def read(answer: Said) -> Outcome:
            return objects.charge({"amount": charge.total.kopecks, "account": charge.number, **answer})

        return await self._post("/mobile-charges", self._order(charge, phone=charge.phone), read)

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        """With an address to come back to, the payer is asked for the CVC there; a mandate has none."""
        there = {} if charge.by_mandate else {"return_url": self._thanks}
        return await self._post("/saved-charges", self._order(charge, token=token, **there), objects.charge)

    async def revoke_method(self, token: str) -> Done | NotSent | Unknown:
        asked = {"merchant": self._merchant, "token": token, "test": True}
        answer = await self._post("/cards/forget", asked, lambda _: Done())
        return Unknown(answer.reason) if isinstance(answer, Declined) else answer

    async def refund(self, refund: Refund) -> RefundOutcome:
        asked = {
            "merchant": self._merchant,
            "refund": str(refund.id),
            "id": refund.reference,
            "amount": refund.amount.kopecks,
            "currency": "RUB",
            "test": True,
        }
        return await self._post("/refunds", asked, objects.refund)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        try:
            found = await self._payments(charge.id)
            return found if isinstance(found, Unknown) else [objects.charge(each) for each in found]
        except UNREADABLE as error:
            return Unknown(type(error).__name__)

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told:
        signature = headers.get(SIGNATURE, "")
        if not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            raise CallbackRejected("signature", status=403)
        return Told(self.read_callback(body), body, CallbackAnswer(200, "OK"))

    def read_callback(self, kept: bytes) -> ProviderEvent:
        try:
            said = json.loads(kept, object_pairs_hook=_without_duplicates)
            if said["merchant"] != self._merchant or said["test"] is not True:
                raise CallbackRejected("merchant", status=403)
            return ProviderEvent(
                key=objects.name(said["event"]),
                payment_id=PaymentId(UUID(said["payment"])),
                outcome=objects.event(said),
                method=Method(said["method"]),
                at=datetime.fromisoformat(said["at"]),
            )
        except UNREADABLE as error:
            raise CallbackRejected("malformed") from error

    async def look_up(self, event: ProviderEvent) -> ProviderEvent | Unknown:
        """A success that left a card behind, with the card."""
        assert isinstance(event.outcome, Hint)
        assert event.payment_id is not None
        try:
            found = await self._payments(event.payment_id)
            if isinstance(found, Unknown):
                return found
            outcomes = [objects.charge(each) for each in found if each["id"] == event.outcome.reference]
        except UNREADABLE as error:
            return Unknown(type(error).__name__)
        match outcomes:
            case [Succeeded() | Declined() as outcome]:
                return replace(event, outcome=outcome)
            case []:
                return replace(event, outcome=Noted())
            case _:
                return Unknown("not settled yet")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _order(self, charge: Charge, **more: Any) -> dict[str, Any]:
        return {
            "merchant": self._merchant,
            "payment": str(charge.id),
            "account": charge.number,
            "amount": charge.total.kopecks,
            "currency": "RUB",
            "payer": charge.payer,
            "callback_url": f"{self._public_url}/callbacks/{self.name}",
            "test": True,
            **more,
        }

    async def _payments(self, payment_id: PaymentId) -> list[Said] | Unknown:
        """All that was charged under our key; raises one of UNREADABLE for a wrong shape."""
        query = f"payment={payment_id}"
        headers = {SIGNATURE: self._sign(query.encode())}
        try:
            async with self._session().get(f"{self._url}/payments?{query}", headers=headers) as response:
                if response.status != 200:
                    return Unknown(f"status_{response.status}")
                return list((await response.json())["payments"])
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(type(error).__name__)

    async def _post(
        self, path: str, asked: Mapping[str, Any], read: Callable[[Said], Read]
    ) -> Read | Declined | NotSent | Unknown:
        body = json.dumps(asked).encode()
        headers = {SIGNATURE: self._sign(body), "Content-Type": "application/json"}
        try:
            async with self._session().post(self._url + path, data=body, headers=headers) as response:
                if response.status in (200, 201):
                    return read(await response.json())
                if 400 <= response.status < 500:
                    log.warning("provider refused a request", provider=self.name, status=response.status)
                    return Declined("other")
                return Unknown(f"status_{response.status}")
        except aiohttp.ClientConnectorError:
            return NotSent("unreachable")
        except (aiohttp.ClientError, TimeoutError, *UNREADABLE) as error:
            return Unknown(type(error).__name__)

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=self._timeout)
        return self._http

    def _sign(self, raw: bytes) -> str:
        return hmac.new(self._key, raw, hashlib.sha256).hexdigest()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name are two readings of a payment: refused."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("duplicate names")
    return dict(pairs)
