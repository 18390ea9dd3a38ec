"""Autopay by SMS: each text has one answer, and only the code of the registered phone takes more money."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, insert, select
from sqlalchemy.engine import Engine

from core import errors
from core.ids import AccountId, Payer
from core.storage.autopay_tables import mandate
from core.storage.message_tables import incoming, notice
from core.storage.tables import account, account_phone, payment
from core.use_cases import autopay_by_sms, codes
from core.wiring import open_core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from handlers.sms.errors import _NAMES
from tests.core.autopay_scenes import connect, link_to, pay_and_save
from tests.core.scenes import CHAT, rows
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones

SIX_DIGITS = re.compile(r"\b\d{6}\b")


async def _account(phones: Phones, number: str = "100080") -> AccountId:
    async with phones.core.database.read() as tx:
        return AccountId(await tx.scalar(select(account.c.id).where(account.c.number == number)))


async def _with_card(phones: Phones) -> AccountId:
    """The phone's owner has a chat with a saved card."""
    owner = await _account(phones)
    await link_to(phones.core, owner, CHAT, phone=PHONE)
    await pay_and_save(phones.core, phones.provider)
    return owner


async def _with_autopay(phones: Phones, roubles: int = 300) -> AccountId:
    owner = await _with_card(phones)
    await connect(phones.core, owner, roubles=roubles)
    return owner


async def _code(phones: Phones, text: str) -> str:
    """The code that answers this text."""
    said = await phones.send(text)
    found = SIX_DIGITS.search(str(said))
    assert found, said
    return found[0]


async def _amounts(phones: Phones) -> list[tuple[str, int]]:
    return [(str(row.state), row.amount) for row in await rows(phones.core, mandate)]


async def _second_account(phones: Phones) -> None:
    async with phones.core.database.transaction() as tx:
        await tx.execute(
            insert(account_phone).values(account_id=await _account(phones, "166301"), msisdn=PHONE)
        )


async def test_where_there_is_none_the_way_to_connect_is_told(phones: Phones) -> None:
    assert await phones.send("автоплатеж") == ("На счёте 100080 автоплатежа нет. Подключить: АВТОПЛАТЕЖ 300")


async def test_the_state_is_told_with_its_sum_card_and_next_date(phones: Phones) -> None:
    await _with_autopay(phones)
    assert await phones.send("автоплатеж счет 100080") == (
        "Ваш автоплатёж: 300 р. на счёт 100080, каждые 30 дней, карта *0004. Следующий 27 мая 2026. "
        "Отключить: АВТОПЛАТЕЖ СТОП."
    )


async def test_an_english_speaker_gets_the_state_in_english(phones: Phones) -> None:
    await _with_autopay(phones)
    await phones.core.subscribers.set_locale(Payer.sms(PHONE), "en")
    assert str(await phones.send("autopay")).startswith("Your autopay is on: 300 RUB to account 100080")


async def test_less_is_set_at_once(phones: Phones) -> None:
    await _with_autopay(phones)
    assert str(await phones.send("автоплатеж 200")).startswith("Автоплатёж изменён: 200 р. на счёт 100080")
    assert await _amounts(phones) == [("active", 200_00)]


async def test_more_is_set_by_the_code_alone(phones: Phones) -> None:
    await _with_autopay(phones)
    code = await _code(phones, "автоплатеж 100080 500")
    assert await _amounts(phones) == [("active", 300_00)]
    assert str(await phones.send(code)).startswith("Автоплатёж изменён: 500 р.")
    assert await _amounts(phones) == [("active", 500_00)]


async def test_autopay_is_connected_by_the_code_with_the_saved_card(phones: Phones) -> None:
    await _with_card(phones)
    await phones.received()
    code = await _code(phones, "автоплатеж 300")
    assert str(await phones.send(f"код {code[:3]} {code[3:]}")).startswith("Автоплатёж подключён: 300 р.")
    assert await _amounts(phones) == [("active", 300_00)]


async def test_without_a_card_the_card_pages_address_is_the_second_text(phones: Phones) -> None:
    code = await _code(phones, "автоплатеж 300")
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
    await _with_autopay(phones)
    assert await phones.send(text) == "Автоплатёж счёта 100080 удалён."
    assert await _amounts(phones) == [("deleted", 300_00)]
    assert await phones.send(text) == "Автоплатёж не подключён. Подключить: АВТОПЛАТЕЖ 300"


async def test_stop_is_no_stop_of_our_messages(phones: Phones) -> None:
    await _with_autopay(phones)
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
    await _with_autopay(phones)
    assert await phones.send(text) == answer
    assert await _amounts(phones) == [("active", 300_00)]


async def test_doubts_get_help_and_change_nothing(phones: Phones) -> None:
    await _with_autopay(phones)
    for text in ("автоплатеж стоп?", "автоплатеж 200?", "не отключать автоплатеж", "автоплатеж не работает"):
        assert "АВТОПЛАТЕЖ" in str(await phones.send(text))
    assert await _amounts(phones) == [("active", 300_00)]


@pytest.mark.parametrize("text", ["автоплатеж", "автоплатеж 300", "автоплатеж стоп"])
async def test_a_strangers_phone_learns_nothing(phones: Phones, text: str) -> None:
    await _with_autopay(phones)
    said = await phones.send(text, sender=STRANGER)
    assert said == "Этот телефон не записан ни за одним счётом. Записать его можно в нашем офисе."
    assert await _amounts(phones) == [("active", 300_00)]


async def test_of_several_accounts_one_has_to_be_named(phones: Phones) -> None:
    await _second_account(phones)
    asked = "У вас несколько счетов: 100080, 166301. Назовите один: "
    assert await phones.send("автоплатеж") == f"{asked}АВТОПЛАТЕЖ СЧЁТ 100080"
    assert await phones.send("автоплатеж 300") == f"{asked}АВТОПЛАТЕЖ 100080 300"
    assert await phones.send("автоплатеж стоп") == f"{asked}АВТОПЛАТЕЖ 100080 СТОП"
    assert str(await phones.send("автоплатеж счёт 166301")).startswith("На счёте 166301 автоплатежа нет.")
    code = await _code(phones, "автоплатеж 166301 300")
    await phones.sends(code)
    assert await _amounts(phones) == [("requested", 300_00)]


async def test_five_wrong_codes_and_the_right_one_is_of_no_use(phones: Phones) -> None:
    await _with_card(phones)
    await phones.received()
    code = await _code(phones, "автоплатеж 300")
    wrong = "000000" if code != "000000" else "111111"
    said = [await phones.send(wrong) for _ in range(5)]
    assert said == [
        "Код неверный. Остались 4 попытки.",
        "Код неверный. Остались 3 попытки.",
        "Код неверный. Остались 2 попытки.",
        "Код неверный. Осталась 1 попытка.",
        "Код неверный и больше не действует. За новым пришлите запрос ещё раз.",
    ]
    assert await phones.send(code) == "Код больше не действует. За новым пришлите запрос ещё раз."
    assert await _amounts(phones) == []


async def test_a_late_code_is_told_that_it_is_late(phones: Phones) -> None:
    await _with_card(phones)
    await phones.received()
    code = await _code(phones, "автоплатеж 300")
    phones.clock.shift(timedelta(minutes=5, seconds=1))
    assert await phones.send(code) == "Код больше не действует. За новым пришлите запрос ещё раз."
    phones.clock.shift(timedelta(hours=1))
    assert str(await phones.send(code)).startswith("Пополнить с телефона")
    assert await _amounts(phones) == []


async def test_codes_are_not_sent_without_end(phones: Phones) -> None:
    for _ in range(3):
        await _code(phones, "автоплатеж 300")
    assert await phones.send("автоплатеж 300") == (
        "Кодов было много. Следующий можно запросить через 15 минут."
    )


async def test_what_the_chat_has_connected_meanwhile_is_told(phones: Phones) -> None:
    owner = await _with_card(phones)
    await phones.received()
    code = await _code(phones, "автоплатеж 300")
    await connect(phones.core, owner, roubles=200)
    assert await phones.send(code) == "На счёте 100080 автоплатёж уже есть. Посмотреть: АВТОПЛАТЕЖ"
    assert await _amounts(phones) == [("active", 200_00)]


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


async def test_six_digits_without_an_open_code_are_no_command(phones: Phones) -> None:
    assert str(await phones.send("123456")).startswith("Пополнить с телефона")
    assert await phones.send("123456", sender=STRANGER) is None


async def test_a_code_rests_nowhere_in_clear(phones: Phones) -> None:
    code = await _code(phones, "автоплатеж 300")
    await phones.sends(code)
    kept = [*await rows(phones.core, incoming), *await rows(phones.core, notice)]
    assert [row for row in kept if code in str(row)] == []
    assert {row.outcome for row in await rows(phones.core, incoming)} == {"reply"}


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_only_six_digits_are_looked_up_as_a_code(phones: Phones) -> None:
    for text in (
        "баланс",
        "aliance 166301 100",
        "да",
        "12345",
        "1234567",
        "привет",
        "код 12345",
        "автоплатеж",
    ):
        with _statements() as seen:
            await phones.send(text)
        assert seen
        assert [each for each in seen if "one_time_code" in each] == [], text
    with _statements() as seen:
        await phones.send("123456")
    assert len([each for each in seen if "one_time_code" in each]) == 1


async def test_our_words_of_autopay_coming_back_get_silence(phones: Phones) -> None:
    await _with_autopay(phones)
    said = [await phones.send("автоплатеж 200"), await phones.send("автоплатеж 500")]
    said += [await phones.send("000000"), await phones.send("автоплатеж стоп")]
    assert None not in said
    assert [await phones.send(f"> {text}") for text in said] == [None] * len(said)


def test_the_refusals_of_autopay_are_named() -> None:
    used = [*vars(autopay_by_sms).values(), *vars(codes).values()]
    raised = {each for each in used if isinstance(each, type) and issubclass(each, errors.Refusal)}
    assert len(raised) >= 8
    assert raised <= set(_NAMES)


@pytest.mark.parametrize(
    "form", ["вот код {}", "да {}", "держи {}", "aliance {}", "код {} и всё", "123 456 код {}", "баланс {}"]
)
async def test_a_code_in_a_text_that_is_not_understood_is_not_kept(phones: Phones, form: str) -> None:
    await _with_autopay(phones)
    code = await _code(phones, "автоплатеж 500")
    await phones.send(form.format(code))
    if "aliance" not in form:  # an account and a sum are a payment, whatever else they may be
        await phones.send(form.format(f"{code[:3]} {code[3:]}"))
    assert await _amounts(phones) == [("active", 300_00)]
    kept = [row.payload.get("text", "") for row in await rows(phones.core, incoming)]
    assert not [text for text in kept if code in text.replace(" ", "")]
    assert "автоплатеж 500" in kept


async def test_a_phone_does_not_raise_the_autopay_of_another_person(phones: Phones) -> None:
    owner = await _account(phones)
    await link_to(phones.core, owner, CHAT)
    await pay_and_save(phones.core, phones.provider)
    await connect(phones.core, owner)
    assert await phones.send("автоплатеж 500") == (
        "Увеличить этот автоплатёж может только тот, кто его подключил. Отключить: АВТОПЛАТЕЖ СТОП"
    )
    assert await _amounts(phones) == [("active", 300_00)]
