"""An aggregator's signed calls over real sockets: who is believed, what is stored, what each status says."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.messages.incoming import Accepted
from core.wiring import Core
from sms_gateway import callers
from sms_gateway.aggregator.callback import AggregatorCallbacks
from sms_gateway.aggregator.signature import Signature
from sms_gateway.arrivals import Arrivals
from sms_gateway.callers import Callers
from sms_gateway.configured import networks_of
from sms_gateway.receipts import Receipt
from tests.fakes import FakeClock
from tests.sms_gateway.gateways import PHONE, Away, Client, listening, peer, stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MESSAGE, REPORT = "/sms/aggregator", "/sms/aggregator/receipt"
PAGE = Path(__file__).parents[2] / "docs" / "aggregator.md"
KEY, OLD_KEY = "key-of-the-aggregator", "the-key-before"
SAID = {"id": "m-1", "from": PHONE, "to": "3116", "text": "да"}

Answer = tuple[int, Any]


def signed(body: bytes, timestamp: str, key: str = KEY) -> dict[str, str]:
    """As docs/aggregator.md tells an aggregator to sign."""
    digest = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Timestamp": timestamp, "X-Signature": f"sha256={digest}", "Content-Type": "application/json"}


class Door:
    def __init__(self, core: Core, clock: FakeClock, networks: str = "") -> None:
        self.clock = clock
        self.inbox = Away(core)
        self.taken: list[Accepted] = []
        self.receipts: list[tuple[str, Receipt]] = []
        self.callbacks = AggregatorCallbacks(
            Arrivals(self.inbox, self.taken.extend),
            self._keep,
            signature=Signature(f"{KEY}, {OLD_KEY}"),
            callers=Callers(networks_of(networks), peer),
            wall=clock,
        )
        self.client: Client

    async def _keep(self, smsc: str, receipt: Receipt) -> None:
        self.receipts.append((smsc, receipt))

    def timestamp(self, *, off: timedelta = timedelta(0)) -> str:
        return str(int((self.clock.now() + off).timestamp()))

    async def call(self, place: str = MESSAGE, **changes: Any) -> Answer:
        said = {name: value for name, value in (SAID | changes).items() if value is not None}
        return await self.post(json.dumps(said).encode(), place)

    async def post(
        self, body: bytes, place: str = MESSAGE, *, headers: dict[str, str] | None = None
    ) -> Answer:
        headers = signed(body, self.timestamp()) if headers is None else headers
        async with self.client.post(place, data=body, headers=headers) as answer:
            said = await answer.json() if answer.content_type == "application/json" else None
            return answer.status, said


@pytest.fixture
async def door(core: Core, clock: FakeClock) -> AsyncIterator[Door]:
    opened = Door(core, clock)
    async with listening(opened.callbacks.routes()) as opened.client:
        yield opened


async def test_a_message_is_stored_and_handed_on_before_the_answer(core: Core, door: Door) -> None:
    assert await door.call(operator="MTS") == (200, {"status": "accepted"})
    (row,) = await stored(core)
    assert (row.channel, row.source, row.external_id, row.sender) == ("sms", "aggregator", "m-1", PHONE)
    assert row.payload == {"text": "да", "to": "3116", "smsc": "aggregator", "operator": "MTS"}
    assert [each.id for each in door.taken] == [row.id]


async def test_an_id_is_one_message_however_often_it_comes(core: Core, door: Door) -> None:
    answers = await asyncio.gather(*(door.call() for _ in range(5)))
    assert sorted(said["status"] for _, said in answers) == ["accepted"] + ["repeated"] * 4
    assert len(await stored(core)) == len(door.taken) == 1
    assert await door.call(id="m-2") == (200, {"status": "accepted"})


async def test_a_call_that_could_not_be_stored_is_asked_for_again(core: Core, door: Door) -> None:
    door.inbox.away = True
    status, said = await door.call()
    assert (status, said) == (503, {"error": "call again"})
    door.inbox.away = False
    assert await door.call() == (200, {"status": "accepted"})
    assert len(await stored(core)) == 1


async def test_either_key_is_believed_and_no_other(core: Core, door: Door) -> None:
    body, now = json.dumps(SAID).encode(), door.timestamp()
    assert (await door.post(body, headers=signed(body, now, OLD_KEY)))[0] == 200
    sound = signed(body, now)
    for forged in (
        signed(body, now, "another"),
        signed(body + b" ", now),
        sound | {"X-Timestamp": str(int(now) + 1)},
        sound | {"X-Signature": sound["X-Signature"].removeprefix("sha256=")},
        sound | {"X-Signature": ""},
        {"Content-Type": "application/json"},
    ):
        status, said = await door.post(body, headers=forged)
        assert status == 401
        assert KEY not in str(said)
    assert len(await stored(core)) == 1


async def test_the_pages_example_is_signed_as_it_says(core: Core) -> None:
    page = PAGE.read_text(encoding="utf-8")
    said = re.search(r"    X-Timestamp: (\d+)\n    (\{.*\})\n    X-Signature: (sha256=[0-9a-f]{64})\n", page)
    assert said is not None
    now = datetime.fromtimestamp(int(said[1]), UTC)
    headers = {"X-Timestamp": said[1], "X-Signature": said[3]}
    Signature("secret").verify(headers, said[2].encode(), now)
    assert Signature("secret").headers(said[2].encode(), now) == headers


@pytest.mark.parametrize("minutes, status", [(-6, 401), (-4, 200), (4, 200), (6, 401)])
async def test_a_call_holds_for_some_minutes(core: Core, door: Door, minutes: int, status: int) -> None:
    body = json.dumps(SAID).encode()
    headers = signed(body, door.timestamp(off=timedelta(minutes=minutes)))
    assert (await door.post(body, headers=headers))[0] == status
    assert len(await stored(core)) == (status == 200)


@pytest.mark.parametrize("timestamp", ["", "soon", "1.5", "-1", "٣٣", "9" * 5000])
async def test_a_time_that_is_none_is_refused(door: Door, timestamp: str) -> None:
    body = json.dumps(SAID).encode()
    headers = signed(body, "0") | {"X-Timestamp": timestamp.encode().decode("latin-1")}
    assert (await door.post(body, headers=headers))[0] == 401


WRONG: list[tuple[str, bytes]] = [
    ("no JSON", b"id=1"),
    ("no UTF-8", b'{"id": "\xff"}'),
    ("no object", b"[]"),
    ("deep", b"[" * 100_000),
    ("a name twice", b'{"id": "1", "id": "2", "from": "79140000000", "to": "3116", "text": "x"}'),
]


@pytest.mark.parametrize("name, body", WRONG, ids=[case[0] for case in WRONG])
async def test_a_body_that_is_none_is_refused(core: Core, door: Door, name: str, body: bytes) -> None:
    status, said = await door.post(body)
    assert (status, set(said)) == (400, {"error"})
    assert await stored(core) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None}, {"id": ""}, {"id": 7}, {"id": "x" * 101}, {"from": None}, {"from": " "}, {"to": None},
        {"text": None}, {"text": 100}, {"text": "x" * 40_000}, {"operator": 1},
    ],
)  # fmt: skip
async def test_a_field_that_is_missing_or_wrong_is_named(
    core: Core, door: Door, changes: dict[str, Any]
) -> None:
    status, said = await door.call(**changes)
    assert status == 400
    assert said["error"].startswith(f"{next(iter(changes))}: ")
    assert await stored(core) == []


async def test_what_is_no_text_of_a_database_is_stored_all_the_same(core: Core, door: Door) -> None:
    assert (
        await door.post(
            rb'{"id": "1", "from": "79141234567", "to": "3116", "text": "\ud83d\ude00\ud83d\u0000"}'
        )
    )[0] == 200
    assert [row.payload["text"] for row in await stored(core)] == ["😀\ufffd\ufffd"]


async def test_a_card_number_is_stored_nowhere(core: Core, door: Door) -> None:
    assert (await door.call(text="4111 1111 1111 1111"))[0] == 200
    assert "4111 1111" not in str(await stored(core))


async def test_other_bodies_and_methods_are_refused(door: Door) -> None:
    body = json.dumps(SAID).encode()
    headers = signed(body, door.timestamp())
    assert (await door.post(body, headers=headers | {"Content-Type": "text/plain"}))[0] == 415
    large = b'"' + b"x" * callers.BODY_LARGEST_BYTES + b'"'
    assert (await door.post(large))[0] == 413
    async with door.client.get(MESSAGE) as answer:
        assert answer.status == 405


async def test_a_body_that_does_not_come_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.client.port)
    head = "POST /sms/aggregator HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10"
    writer.write(f"{head}\r\n\r\nhalf".encode())
    assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    await writer.wait_closed()


async def test_who_calls_from_elsewhere_is_refused(core: Core, clock: FakeClock) -> None:
    door = Door(core, clock, networks="10.0.0.0/8")
    async with listening(door.callbacks.routes()) as door.client:
        assert (await door.call())[0] == 403
    assert await stored(core) == []


STATES = [
    ("sent", "ACCEPTD"),
    ("delivered", "DELIVRD"),
    ("failed", "UNDELIV"),
    ("expired", "EXPIRED"),
    ("rejected", "REJECTD"),
]


@pytest.mark.parametrize("status, state", STATES)
async def test_a_report_names_our_own_id(door: Door, status: str, state: str) -> None:
    assert await door.call(REPORT, id="ours", status=status, reason="12") == (200, {"status": "noted"})
    assert door.receipts == [("aggregator", Receipt(("ours",), state, "12"))]


async def test_a_report_of_no_known_kind_is_refused(door: Door) -> None:
    for status in (None, "", "lost", 7):
        assert (await door.call(REPORT, id="ours", status=status))[0] == 400
    body = b'{"id": "ours", "status": "delivered"}'
    assert (await door.post(body, REPORT, headers=signed(body, "0")))[0] == 401
    assert door.receipts == []
