"""The whole door behind HTTP gateways: what comes by Kannel or an aggregator is answered the same way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from yarl import URL

from core.settings import Settings
from core.storage.message_tables import incoming, notice, sms_submission
from core.wiring import Core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor
from tests.accounts import open_account
from tests.deadlines import until
from tests.fakes import FakeClock
from tests.sms_gateway.gateways import KEY, PHONE, TOKEN, Aggregator, Client, Smsbox, listening, peer, rows
from tests.sms_gateway.raw_smsc import QUICK

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def smsbox() -> AsyncIterator[Smsbox]:
    async with Smsbox().listening() as opened:
        yield opened


@pytest.fixture
async def aggregator(clock: FakeClock) -> AsyncIterator[Aggregator]:
    opened = Aggregator(clock)
    async with opened.listening():
        yield opened


@pytest.fixture
def settings(database_url: str, smsbox: Smsbox, aggregator: Aggregator) -> Settings:
    return Settings(
        _env_file=None,
        env="test",
        database_url=database_url,
        kannel_url=SecretStr(f"{smsbox.url}?smsc=mts&direct=yes"),
        kannel_token=SecretStr(TOKEN),
        aggregator_key=SecretStr(KEY),
        aggregator_reply_url=aggregator.url,
        smsc_messages_per_second=10_000,
    )


@asynccontextmanager
async def door_of(core: Core) -> AsyncIterator[Client]:
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=QUICK)
    async with listening(door.routes(peer)) as client, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        yield client
        running.cancel()


async def kannel_says(client: Client, text: str, number: int) -> None:
    said = {
        "token": TOKEN, "from": f"+{PHONE}", "to": "3116", "b": text.encode("utf-16-be"), "cs": "UTF-16BE",
        "coding": "2", "smsc": "mts", "id": str(number), "udh": "",
    }  # fmt: skip
    async with client.get(URL(f"/sms/kannel?{urlencode(said)}", encoded=True)) as answer:
        assert answer.status == 200


async def report(client: Client, asked: dict[str, str], kind: int) -> None:
    address = asked["dlr-url"].replace("%d", str(kind)).replace("%A", "")
    async with client.get(URL(address).relative()) as answer:
        assert answer.status == 200


async def states(core: Core) -> list[str]:
    return [row.state for row in await rows(core, notice)]


async def test_a_top_up_through_kannel_from_text_to_receipt(core: Core, smsbox: Smsbox) -> None:
    await open_account(core, "100080")
    async with door_of(core) as client:
        for _ in range(3):
            await kannel_says(client, "aliance 100080 100", 1)
        await until(lambda: smsbox.whole == 1)
        assert "100080" in smsbox.text
        assert {each["smsc"] for each in smsbox.asked} == {"mts"}
        await kannel_says(client, "да", 2)
        await until(lambda: smsbox.whole == 2)
        for asked in smsbox.asked:
            for kind in (8, 1, 1) if "dlr-url" in asked else ():
                await report(client, asked, kind)

        async def delivered() -> bool:
            return await states(core) == ["delivered"] * 2

        await until(delivered)
    assert [row.state for row in await rows(core, incoming)] == ["done"] * 2
    assert await core.invariants.check() == []


async def test_a_report_settles_what_got_no_answer(core: Core, smsbox: Smsbox) -> None:
    await open_account(core, "100080", phones=[PHONE])
    smsbox.answers = [(504, "")]  # of a proxy that lost patience
    async with door_of(core) as client:
        await kannel_says(client, "баланс", 1)

        async def uncertain() -> bool:
            return await states(core) == ["uncertain"]

        await until(uncertain)
        await report(client, smsbox.asked[0], 1)
        assert await states(core) == ["delivered"]
    assert [(row.smsc, row.state) for row in await rows(core, sms_submission)] == [
        ("kannel:mts", "delivered")
    ]


async def test_what_the_smsc_refuses_has_failed(core: Core, smsbox: Smsbox) -> None:
    await open_account(core, "100080", phones=[PHONE])
    async with door_of(core) as client:
        await kannel_says(client, "баланс", 1)
        await until(lambda: smsbox.asked)

        async def sent() -> bool:
            return await states(core) == ["sent"]

        await until(sent)
        await report(client, smsbox.asked[0], 16)
        assert await states(core) == ["failed"]


async def test_an_aggregators_message_is_answered_to_the_aggregator(
    core: Core, smsbox: Smsbox, aggregator: Aggregator
) -> None:
    await open_account(core, "100080", phones=[PHONE])
    said = {"id": "7", "from": f"+{PHONE}", "to": "3116", "text": "баланс"}
    async with door_of(core) as client:
        body, headers = aggregator.signed(said)
        async with client.post("/sms/aggregator", data=body, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "accepted"})
        (reply,) = await until(lambda: aggregator.got)
        assert (reply["from"], reply["to"], reply["parts"]) == ("3116", PHONE, 1)
        assert "100080" in reply["text"]

        async def sent() -> bool:
            return await states(core) == ["sent"]

        await until(sent)
        body, headers = aggregator.signed({"id": reply["id"], "status": "delivered"})
        async with client.post("/sms/aggregator/receipt", data=body, headers=headers) as answer:
            assert answer.status == 200
        assert await states(core) == ["delivered"]
    assert smsbox.asked == []
