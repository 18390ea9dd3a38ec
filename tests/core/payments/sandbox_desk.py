"""The sandbox provider's side of the wire, for tests of its adapter."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import date

from aiohttp import web

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import SavedMethod
from core.payments.sandbox import Sandbox

KEY = b"secret"
CHARGE = Charge(PaymentId(new_id()), "100080", Money(113_00), "someone", "79141234567")
SAVED = SavedMethod("card_1", "2200 00xx xxxx 0004", expires=date(2028, 2, 29))


@dataclass
class Desk:
    """The provider's side of the wire: answers as told, remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    asked: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    silent: asyncio.Event | None = None

    def answers(self, body: object, status: int = 200) -> None:
        self.body, self.status = json.dumps(body).encode(), status

    async def serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.asked.append((request.method, request.path_qs, raw, request.headers.get("X-Signature", "")))
        if self.silent is not None:
            await self.silent.wait()
        return web.Response(status=self.status, body=self.body, content_type=self.kind)


def sign(raw: bytes) -> str:
    return hmac.new(KEY, raw, hashlib.sha256).hexdigest()


def sandbox_at(url: str, *, timeout: float = 10.0) -> Sandbox:
    return Sandbox(
        url=url + "/", key=KEY.decode(), merchant="m", public_url="http://us.example/", timeout=timeout
    )


def sandbox_apart() -> Sandbox:
    return sandbox_at("http://127.0.0.1:1")
