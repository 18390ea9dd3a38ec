"""What no door can tell apart is told apart by digits: whole doors, and top-ups asked for by each way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import smpp34
from pydantic import SecretStr
from yarl import URL

from core.states import TopUpState
from core.storage.message_tables import incoming
from core.storage.tables import top_up
from core.wiring import Core
from handlers.locale import Catalogues
from sms_gateway.door import SmsDoor
from tests.accounts import open_account
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider
from tests.sms_gateway.gateways import KEY, PHONE, TOKEN, Aggregator, Client, Smsbox, listening, peer, rows
from tests.sms_gateway.raw_smsc import QUICK
from tests.sms_gateway.smpp34_smsc import Smpp34Smsc, smpp34_smsc

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def smsc() -> AsyncIterator[Smpp34Smsc]:
    async with smpp34_smsc() as opened:
        yield opened


@asynccontextmanager
async def door_of(core: Core, **settings: object) -> AsyncIterator[Client]:
    """The door of a core whose settings are these, and who calls it over HTTP."""
    core = replace(core, settings=core.settings.model_copy(update=settings))
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=QUICK)
    async with listening(door.routes(peer)) as client, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        yield client
        running.cancel()


def bind_to(smsc: Smpp34Smsc, options: str = "") -> dict[str, object]:
    return {"smsc_url": SecretStr(f"smpp://demo:secret@127.0.0.1:{smsc.port}{options}")}


async def say(esme: smpp34.Esme, text: str) -> None:
    """As an SMSC without user_message_reference: nothing but who, what and when tells one from another."""
    octets = text.encode("utf-16-be")
    answered = await esme.deliver_sm("3116", octets, source_addr=PHONE, source_addr_ton=1, data_coding=8)
    assert answered.is_success


def code_in(text: str) -> str:
    found = re.search(r"Для оплаты ответьте ДА (\d{3})\.$", text)
    assert found is not None, text
    return found[1]


async def paid(core: Core) -> list[int]:
    return [row.amount // 100 for row in await rows(core, top_up) if row.state == TopUpState.PAID]


async def test_a_second_yes_within_the_minute_is_paid_and_the_first_one_again_pays_nothing(
    core: Core, smsc: Smpp34Smsc, provider: FakeProvider
) -> None:
    await open_account(core)
    async with door_of(core, **bind_to(smsc)):
        phone = await smsc.esme()
        await say(phone, "aliance 100080 100")
        quote = (await until(lambda: smsc.texts))[0][1]
        assert quote.endswith("Для оплаты ответьте ДА.")
        await say(phone, "да")
        await until(lambda: len(smsc.texts) == 2)
        await say(phone, "aliance 100080 200")
        code = code_in((await until(lambda: smsc.texts[2:]))[0][1])
        await say(phone, "да")  # acknowledged: the first one, given again
        assert await paid(core) == [100]
        await say(phone, f"да {code}")
        await until(lambda: len(smsc.texts) == 4)
        await say(phone, "да")
        await say(phone, f"да {code}")
    assert await paid(core) == [100, 200]
    assert len(provider.charges) == 2
    assert len(await rows(core, incoming)) == 4
    assert await core.invariants.check() == []


async def test_a_bind_of_an_aggregators_has_quotes_confirmed_by_digits(core: Core, smsc: Smpp34Smsc) -> None:
    await open_account(core)
    async with door_of(core, **bind_to(smsc, "?direct=no")):
        phone = await smsc.esme()
        await say(phone, "aliance 100080 100")
        code = code_in((await until(lambda: smsc.texts))[0][1])
        await say(phone, "да")
        assert "три цифры" in (await until(lambda: smsc.texts[1:]))[0][1]
        await say(phone, code)
        await until(lambda: len(smsc.texts) == 3)
    assert await paid(core) == [100]


async def test_what_an_aggregator_calls_with_is_confirmed_by_digits(
    core: Core, clock: FakeClock, smsc: Smpp34Smsc
) -> None:
    await open_account(core)
    aggregator = Aggregator(clock)

    async def calls(client: Client, number: int, text: str) -> str:
        said = {"id": str(number), "from": PHONE, "to": "3116", "text": text}
        body, headers = aggregator.signed(said)
        async with client.post("/sms/aggregator", data=body, headers=headers) as answer:
            assert answer.status == 200
        return str((await until(lambda: aggregator.got[number - 1 :]))[0]["text"])

    async with aggregator.listening():
        settings = {"aggregator_key": SecretStr(KEY), "aggregator_reply_url": aggregator.url}
        async with door_of(core, **settings) as client:
            code = code_in(await calls(client, 1, "aliance 100080 100"))
            assert "три цифры" in await calls(client, 2, "да")
            assert await paid(core) == []
            assert (await calls(client, 3, f"да {code}")).startswith("Оплачено")
    assert await paid(core) == [100]


@pytest.mark.parametrize("options, is_direct", [("?smsc=mts", False), ("?smsc=mts&direct=yes", True)])
async def test_kannel_vouches_for_its_senders_where_its_address_says_so(
    core: Core, options: str, is_direct: bool
) -> None:
    await open_account(core)

    async def calls(client: Client, number: int, text: str) -> None:
        said = {
            "token": TOKEN, "from": f"+{PHONE}", "to": "3116", "b": text.encode("utf-16-be"),
            "cs": "UTF-16BE", "coding": "2", "smsc": "mts", "id": str(number), "udh": "",
        }  # fmt: skip
        async with client.get(URL(f"/sms/kannel?{urlencode(said)}", encoded=True)) as answer:
            assert answer.status == 200

    async with Smsbox().listening() as smsbox:
        settings = {"kannel_url": SecretStr(smsbox.url + options), "kannel_token": SecretStr(TOKEN)}
        async with door_of(core, **settings) as client:
            await calls(client, 1, "aliance 100080 100")
            await until(lambda: smsbox.whole == 1)
            said = "да" if is_direct else f"да {code_in(smsbox.text)}"
            assert smsbox.text.endswith("ДА.") is is_direct
            await calls(client, 2, said)
            await until(lambda: smsbox.whole == 2)
    assert await paid(core) == [100]
