"""A top-up and long texts through node-smpp as the SMSC, while tshark looks for malformed PDUs of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.settings import Settings
from core.storage.message_tables import incoming, notice
from core.wiring import Core
from tests.accounts import open_account
from tests.deadlines import until
from tests.peers.node_smsc import NodeSmsc, node_smsc
from tests.peers.product import LONG, PHONE, product, rows
from tests.peers.wire import SUBMIT_SM, UNBIND_RESP, Wire, captured

BIND_TRANSCEIVER, DELIVER_SM_RESP, UNBIND = "0x00000009", "0x80000005", "0x00000006"


@pytest.fixture
async def smsc() -> AsyncIterator[NodeSmsc]:
    async with node_smsc() as opened:
        yield opened


@pytest.fixture
def settings(sqlite_url: str, smsc: NodeSmsc) -> Settings:
    return Settings(
        _env_file=None,
        env="test",
        database_url=sqlite_url,
        smsc_url=SecretStr(f"smpp://aliance:long-password-1234@127.0.0.1:{smsc.port}"),
    )


@pytest.fixture
async def wire(smsc: NodeSmsc, tmp_path: Path) -> AsyncIterator[Wire]:
    async with captured({smsc.port: "smpp"}, tmp_path) as opened:
        yield opened


async def test_a_top_up_and_long_texts_both_ways(core: Core, smsc: NodeSmsc, wire: Wire) -> None:
    await open_account(core, "100080", phones=[PHONE])
    async with product(core):
        await until(lambda: smsc.events("bound"))
        assert await smsc.deliver(PHONE, "aliance 100080 100") == [0]
        (quote,) = await until(lambda: smsc.texts)
        assert "100080" in quote
        assert await smsc.deliver(PHONE, "да") == [0]
        await until(lambda: len(smsc.texts) == 2)
        assert "100080" in smsc.texts[1]
        acknowledged = await smsc.deliver(PHONE, LONG)
        assert len(acknowledged) > 5
        assert set(acknowledged) == {0}
        await until(lambda: len(smsc.texts) == 3)
        await until(
            lambda: len(smsc.events("receipted")) == sum(each["parts"] for each in smsc.events("text"))
        )
    assert {(each["to"], each["ton"], each["from_ton"]) for each in smsc.events("text")} == {(PHONE, 1, 3)}
    assert max(each["parts"] for each in smsc.events("text")) > 1
    assert {each["status"] for each in smsc.events("receipted")} == {0}
    assert smsc.events("error") == []
    assert [row.payload["text"] for row in await rows(core, incoming)][-1] == LONG
    assert {row.state for row in await rows(core, notice)} == {"delivered"}
    assert await core.invariants.check() == []
    await until(lambda: wire.holds(UNBIND_RESP), what="the capture of the end")
    commands = await wire.commands()
    assert min(commands[each] for each in (BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM_RESP, UNBIND)) > 0
    assert await wire.malformed() == []
