"""`оповещения` by SMS: shown, set and turned off from a registered phone, and the alert that comes of it."""

from datetime import timedelta

import pytest

from core.notice_states import AlertBySms
from core.states import Channel, Lane
from core.storage.alert_tables import alert_setting
from core.storage.tables import account
from tests.core.scenes import rows
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones

OF = "Счёт 100080. Оповещения:"


@pytest.mark.parametrize(
    "text, said",
    [
        ("aliance оповещения", f"{OF} осталось дней: 3, 1, ниже нуля. SMS: если нет в Telegram."),
        ("aliance оповещения порог 200", f"{OF} осталось дней: 3, 1, ниже 200 р., ниже нуля."),
        ("оповещения 100080 порог 200", f"{OF} осталось дней: 3, 1, ниже 200 р., ниже нуля."),
        ("aliance оповещения дней 5", f"{OF} осталось дней: 5, ниже нуля."),
        ("aliance оповещения дней выкл", f"{OF} ниже нуля."),
        ("alerts days 7 2", "Account 100080. Alerts: days left: 7, 2, below zero."),
        ("aliance оповещения вкл", f"{OF} осталось дней: 3, 1, ниже нуля. SMS: всегда."),
        ("aliance оповещения выкл", "Счёт 100080: оповещения выключены."),
        ("aliance оповещения порог 20000", "Порог не больше 10000 р."),
        ("aliance оповещения дней 15", "Дней: от 1 до 14."),
        ("aliance оповещения порог", "Не понятно."),
        ("оповещения 166301", "Этот телефон не записан"),
    ],
)
async def test_a_registered_phone_is_told_how_it_stands_then(phones: Phones, text: str, said: str) -> None:
    answer = await phones.send(text)
    assert answer is not None
    assert answer.startswith(said)


async def test_a_text_that_was_not_understood_changes_nothing_and_is_no_answer_to_a_stranger(
    phones: Phones,
) -> None:
    assert await phones.send("оповещения порог -5") is not None
    assert await phones.send("оповещения порог -5", sender=STRANGER) is None
    assert await phones.send("aliance оповещения выкл", sender=STRANGER) is not None
    assert await rows(phones.core, alert_setting) == []


async def test_an_alert_tells_the_text_that_tops_up_and_that_text_is_understood(phones: Phones) -> None:
    await phones.send("aliance оповещения вкл")
    phones.clock.shift(timedelta(days=4))
    await phones.core.alerts.due_once(50)
    [alert] = await phones.core.sending.claim(Channel.SMS, 10, lane=Lane.BULK)
    assert alert.address == PHONE
    said = phones.texts.render(alert)
    assert said.startswith("Счёт 100080: ")
    _, _, how = said.partition("Пополнить: ")
    quote = await phones.send(how.removesuffix(" на 3116"))
    assert quote is not None
    assert quote.startswith("Счёт 100080: ")


async def test_on_and_off_leave_what_the_other_did_not_ask_for(phones: Phones) -> None:
    await phones.send("aliance оповещения порог 200")
    await phones.send("aliance оповещения вкл")
    (kept,) = await rows(phones.core, account, number="100080")
    assert kept.watch == {"days": [3, 1], "threshold": 200_00, "negative": True}
    (stored,) = await rows(phones.core, alert_setting)
    assert (stored.sms, stored.changed_by) == (AlertBySms.ALWAYS, f"sms:{PHONE}")


async def test_after_stop_the_answer_says_that_nothing_will_come(phones: Phones) -> None:
    await phones.send("aliance стоп")
    answer = await phones.send("aliance оповещения вкл")
    assert answer is not None
    assert answer.startswith("Вы прислали СТОП")
