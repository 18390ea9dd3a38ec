"""Autopay by SMS over SMPP: each text goes through the simulator's SMSC and is answered once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import structlog
from pydantic import SecretStr

from core.ids import AccountId
from core.settings import Settings
from core.storage.autopay_tables import mandate
from core.storage.message_tables import incoming, notice
from core.storage.proof_tables import one_time_code
from core.storage.tables import payment
from core.wiring import Core
from handlers.locale import Catalogues
from simulator.bus import Bus
from simulator.phones import Direction, SmsPhones
from simulator.smsc import Smsc, open_smsc
from simulator.world import wall_clock
from sms_gateway.door import SmsDoor
from tests.accounts import open_account
from tests.core.autopay_scenes import CARD_KEY, connect, link_to, pay_and_save
from tests.core.scenes import CHAT, ON_SQLITE, deliver_all, rows
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider
from tests.sms_gateway.raw_smsc import QUICK

PHONE = "79241234567"
STRANGER = "79990000001"
CODE = re.compile(r"\b\d{6}\b")


@dataclass
class House:
    """The phones at the simulator's SMSC."""

    smsc: Smsc
    phones: SmsPhones

    def shown(self, msisdn: str = PHONE) -> list[str]:
        return [one.text for one in self.phones.messages(msisdn) if one.direction is Direction.TO_PHONE]

    async def says(self, text: str, *, to_come: int = 1, msisdn: str = PHONE) -> list[str]:
        """Send a text; what has come to the phone then."""
        known = len(self.shown(msisdn))
        self.smsc.send(msisdn, to="3116", text=text)
        await until(lambda: len(self.shown(msisdn)) >= known + to_come, what=f"answers to {text!r}")
        return self.shown(msisdn)[known:]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    phones = SmsPhones(Bus(), wall_clock)
    async with open_smsc(
        phones,
        host="127.0.0.1",
        port=0,
        system_id="demo",
        password="secret",
        now=wall_clock,
        repeat_seconds=0.01,
    ) as smsc:
        yield House(smsc, phones)


@pytest.fixture
def settings(settings: Settings, house: House) -> Settings:
    return settings.model_copy(
        update={
            "card_key": SecretStr(CARD_KEY),
            "smsc_url": SecretStr(f"smpp://demo:secret@127.0.0.1:{house.smsc.port}"),
            "smsc_messages_per_second": 10_000,
        }
    )


@asynccontextmanager
async def _open_door(core: Core) -> AsyncIterator[None]:
    door = SmsDoor(core, Catalogues(core.profile.zone), patience=QUICK)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(door.run())
        yield
        door.stop()
        await running


@pytest.fixture
async def owner(core: Core) -> AccountId:
    return await open_account(core, tariff=None, phones=[PHONE])


async def _save_card(core: Core, provider: FakeProvider, owner: AccountId) -> None:
    """The phone's owner pays in a chat that knows the phone, and lets the card be kept."""
    await link_to(core, owner, CHAT, phone=PHONE)
    await pay_and_save(core, provider)
    await deliver_all(core)


async def _agreed(core: Core) -> list[tuple[str, int]]:
    return [(str(row.state), row.amount) for row in await rows(core, mandate)]


def _code_in(texts: list[str]) -> str:
    found = CODE.search(texts[0])
    assert found, texts
    return found[0]


async def _answered_once_each(core: Core, texts: int) -> None:
    stored = await rows(core, incoming)
    assert [(row.state, row.outcome) for row in stored] == [("done", "reply")] * texts
    replies = [row.incoming_id for row in await rows(core, notice) if row.incoming_id is not None]
    assert sorted(replies) == sorted(row.id for row in stored)


async def test_state_less_more_by_a_code_and_stop(
    core: Core, house: House, provider: FakeProvider, owner: AccountId
) -> None:
    await _save_card(core, provider, owner)
    await connect(core, owner)
    async with _open_door(core):
        [state] = await house.says("автоплатеж")
        assert state.startswith("Ваш автоплатёж: 300 р. на счёт 100080")
        [less] = await house.says("автоплатеж 200")
        assert less.startswith("Автоплатёж изменён: 200 р.")
        assert await _agreed(core) == [("active", 200_00)]
        asked = await house.says("автоплатеж 500")
        assert await _agreed(core) == [("active", 200_00)]
        [more] = await house.says(_code_in(asked))
        assert more.startswith("Автоплатёж изменён: 500 р.")
        assert await house.says("автоплатеж стоп") == ["Автоплатёж счёта 100080 удалён."]
    assert await _agreed(core) == [("deleted", 500_00)]
    await _answered_once_each(core, 5)
    assert [one.segments for one in house.phones.messages(PHONE) if one.text == asked[0]] == [1]


async def test_connecting_with_a_live_card(
    core: Core, house: House, provider: FakeProvider, owner: AccountId
) -> None:
    await _save_card(core, provider, owner)
    async with _open_door(core):
        [none] = await house.says("автоплатеж")
        assert none == "На счёте 100080 автоплатежа нет. Подключить: АВТОПЛАТЕЖ 300"
        asked = await house.says("автоплатеж 100080 300")
        [on] = await house.says(f"код {_code_in(asked)}")
        assert on.startswith("Автоплатёж подключён: 300 р. на счёт 100080, каждые 30 дней, карта *0004.")
    assert await _agreed(core) == [("active", 300_00)]
    await _answered_once_each(core, 3)


async def test_connecting_without_a_card_brings_the_card_page_as_a_second_text(
    core: Core, house: House, provider: FakeProvider, owner: AccountId
) -> None:
    async with _open_door(core):
        asked = await house.says("автоплатеж 300")
        # The clock stands still: which of the two was stored first cannot be told by it.
        requested, page = sorted(await house.says(_code_in(asked), to_come=2))
        assert requested.startswith("Автоплатёж заказан: 300 р. на счёт 100080")
        assert re.fullmatch(r"Оплатите картой 300 р\. на счёт 100080: https://pay\.example/card-\d+", page)
        (row,) = await rows(core, payment)
        known = len(house.shown())
        await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
        await until(lambda: len(house.shown()) == known + 3, what="receipt, card and autopay")
    assert {text.split(":")[0] for text in house.shown()[known:]} == {
        "Оплачено",
        "Карта *0004 сохранена.",
        "Автоплатёж подключён",
    }
    assert await _agreed(core) == [("active", 300_00)]
    await _answered_once_each(core, 2)


@ON_SQLITE
async def test_a_strangers_phone_changes_and_learns_nothing(
    core: Core, house: House, provider: FakeProvider, owner: AccountId
) -> None:
    await _save_card(core, provider, owner)
    await connect(core, owner)
    async with _open_door(core):
        for text in ("автоплатеж", "автоплатеж 100080 100", "автоплатеж 100080 500", "автоплатеж стоп"):
            [said] = await house.says(text, msisdn=STRANGER)
            assert said.startswith("Этот телефон не записан ни за одним счётом.")
    assert await _agreed(core) == [("active", 300_00)]
    assert await rows(core, one_time_code) == []


@ON_SQLITE
async def test_a_code_is_tried_five_times(core: Core, house: House, owner: AccountId) -> None:
    async with _open_door(core):
        code = _code_in(await house.says("автоплатеж 300"))
        wrong = "000000" if code != "000000" else "111111"
        for _ in range(4):
            [said] = await house.says(wrong)
            assert said.startswith("Код неверный. Остал")
        [said] = await house.says(wrong)
        assert said.startswith("Код неверный и больше не действует.")
        [said] = await house.says(code)
        assert said.startswith("Код больше не действует.")
    assert await _agreed(core) == []
    await _answered_once_each(core, 7)


@ON_SQLITE
async def test_a_code_lives_for_five_minutes(
    core: Core, house: House, clock: FakeClock, owner: AccountId
) -> None:
    async with _open_door(core):
        code = _code_in(await house.says("автоплатеж 300"))
        clock.shift(timedelta(minutes=5, seconds=1))
        assert await house.says(code) == ["Код больше не действует. За новым пришлите запрос ещё раз."]
    assert await _agreed(core) == []


@pytest.mark.parametrize("first, then", [("автоплатеж 300", "code"), ("автоплатеж 200", "автоплатеж стоп")])
async def test_a_text_delivered_five_times_does_nothing_twice(
    core: Core, house: House, provider: FakeProvider, owner: AccountId, first: str, then: str
) -> None:
    await _save_card(core, provider, owner)
    if then != "code":
        await connect(core, owner)
    house.smsc.faults.duplicate = 4
    async with _open_door(core):
        answered = await house.says(first)
        last = await house.says(_code_in(answered) if then == "code" else then)
        # What the SMSC repeats is through when a later text has its answer.
        await house.says("баланс")
    assert len(house.shown()) == 3, last
    await _answered_once_each(core, 3)
    to_the_phone = [row for row in await rows(core, notice) if row.address == PHONE]
    assert len(to_the_phone) == 3
    assert len(await rows(core, mandate)) == 1
    assert len(await rows(core, one_time_code)) == (1 if then == "code" else 0)


@ON_SQLITE
async def test_a_code_is_in_clear_on_the_phone_alone(core: Core, house: House, owner: AccountId) -> None:
    with structlog.testing.capture_logs() as logged:
        async with _open_door(core):
            code = _code_in(await house.says("автоплатеж 300"))
            await house.says(code, to_come=2)
    kept = [*await rows(core, incoming), *await rows(core, notice), *await rows(core, one_time_code)]
    assert [row for row in kept if code in str(row)] == []
    assert code not in str(logged)
