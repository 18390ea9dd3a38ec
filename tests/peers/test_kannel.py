"""A top-up and long texts through Debian's Kannel as docs/kannel.md has it: its fake SMSC, then SMPP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.settings import Settings
from core.storage.message_tables import incoming, notice, sms_part
from core.wiring import Core
from tests.accounts import open_account
from tests.deadlines import until
from tests.peers.kannel_boxes import Boxes, configuration, kannel
from tests.peers.node_smsc import NodeSmsc, node_smsc
from tests.peers.product import LONG, PHONE, product, rows
from tests.peers.wire import SUBMIT_SM, captured
from tests.servers.processes import free_port

TOKEN = "the-token-of-make-peers"


@pytest.fixture
def port() -> int:
    """Where the product listens, once it does."""
    return free_port()


@pytest.fixture
def sendsms_port() -> int:
    return free_port()


@pytest.fixture
def settings(sqlite_url: str, port: int, sendsms_port: int) -> Settings:
    return Settings(
        _env_file=None,
        env="test",
        database_url=sqlite_url,
        kannel_url=SecretStr(
            f"http://aliance:change-me@127.0.0.1:{sendsms_port}/cgi-bin/sendsms?smsc=operator&direct=yes"
        ),
        kannel_token=SecretStr(TOKEN),
        kannel_back_url=f"http://127.0.0.1:{port}",
        http_port=port,
    )


def changes_of(port: int, sendsms_port: int) -> dict[str, str]:
    """What cannot be as on the page: ports, and the seconds between two calls."""
    return {
        "127.0.0.1:8080": f"127.0.0.1:{port}",
        "sendsms-port = 13013": f"sendsms-port = {sendsms_port}",
        "admin-port = 13000": f"admin-port = {free_port()}",
        "smsbox-port = 13001": f"smsbox-port = {free_port()}",
        "http-queue-delay = 10": "http-queue-delay = 1",
        "the-token": TOKEN,
    }


@pytest.fixture
def boxes(port: int, sendsms_port: int) -> Iterator[Boxes]:
    smsc_port = free_port()
    changes = changes_of(port, sendsms_port) | {"\nport = 10000": f"\nport = {smsc_port}"}
    with kannel(configuration(changes), smsc_port=smsc_port) as opened:
        yield opened


@pytest.fixture
async def smsc() -> AsyncIterator[NodeSmsc]:
    async with node_smsc() as opened:
        yield opened


@pytest.fixture
def boxes_on_smpp(port: int, sendsms_port: int, smsc: NodeSmsc) -> Iterator[Boxes]:
    changes = changes_of(port, sendsms_port) | {
        "host = 10.0.0.1\nport = 2775": f"host = 127.0.0.1\nport = {smsc.port}"
    }
    with kannel(configuration(changes, with_smpp=True), smsc_port=0) as opened:
        yield opened


async def rows_of_parts(core: Core) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(sms_part))


async def all_delivered(core: Core) -> bool:
    return {row.state for row in await rows(core, notice)} == {"delivered"}


async def test_a_top_up_and_a_long_exchange_with_the_fake_smsc(
    core: Core, boxes: Boxes, port: int, sendsms_port: int, tmp_path: Path
) -> None:
    await open_account(core, "100080", phones=[PHONE])
    async with captured({port: "http", sendsms_port: "http"}, tmp_path) as wire, product(core):
        with boxes.phone_says(f"+{PHONE}", "aliance 100080 100") as phone:
            (quote,) = await until(lambda: phone.texts)
            assert "100080" in quote
        with boxes.phone_says(f"+{PHONE}", "да") as phone:
            (receipt,) = await until(lambda: phone.texts)
            assert "100080" in receipt
        with boxes.phone_says(PHONE, LONG) as phone:
            await until(lambda: phone.texts)
            assert phone.parts > 1
        await until(lambda: all_delivered(core), what="Kannel's reports")
    assert [row.payload["text"] for row in await rows(core, incoming)][-1] == LONG
    assert {row.sender for row in await rows(core, incoming)} == {PHONE}
    assert await core.invariants.check() == []
    calls = await wire.calls()
    assert min(calls[each] for each in ("/cgi-bin/sendsms", "/sms/kannel", "/sms/kannel/receipt")) > 0
    assert await wire.malformed() == []


async def test_what_came_while_we_were_away_is_answered_once(core: Core, boxes: Boxes) -> None:
    await open_account(core, "100080", phones=[PHONE])
    with boxes.phone_says(PHONE, "баланс") as phone:
        await until(lambda: "Couldn't fetch" in boxes.log("smsbox"), what="a call in vain")
        assert phone.texts == []
        async with product(core):
            await until(lambda: phone.texts)
            await until(lambda: all_delivered(core), what="Kannel's reports")
    assert len(await rows(core, incoming)) == len(await rows(core, notice)) == 1


async def test_a_top_up_and_a_long_exchange_over_smpp(
    core: Core, boxes_on_smpp: Boxes, smsc: NodeSmsc, sendsms_port: int, tmp_path: Path
) -> None:
    await open_account(core, "100080", phones=[PHONE])
    async with captured({smsc.port: "smpp", sendsms_port: "http"}, tmp_path) as wire, product(core):
        await until(lambda: smsc.events("bound"))
        assert await smsc.deliver(PHONE, "aliance 100080 100") == [0]
        (quote,) = await until(lambda: smsc.texts)
        assert "100080" in quote
        assert await smsc.deliver(PHONE, "да") == [0]
        await until(lambda: len(smsc.texts) == 2)
        assert set(await smsc.deliver(PHONE, LONG)) == {0}
        await until(lambda: len(smsc.texts) == 3)
        await until(lambda: all_delivered(core), what="reports by SMPP and Kannel")
    assert {(each["to"], each["ton"], each["from_ton"]) for each in smsc.events("text")} == {(PHONE, 1, 3)}
    # Kannel cuts nothing: as many parts as the product made, each of them one short message.
    assert max(each["parts"] for each in smsc.events("text")) > 1
    assert [row.payload["text"] for row in await rows(core, incoming)][-1] == LONG
    assert await rows_of_parts(core) == []
    assert {row.payload["operator"] for row in await rows(core, incoming)} == {"mts"}
    assert await core.invariants.check() == []
    # What Kannel makes of our parts is what phones get: header, alphabet and length fit each other.
    assert (await wire.commands())[SUBMIT_SM] > 0
    assert await wire.malformed() == []
