"""Autopay by SMS: each text has one answer, and only the code of the registered phone takes more money."""

import re

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from core import errors
from core.ids import Payer
from core.storage.tables import account_phone, payment
from core.use_cases import autopay_by_sms, codes
from core.wiring import open_core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from handlers.sms.errors import _NAMES
from tests.core.autopay_scenes import connect, link_to, pay_and_save
from tests.core.scenes import CHAT, rows
from tests.handlers.sms.autopay_scenes import account_of, amounts, code_for, with_autopay, with_card
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones


async def _second_account(phones: Phones) -> None:
    async with phones.core.database.transaction() as tx:
        await tx.execute(
            insert(account_phone).values(account_id=await account_of(phones, "166301"), msisdn=PHONE)
        )


async def test_where_there_is_none_the_way_to_connect_is_told(phones: Phones) -> None:
    assert await phones.send("автоплатеж") == ("На счёте 100080 автоплатежа нет. Подключить: АВТОПЛАТЕЖ 300")


async def test_the_state_is_told_with_its_sum_card_and_next_date(phones: Phones) -> None:
    await with_autopay(phones)
    assert await phones.send("автоплатеж счет 100080") == (
        "Ваш автоплатёж: 300 р. на счёт 100080, каждые 30 дней, карта *0004. Следующий 27 мая 2026. "
        "Отключить: АВТОПЛАТЕЖ СТОП."
    )


async def test_an_english_speaker_gets_the_state_in_english(phones: Phones) -> None:
    await with_autopay(phones)
    await phones.core.subscribers.set_locale(Payer.sms(PHONE), "en")
    assert str(await phones.send("autopay")).startswith("Your autopay is on: 300 RUB to account 100080")


async def test_less_is_set_at_once(phones: Phones) -> None:
    await with_autopay(phones)
    assert str(await phones.send("автоплатеж 200")).startswith("Автоплатёж изменён: 200 р. на счёт 100080")
    assert await amounts(phones) == [("active", 200_00)]


async def test_more_is_set_by_the_code_alone(phones: Phones) -> None:
    await with_autopay(phones)
    code = await code_for(phones, "автоплатеж 100080 500")
    assert await amounts(phones) == [("active", 300_00)]
    assert str(await phones.send(code)).startswith("Автоплатёж изменён: 500 р.")
    assert await amounts(phones) == [("active", 500_00)]


async def test_autopay_is_connected_by_the_code_with_the_saved_card(phones: Phones) -> None:
    await with_card(phones)
    await phones.received()
    code = await code_for(phones, "автоплатеж 300")
    assert str(await phones.send(f"код {code[:3]} {code[3:]}")).startswith("Автоплатёж подключён: 300 р.")
    assert await amounts(phones) == [("active", 300_00)]


async def test_without_a_card_the_card_pages_address_is_the_second_text(phones: Phones) -> None:
    code = await code_for(phones, "автоплатеж 300")
    said = await phones.sends(code)
    assert said[0] == (
        "Автоплатёж заказан: 300 р. на счёт 100080, каждые 30 дней. Заработает после оплаты картой: "
        "ссылка придёт в следующем SMS."
    )
    assert [re.sub(r"card-\d+", "", each) for each in said[1:]] == [
        "Оплатите картой 300 р. на счёт 100080: https://pay.example/"
    ]
    (row,) = await rows(phones.core, payment)
    await phones.core.callbacks.take("fake", body=phones.provider.pays(row.id), headers={})
    assert [each.split(":")[0] for each in await phones.received()] == [
        "Оплачено",
        "Карта *0004 сохранена.",
        "Автоплатёж подключён",
    ]


@pytest.mark.parametrize(
    "text", ["автоплатеж стоп", "отключить автоплатеж", "avtoplatezh stop", "автоплатеж 100080 выкл"]
)
async def test_stop_deletes_it_at_once(phones: Phones, text: str) -> None:
    await with_autopay(phones)
    assert await phones.send(text) == "Автоплатёж счёта 100080 удалён."
    assert await amounts(phones) == [("deleted", 300_00)]
    assert await phones.send(text) == "Автоплатёж не подключён. Подключить: АВТОПЛАТЕЖ 300"


async def test_stop_is_no_stop_of_our_messages(phones: Phones) -> None:
    await with_autopay(phones)
    await phones.send("автоплатеж стоп")
    assert not (await phones.core.subscribers.get(Payer.sms(PHONE))).stopped


@pytest.mark.parametrize(
    "text, answer",
    [
        (
            "автоплатеж 100080",
            "Счёт или сумма? Пришлите: АВТОПЛАТЕЖ 300 или со счётом: АВТОПЛАТЕЖ 123456 300",
        ),
        ("автоплатеж 1 500", "Счёт или сумма? Пришлите: АВТОПЛАТЕЖ 300 или со счётом: АВТОПЛАТЕЖ 123456 300"),
        ("подключить автоплатеж", "Нужна сумма автоплатежа, вот так: АВТОПЛАТЕЖ 300"),
        ("автоплатеж 300 в неделю", "Сумма автоплатежа не понятна. Пришлите одни рубли: АВТОПЛАТЕЖ 300"),
        ("автоплатеж 5", "Наименьший автоплатёж 10 р. Отключить: АВТОПЛАТЕЖ СТОП"),
        ("автоплатеж 10001 руб", "Наибольший автоплатёж 10000 р. Сначала счёт, потом сумма."),
        ("автоплатеж стоп 100080 300", "Какой счёт? Пришлите: АВТОПЛАТЕЖ 123456 СТОП"),
        ("автоплатеж 166301 200", "Этот телефон не записан за таким счётом."),
        ("автоплатеж 999999 200", "Этот телефон не записан за таким счётом."),
    ],
)
async def test_what_is_not_clear_or_not_theirs_changes_nothing(
    phones: Phones, text: str, answer: str
) -> None:
    await with_autopay(phones)
    assert await phones.send(text) == answer
    assert await amounts(phones) == [("active", 300_00)]


async def test_doubts_get_help_and_change_nothing(phones: Phones) -> None:
    await with_autopay(phones)
    for text in ("автоплатеж стоп?", "автоплатеж 200?", "не отключать автоплатеж", "автоплатеж не работает"):
        assert "АВТОПЛАТЕЖ" in str(await phones.send(text))
    assert await amounts(phones) == [("active", 300_00)]


@pytest.mark.parametrize("text", ["автоплатеж", "автоплатеж 300", "автоплатеж стоп"])
async def test_a_strangers_phone_learns_nothing(phones: Phones, text: str) -> None:
    await with_autopay(phones)
    said = await phones.send(text, sender=STRANGER)
    assert said == "Этот телефон не записан ни за одним счётом. Записать его можно в нашем офисе."
    assert await amounts(phones) == [("active", 300_00)]


async def test_of_several_accounts_one_has_to_be_named(phones: Phones) -> None:
    await _second_account(phones)
    asked = "У вас несколько счетов: 100080, 166301. Назовите один: "
    assert await phones.send("автоплатеж") == f"{asked}АВТОПЛАТЕЖ СЧЁТ 100080"
    assert await phones.send("автоплатеж 300") == f"{asked}АВТОПЛАТЕЖ 100080 300"
    assert await phones.send("автоплатеж стоп") == f"{asked}АВТОПЛАТЕЖ 100080 СТОП"
    assert str(await phones.send("автоплатеж счёт 166301")).startswith("На счёте 166301 автоплатежа нет.")
    code = await code_for(phones, "автоплатеж 166301 300")
    await phones.sends(code)
    assert await amounts(phones) == [("requested", 300_00)]


async def test_without_the_card_key_nothing_can_be_connected(phones: Phones) -> None:
    keyless = phones.core.settings.model_copy(update={"card_key": SecretStr("")})
    clock = phones.clock
    async with open_core(keyless, clock=clock, wall=clock, providers=[phones.provider]) as core:
        other = Phones(
            core, Dispatch(core, Catalogues(core.profile.zone)), phones.texts, phones.provider, clock
        )
        assert await other.send("автоплатеж 300") == (
            "Автоплатёж сейчас не подключить и не изменить. Попробуйте позже."
        )
        assert str(await other.send("автоплатеж")).startswith("На счёте 100080 автоплатежа нет.")


async def test_our_words_of_autopay_coming_back_get_silence(phones: Phones) -> None:
    await with_autopay(phones)
    said = [await phones.send("автоплатеж 200"), await phones.send("автоплатеж 500")]
    said += [await phones.send("000000"), await phones.send("автоплатеж стоп")]
    assert None not in said
    assert [await phones.send(f"> {text}") for text in said] == [None] * len(said)


def test_the_refusals_of_autopay_are_named() -> None:
    used = [*vars(autopay_by_sms).values(), *vars(codes).values()]
    raised = {each for each in used if isinstance(each, type) and issubclass(each, errors.Refusal)}
    assert len(raised) >= 8
    assert raised <= set(_NAMES)


async def test_a_phone_does_not_raise_the_autopay_of_another_person(phones: Phones) -> None:
    owner = await account_of(phones)
    await link_to(phones.core, owner, CHAT)
    await pay_and_save(phones.core, phones.provider)
    await connect(phones.core, owner)
    assert await phones.send("автоплатеж 500") == (
        "Увеличить этот автоплатёж может только тот, кто его подключил. Отключить: АВТОПЛАТЕЖ СТОП"
    )
    assert await amounts(phones) == [("active", 300_00)]
