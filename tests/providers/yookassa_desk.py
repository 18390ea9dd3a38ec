"""YooKassa's side of the wire, written from its API reference: payments, refunds, lists, notifications."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.providers.faults import Faults

SHOP, KEY = "100500", "live_secret"
NETWORKS = "185.71.76.0/27, 2a02:5180:0:1509::/64"
PEER = "185.71.76.1"
START = datetime(2026, 4, 27, 5, 0, tzinfo=UTC)

Json = dict[str, Any]


@dataclass
class YooKassaDesk:
    """Keeps what it was asked under the caller's keys; payers confirm where a test says so."""

    payments: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    asked: list[tuple[str, str, Json, str]] = field(default_factory=list)  # method, path, body, key
    queries: list[dict[str, str]] = field(default_factory=list)
    keys: dict[str, Json] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # saved methods: what becomes of a charge with them
    faults: Faults = field(default_factory=Faults)
    status: int = 200  # of every answer that is not spoilt otherwise
    refuses: Json = field(default_factory=dict)
    test: bool = False
    page: int = 100
    now: datetime = START
    url: str = ""

    def app(self) -> web.Application:
        app = web.Application()
        before = self.faults.before
        app.router.add_post("/v3/payments", before(self._create))
        app.router.add_get("/v3/payments", before(self._list))
        app.router.add_get("/v3/payments/{id}", before(self._show))
        app.router.add_post("/v3/refunds", before(self._refund))
        app.router.add_get("/v3/refunds", before(self._list))
        app.router.add_get("/v3/refunds/{id}", before(self._show))
        return app

    # What payers and banks do.

    def pays(self, reference: str, **changes: Any) -> bytes:
        """The payer confirms, the money is taken; the notification of it."""
        payment = self.payments[reference]
        payment |= {"status": "succeeded", "paid": True, "captured_at": _at(self._tick())} | changes
        payment.pop("confirmation", None)
        method = payment["payment_method"]
        if method["type"] == "bank_card":
            method["card"] = {
                "first6": "220000",
                "last4": "0004",
                "expiry_year": "2030",
                "expiry_month": "12",
            }
        if payment.pop("_save", False):
            method |= {"saved": True}
            self.tokens[method["id"]] = "succeeded"
        return self.tells("payment.succeeded", reference)

    def declines(self, reference: str, reason: str = "insufficient_funds") -> bytes:
        self.payments[reference] |= {
            "status": "canceled",
            "cancellation_details": {"party": "payment_network", "reason": reason},
        }
        return self.tells("payment.canceled", reference)

    def gives_back(self, reference: str, value: str, *, currency: str = "RUB") -> bytes:
        """From the merchant's cabinet: no request of ours."""
        made = self._give_back({"payment_id": reference, "amount": {"value": value, "currency": currency}})
        return self.tells("refund.succeeded", made["id"])

    def tells(self, event: str, reference: str) -> bytes:
        there = self.payments.get(reference) or self.refunds.get(reference) or {"id": reference}
        shown = {name: value for name, value in there.items() if not name.startswith("_")}
        return json.dumps({"type": "notification", "event": event, "object": shown}).encode()

    @property
    def taken(self) -> list[Json]:
        return [each for each in self.payments.values() if each["status"] == "succeeded"]

    # Its servers.

    async def _create(self, request: web.Request) -> web.Response:
        body, refused = await self._enter(request)
        if refused is not None:
            return refused
        key = request.headers["Idempotence-Key"]
        if key not in self.keys:
            made = self._new_payment(body)
            if made is None:
                return self._error("invalid_request", parameter="payment_method_id")
            self.keys[key] = made
        return _shown(self.keys[key])

    def _new_payment(self, body: Json) -> Json | None:
        reference = str(uuid4())
        payment: Json = {
            "id": reference,
            "status": "pending",
            "paid": False,
            "amount": body["amount"],
            "description": body.get("description", ""),
            "recipient": {"account_id": SHOP, "gateway_id": "1"},
            "created_at": _at(self._tick()),
            "refundable": False,
            "test": self.test,
            "metadata": body.get("metadata", {}),
            "_save": body.get("save_payment_method", False),
        }
        token = body.get("payment_method_id")
        if token is not None:
            if token not in self.tokens:
                return None
            payment["payment_method"] = {"type": "bank_card", "id": token, "saved": True}
        else:
            asked = body["payment_method_data"]
            payment["payment_method"] = {"type": asked["type"], "id": reference, "saved": False}
        wish = body.get("confirmation")
        if wish == {"type": "external"}:
            payment["confirmation"] = {"type": "external"}
        elif wish is not None:
            assert wish["return_url"].startswith("https://")
            url = f"https://yoomoney.ru/api-pages/v2/payment-confirm/epl?orderId={reference}"
            payment["confirmation"] = {"type": "redirect", "confirmation_url": url}
        self.payments[reference] = payment
        if token is not None and self.tokens[token] == "succeeded":
            self.pays(reference)
        elif token is not None and self.tokens[token] != "pending":
            self.declines(reference, self.tokens[token])
        return payment

    async def _refund(self, request: web.Request) -> web.Response:
        body, refused = await self._enter(request)
        if refused is not None:
            return refused
        key = request.headers["Idempotence-Key"]
        if key not in self.keys:
            of = self.payments.get(body["payment_id"], {"status": "none"})
            if of["status"] != "succeeded":
                return self._error("invalid_request", parameter="payment_id")
            self.keys[key] = self._give_back(body)
        return _shown(self.keys[key])

    def _give_back(self, body: Json) -> Json:
        made = {"id": str(uuid4()), "status": "succeeded", "created_at": _at(self._tick()), **body}
        self.refunds[made["id"]] = made
        return made

    async def _show(self, request: web.Request) -> web.Response:
        _, refused = await self._enter(request)
        if refused is not None:
            return refused
        shelf = self.refunds if "/refunds/" in request.path else self.payments
        found = shelf.get(request.match_info["id"])
        return self._error("not_found", status=404) if found is None else _shown(found)

    async def _list(self, request: web.Request) -> web.Response:
        """Newest first, page by page; the cursor is where the next page begins."""
        _, refused = await self._enter(request)
        if refused is not None:
            return refused
        query = request.query
        self.queries.append(dict(query))
        assert 1 <= int(query["limit"]) <= 100
        shelf = self.refunds if request.path.endswith("/refunds") else self.payments
        found = [each for each in shelf.values() if _fits(each, dict(query))]
        found.sort(key=lambda each: each["created_at"], reverse=True)
        start, size = int(query.get("cursor", 0)), min(int(query["limit"]), self.page)
        page: Json = {"type": "list", "items": [_public(each) for each in found[start : start + size]]}
        if start + size < len(found):
            page["next_cursor"] = str(start + size)
        return web.json_response(page)

    async def _enter(self, request: web.Request) -> tuple[Json, web.Response | None]:
        body = json.loads(await request.read()) if request.can_read_body else {}
        key = request.headers.get("Idempotence-Key", "")
        self.asked.append((request.method, request.path, body, key))
        basic = base64.b64encode(f"{SHOP}:{KEY}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return body, self._error("invalid_credentials", status=401)
        if request.method == "POST" and not 1 <= len(key) <= 64:
            return body, self._error("invalid_request", parameter="Idempotence-Key")
        if self.status != 200:
            return body, self._error("whatever", status=self.status)
        return body, None

    def _error(self, code: str, *, status: int = 400, parameter: str | None = None) -> web.Response:
        said = {"type": "error", "id": str(uuid4()), "code": code, "description": "…"}
        if parameter is not None:
            said["parameter"] = parameter
        return web.json_response(said, status=status)

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def _fits(each: Json, query: Json) -> bool:
    if "status" in query and each["status"] != query["status"]:
        return False
    for name in ("created_at", "captured_at"):
        at = each.get(name)
        since, until = query.get(f"{name}.gte"), query.get(f"{name}.lt")
        if since is not None and (at is None or _moment(at) < _moment(since)):
            return False
        if until is not None and (at is None or _moment(at) >= _moment(until)):
            return False
    return True


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _public(each: Json) -> Json:
    return {name: value for name, value in each.items() if not name.startswith("_")}


def _shown(each: Json) -> web.Response:
    return web.json_response(_public(each))


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kopecks(each: Json) -> int:
    return int(Decimal(each["amount"]["value"]) * 100)
