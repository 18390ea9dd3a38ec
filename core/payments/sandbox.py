"""The sandbox provider: the simulator's card page and mobile charge, signed JSON over HTTP."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
import structlog

from core.ids import PaymentId
from core.money import Money
from core.payments.capabilities import Capabilities, Operation
from core.payments.charge import Charge
from core.payments.provider import (
    REASONS,
    CallbackAnswer,
    CallbackRejected,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Provider,
    ProviderEvent,
    Succeeded,
    Told,
    Unknown,
)
from core.states import Method

TIMEOUT_SECONDS = 10.0
SIGNATURE = "X-Signature"
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)  # what reading a wrong shape raises
_NAME = re.compile(r"[!-~]{1,64}")

log = structlog.get_logger()


class Sandbox(Provider):
    """Charges at the simulator. Checkouts honour our key, mobile charges do not."""

    name = "sandbox"
    capabilities = Capabilities(
        methods=frozenset({Method.CARD, Method.MOBILE}),
        keys_honoured=frozenset({Operation.CHECKOUT}),
        tells_state=frozenset({Method.CARD, Method.MOBILE}),
    )

    def __init__(
        self, *, url: str, key: str, merchant: str, public_url: str, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key.encode()
        self._merchant = merchant
        self._public_url = public_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._http: aiohttp.ClientSession | None = None

    async def start_checkout(self, charge: Charge) -> Outcome:
        back = charge.return_url or f"{self._public_url}/paid"
        return await self._post("/checkouts", _checkout, charge, return_url=back)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        def read(answer: Mapping[str, Any]) -> Outcome:
            return _outcome({"amount": charge.total.kopecks, "account": charge.number, **answer})

        return await self._post("/mobile-charges", read, charge, phone=charge.phone)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        query = f"payment={charge.id}"
        headers = {SIGNATURE: self._sign(query.encode())}
        try:
            async with self._session().get(f"{self._url}/payments?{query}", headers=headers) as response:
                if response.status != 200:
                    return Unknown(f"status_{response.status}")
                found = await response.json()
                return [_outcome(each) for each in found["payments"]]
        except (aiohttp.ClientError, TimeoutError, *UNREADABLE) as error:
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
                key=_name(said["event"]),
                payment_id=PaymentId(UUID(said["payment"])),
                outcome=_event_outcome(said),
                method=Method(said["method"]),
                at=datetime.fromisoformat(said["at"]),
            )
        except UNREADABLE as error:
            raise CallbackRejected("malformed") from error

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _post(
        self, path: str, read: Callable[[Mapping[str, Any]], Outcome], charge: Charge, **more: Any
    ) -> Outcome:
        body = json.dumps(
            {
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
        ).encode()
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


def _checkout(said: Mapping[str, Any]) -> Outcome:
    return Pending(reference=_name(said["id"]), checkout_url=_address(said["url"]))


def _outcome(said: Mapping[str, Any]) -> Outcome:
    """What an answer says of one charge; amounts are integer kopecks, floats are refused."""
    match said["status"]:
        case "succeeded":
            return Succeeded(
                reference=_name(said["id"]),
                number=str(said["account"]),
                total=_kopecks(said["amount"]),
                currency=str(said.get("currency", "RUB")),
                card_mask=_mask(said.get("card_mask")),
            )
        case "pending":
            return Pending(reference=_name(said["id"]))
        case "declined":
            return Declined(_reason(said.get("reason")), reference=_name(said["id"]))
        case other:
            return Unknown(f"status {other}"[:64])


def _event_outcome(said: Mapping[str, Any]) -> Succeeded | Declined:
    match said["kind"]:
        case "payment.succeeded":
            return Succeeded(
                reference=_name(said["id"]),
                number=str(said["account"]),
                total=_kopecks(said["amount"]),
                currency=str(said["currency"]),
                card_mask=_mask(said["card"]["mask"]) if said.get("card") else None,
            )
        case "payment.declined":
            return Declined(_reason(said.get("reason")), reference=_name(said["id"]))
        case other:
            raise ValueError(f"kind {other}")


def _name(value: object) -> str:
    """An identifier of the provider's, as our columns keep it."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("identifier")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError("address")
    return value


def _mask(value: object) -> str | None:
    """A card as it may be shown; what holds more than its ends is not kept."""
    if not isinstance(value, str) or len(value) > 32 or sum(map(str.isdigit, value)) > 10:
        return None
    return value


def _kopecks(value: object) -> Money:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError("amount")
    return Money(value)


def _reason(said: object) -> str:
    return said if isinstance(said, str) and said in REASONS else "other"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name are two readings of a payment: refused."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("duplicate names")
    return dict(pairs)
