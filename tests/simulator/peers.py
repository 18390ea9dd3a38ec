"""What stands on the other side of the simulator in its tests: an ESME and a shop that answer as told."""

import asyncio
import hashlib
import hmac
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import smpp34
from aiohttp import web

from simulator.world import World
from tests.deadlines import until

KEY = b"provider-key"
HEADER = struct.Struct(">IIII")
DELIVER_SM, DELIVER_SM_RESP, ENQUIRE_LINK, BIND_TRANSCEIVER = 0x5, 0x80000005, 0x15, 0x9


class RawEsme:
    """Binds with hand-packed frames; answers each deliver_sm with the next of `statuses`, then with OK."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, statuses: list[int]
    ) -> None:
        self.received: list[smpp34.DeliverSm] = []
        self._reader = reader
        self._writer = writer
        self._statuses = statuses

    def send(self, command: int, body: bytes = b"", *, status: int = 0, sequence: int = 1) -> None:
        self._writer.write(HEADER.pack(16 + len(body), command, status, sequence) + body)

    async def frame(self) -> bytes:
        start = await self._reader.readexactly(4)
        return start + await self._reader.readexactly(int.from_bytes(start) - 4)

    async def serve(self) -> None:
        while True:
            frame = await self.frame()
            _, command, _, sequence = HEADER.unpack_from(frame)
            if command == DELIVER_SM:
                message = smpp34.decode(frame)
                assert isinstance(message, smpp34.DeliverSm)
                self.received.append(message)
                status = self._statuses.pop(0) if self._statuses else 0
                self.send(DELIVER_SM_RESP, b"\0", status=status, sequence=sequence)


@asynccontextmanager
async def raw_esme(
    port: int, *, system_id: str = "demo", password: str = "demo", statuses: list[int] | None = None
) -> AsyncIterator[RawEsme]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    esme = RawEsme(reader, writer, statuses or [])
    esme.send(BIND_TRANSCEIVER, f"{system_id}\0{password}\0\0\x34\0\0\0".encode())
    try:
        yield esme
    finally:
        writer.close()


@dataclass
class Shop:
    """The product as the provider sees it: signs what it asks, keeps what it is told."""

    session: aiohttp.ClientSession
    world: World
    callback_url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    genuine: list[bool] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)  # the next ones; then 200 OK

    def order(self, **changes: Any) -> dict[str, Any]:
        order = {
            "merchant": "alianstelecom-demo",
            "payment": str(uuid4()),
            "account": "100080",
            "amount": 100_00,
            "currency": "RUB",
            "callback_url": self.callback_url,
            "test": True,
        }
        return order | changes

    async def checkout(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        order = self.order(payer="telegram:1001", return_url="http://127.0.0.1/paid")
        return await self.post("/provider/checkouts", order | changes)

    async def charge(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        return await self.post("/provider/mobile-charges", self.order(phone="79140000001") | changes)

    async def post(self, path: str, asked: object, *, key: bytes = KEY) -> tuple[int, dict[str, Any]]:
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        headers = {"X-Signature": sign(body, key)}
        async with self.session.post(self.world.url + path, data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def payments(self, payment: str) -> list[dict[str, Any]]:
        query = f"payment={payment}"
        url, headers = f"{self.world.url}/provider/payments?{query}", {"X-Signature": sign(query.encode())}
        async with self.session.get(url, headers=headers) as answer:
            assert answer.status == 200
            found: list[dict[str, Any]] = (await answer.json())["payments"]
            return found

    async def books(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.world.url}/provider/books") as answer:
            charges: list[dict[str, Any]] = (await answer.json())["charges"]
            return charges

    async def heard(self, count: int = 1) -> list[dict[str, Any]]:
        """The callbacks, once there are as many."""
        await until(lambda: len(self.told) >= count)
        return self.told

    async def phone(self, path: str, asked: object) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.world.url}/phone/{path}", json=asked) as answer:
            return answer.status, await answer.json()

    async def faults(self, **provider: Any) -> None:
        assert await self.phone("faults", {"provider": provider}) == (200, {})

    async def take_callback(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.told.append(json.loads(body))
        self.genuine.append(request.headers["X-Signature"] == sign(body))
        status, text = self.answers.pop(0) if self.answers else (200, "OK")
        return web.Response(status=status, text=text)


def sign(body: bytes, key: bytes = KEY) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


@asynccontextmanager
async def open_shop(world: World) -> AsyncIterator[Shop]:
    async with aiohttp.ClientSession() as session:
        shop = Shop(session, world)
        app = web.Application()
        app.add_routes([web.post("/callbacks/sandbox", shop.take_callback)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shop.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/sandbox"
        yield shop
        await runner.cleanup()
