"""Kannel's two addresses over real sockets, and what is called there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from yarl import URL

from core.messages.incoming import Accepted
from core.storage.message_tables import sms_part
from core.wiring import Core
from sms_gateway.arrivals import Arrivals
from sms_gateway.callers import Callers
from sms_gateway.configured import networks_of
from sms_gateway.kannel.callbacks import KannelCallbacks
from sms_gateway.kannel.signed import Signer
from sms_gateway.receipts import Receipt
from tests.sms_gateway.gateways import PHONE, TOKEN, Away, Client, listening, peer

MESSAGE = "/sms/kannel"


class Door:
    """Kannel's two addresses, and what came through them."""

    def __init__(self, core: Core, networks: str = "127.0.0.1") -> None:
        self.inbox = Away(core)
        self.taken: list[Accepted] = []
        self.receipts: list[Receipt] = []
        self.signer = Signer(TOKEN)
        self.callbacks = KannelCallbacks(
            self.inbox,
            Arrivals(self.inbox, self.taken.extend),
            self._keep,
            ways={"kannel:operator": "", "kannel:mts": "mts"},
            signer=self.signer,
            callers=Callers(networks_of(networks), peer),
        )
        self.client: Client

    async def _keep(self, smsc: str, receipt: Receipt) -> None:
        if self.inbox.away:
            raise OSError("gone")
        assert smsc == "kannel:operator"
        self.receipts.append(receipt)

    async def call(self, **changes: Any) -> int:
        """As Kannel 1.4.5 calls its get-url, for `да` in UCS-2."""
        said: dict[str, Any] = {
            "token": TOKEN, "from": f"+{PHONE}", "to": "3116", "b": "да".encode("utf-16-be"),
            "cs": "UTF-16BE", "coding": "2", "ts": "1795376507", "smsc": "operator", "id": "id-1",
            "udh": b"", "fid": "", "meta": "",
        }  # fmt: skip
        said |= changes
        query = urlencode([(name, value) for name, value in said.items() if value is not None])
        return await self.get(f"{MESSAGE}?{query}")

    async def get(self, address: str) -> int:
        async with self.client.get(URL(address, encoded=True)) as answer:
            assert await answer.read() == b"" or answer.status != 200
            return answer.status


@pytest.fixture
async def door(core: Core) -> AsyncIterator[Door]:
    opened = Door(core)
    async with listening(opened.callbacks.routes()) as opened.client:
        yield opened


async def parts_kept(core: Core) -> int:
    async with core.database.read() as tx:
        return len(await tx.all(select(sms_part.c.key)))


def udh(number: int, total: int = 2, reference: int = 7) -> bytes:
    return bytes((5, 0, 3, reference, total, number))
