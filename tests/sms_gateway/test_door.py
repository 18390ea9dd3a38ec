"""The whole door: an SMS from an independent SMSC is stored, acknowledged, answered, and answered once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import argon2
import pytest
import smpp34
from pydantic import SecretStr
from sqlalchemy import select
from structlog.testing import capture_logs

from core.settings import Settings
from core.storage.message_tables import incoming, notice, sms_submission
from core.wiring import Core
from handlers.locale import Catalogues
from sms_gateway.configured import UNSAID
from sms_gateway.door import SmsDoor
from tests.core.other_profile import with_profile
from tests.core.scenes import ON_SQLITE
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider
from tests.sms_gateway.raw_smsc import QUICK
from tests.sms_gateway.smpp34_smsc import Smpp34Smsc, smpp34_smsc

PHONE = "79141234567"
USER_MESSAGE_REFERENCE = 0x0204
PASSWORD_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("unused")
COLUMNS = (
    "number;login;password_hash;holder;city;street;house;flat;email;phones;tariff;tariff_next;"
    "state;opening_balance"
)


@pytest.fixture
async def smsc() -> AsyncIterator[Smpp34Smsc]:
    async with smpp34_smsc() as opened:
        yield opened


@pytest.fixture
def settings(database_url: str, smsc: Smpp34Smsc) -> Settings:
    url = f"smpp://demo:secret@127.0.0.1:{smsc.port}"
    return Settings(
        _env_file=None,
        env="test",
        database_url=database_url,
        smsc_url=SecretStr(url),
        smsc_messages_per_second=10_000,
    )


@asynccontextmanager
async def door_of(core: Core) -> AsyncIterator[None]:
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=QUICK)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        yield
        running.cancel()


@pytest.fixture
async def account(core: Core, tmp_path: Path) -> str:
    """100080, whose phone is PHONE."""
    tariff = core.profile.tariffs[0].code
    row = f"100080;alpha;{PASSWORD_HASH};A;Vladivostok;S;1;1;;{PHONE};{tariff};;active;198.19"
    path = tmp_path / "accounts.csv"
    path.write_text(f"{COLUMNS}\n{row}\n", encoding="utf-8")
    report = await core.imports.run(path, dry_run=False)
    assert not report.problems, report.problems
    return "100080"


async def say(peer: smpp34.Esme, text: str, reference: int) -> None:
    answered = await peer.deliver_sm(
        "3116",
        text.encode("utf-16-be"),
        source_addr=PHONE,
        source_addr_ton=1,
        data_coding=8,
        tlvs=[smpp34.Tlv(USER_MESSAGE_REFERENCE, reference.to_bytes(2, "big"))],
    )
    assert answered.is_success


async def rows(core: Core, table: Any) -> list[Any]:
    async with core.database.read() as tx:
        return await tx.all(select(table))


async def test_a_top_up_by_sms_from_text_to_receipt(core: Core, smsc: Smpp34Smsc, account: str) -> None:
    async with door_of(core):
        peer = await smsc.esme()
        await say(peer, f"aliance {account} 100", 1)
        quote = (await until(lambda: smsc.texts))[0]
        assert quote[0] == PHONE
        assert account in quote[1]
        await say(peer, "да", 2)
        await until(lambda: len(smsc.texts) == 2)
        assert account in smsc.texts[1][1]
    assert {row.state for row in await rows(core, incoming)} == {"done"}
    assert await core.invariants.check() == []


@ON_SQLITE
@pytest.mark.parametrize("confirm, is_warned", [("word", True), ("code", False)])
async def test_an_smsc_that_is_not_said_to_be_direct_is_warned_of_at_the_start_where_a_word_confirms(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path, smsc: Smpp34Smsc,
    confirm: str, is_warned: bool,
) -> None:  # fmt: skip
    asked = ('confirm = "word"', f'confirm = "{confirm}"')
    async with with_profile(settings, clock, provider, tmp_path, asked) as core:
        with capture_logs() as said:
            async with door_of(core):
                await smsc.esme()
    warned = [each["smsc"] for each in said if each["event"] == UNSAID]
    assert warned == ([f"demo@127.0.0.1:{smsc.port}"] if is_warned else [])


async def test_the_same_message_five_times_gets_one_reply(core: Core, smsc: Smpp34Smsc, account: str) -> None:
    async with door_of(core):
        peer = await smsc.esme()
        for _ in range(5):
            await say(peer, "баланс", 1)
        await say(peer, "помощь", 2)
        await until(lambda: len(smsc.texts) == 2)
    assert "198" in smsc.texts[0][1]
    assert len(await rows(core, incoming)) == 2
    assert len(await rows(core, notice)) == 2


async def test_a_receipt_closes_the_reply(core: Core, smsc: Smpp34Smsc, account: str) -> None:
    async with door_of(core):
        peer = await smsc.esme()
        await say(peer, "баланс", 1)
        await until(lambda: smsc.ids)
        told = f"id:{smsc.ids[0]} sub:001 dlvrd:001 stat:DELIVRD err:000".encode()
        answered = await peer.deliver_sm("3116", told, source_addr=PHONE, esm_class=4)
        assert answered.is_success

        async def delivered() -> bool:
            return [row.state for row in await rows(core, notice)] == ["delivered"]

        await until(delivered)
    assert len(await rows(core, incoming)) == 1


async def test_a_door_that_stops_finishes_what_it_holds_and_unbinds(
    core: Core, smsc: Smpp34Smsc, account: str
) -> None:
    smsc.hold = True
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=QUICK)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        peer = await smsc.esme()
        await say(peer, "баланс", 1)
        held = await smsc.submit()
        door.stop()
        smsc.accept(held)
        await running
        assert [row.state for row in await rows(core, notice)] == ["sent"]
        await until(lambda: smsc.unbound == 1)


async def test_what_is_owed_while_the_smsc_is_away_goes_out_when_it_is_back(
    core: Core, smsc: Smpp34Smsc, account: str
) -> None:
    async with door_of(core):
        peer = await smsc.esme()
        await peer.unbind()
        again = await smsc.esme()
        await say(again, "баланс", 1)
        await until(lambda: smsc.texts)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_question_is_answered_by_the_smsc_that_it_came_from(
    core: Core, smsc: Smpp34Smsc, account: str
) -> None:
    async with smpp34_smsc() as other:
        urls = f"smpp://a:b@127.0.0.1:{smsc.port}?name=one smpp://a:b@127.0.0.1:{other.port}?name=two"
        core = replace(core, settings=core.settings.model_copy(update={"smsc_url": SecretStr(urls)}))
        async with door_of(core):
            first, second = await smsc.esme(), await other.esme()
            await say(first, "баланс", 1)
            await until(lambda: smsc.texts)
            await say(second, "помощь", 2)
            await until(lambda: other.texts)
        assert (len(smsc.texts), len(other.texts)) == (1, 1)
    parts = await rows(core, sms_submission)
    assert [row.smsc for row in parts].count("one") == 1
    assert {(row.smsc, row.state) for row in parts} == {("one", "sent"), ("two", "sent")}
