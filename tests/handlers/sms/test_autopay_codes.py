"""The codes of autopay by SMS: tried a few times, in time, kept nowhere, looked up for six digits only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.storage.message_tables import incoming, notice
from tests.core.autopay_scenes import connect
from tests.core.scenes import rows
from tests.handlers.sms.autopay_scenes import amounts, code_for, with_autopay, with_card
from tests.handlers.sms.conftest import STRANGER, Phones


async def test_five_wrong_codes_and_the_right_one_is_of_no_use(phones: Phones) -> None:
    await with_card(phones)
    await phones.received()
    code = await code_for(phones, "автоплатеж 300")
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
    assert await amounts(phones) == []


async def test_a_late_code_is_told_that_it_is_late(phones: Phones) -> None:
    await with_card(phones)
    await phones.received()
    code = await code_for(phones, "автоплатеж 300")
    phones.clock.shift(timedelta(minutes=5, seconds=1))
    assert await phones.send(code) == "Код больше не действует. За новым пришлите запрос ещё раз."
    phones.clock.shift(timedelta(hours=1))
    assert str(await phones.send(code)).startswith("Пополнить с телефона")
    assert await amounts(phones) == []


async def test_codes_are_not_sent_without_end(phones: Phones) -> None:
    for _ in range(3):
        await code_for(phones, "автоплатеж 300")
    assert await phones.send("автоплатеж 300") == (
        "Кодов было много. Следующий можно запросить через 15 минут."
    )


async def test_what_the_chat_has_connected_meanwhile_is_told(phones: Phones) -> None:
    owner = await with_card(phones)
    await phones.received()
    code = await code_for(phones, "автоплатеж 300")
    await connect(phones.core, owner, roubles=200)
    assert await phones.send(code) == "На счёте 100080 автоплатёж уже есть. Посмотреть: АВТОПЛАТЕЖ"
    assert await amounts(phones) == [("active", 200_00)]


async def test_six_digits_without_an_open_code_are_no_command(phones: Phones) -> None:
    assert str(await phones.send("123456")).startswith("Пополнить с телефона")
    assert await phones.send("123456", sender=STRANGER) is None


async def test_a_code_rests_nowhere_in_clear(phones: Phones) -> None:
    code = await code_for(phones, "автоплатеж 300")
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


@pytest.mark.parametrize(
    "form", ["вот код {}", "да {}", "держи {}", "aliance {}", "код {} и всё", "123 456 код {}", "баланс {}"]
)
async def test_a_code_in_a_text_that_is_not_understood_is_not_kept(phones: Phones, form: str) -> None:
    await with_autopay(phones)
    code = await code_for(phones, "автоплатеж 500")
    await phones.send(form.format(code))
    if "aliance" not in form:  # an account and a sum are a payment, whatever else they may be
        await phones.send(form.format(f"{code[:3]} {code[3:]}"))
    assert await amounts(phones) == [("active", 300_00)]
    kept = [row.payload.get("text", "") for row in await rows(phones.core, incoming)]
    assert not [text for text in kept if code in text.replace(" ", "")]
    assert "автоплатеж 500" in kept
