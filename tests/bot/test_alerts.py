"""Alerts in the chat: settings changed by taps, confirmed there; one tap from an alert to a quote."""

from datetime import timedelta

from core.storage.tables import account
from tests.bot.scenes import linked
from tests.bot.stand import Person, Stand
from tests.core.scenes import rows


async def test_settings_are_changed_by_taps_on_one_screen(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    person.says("/alerts")
    await person.sees("Оповещения счёта")
    await stand.settled()
    screens = len(person.messages)
    person.presses("☐ 5")
    await person.sees("осталось дней: 5, 3, 1")
    person.presses("Ниже нуля")
    await stand.settled()
    assert "когда баланс ниже нуля" not in person.messages[-1]["text"]
    person.presses("SMS: если нет")
    await person.sees("по SMS на номера из договора")
    await stand.settled()
    assert len(person.messages) == screens
    person.presses("Выключить все")
    await person.sees("Все оповещения выключены")
    person.presses("Включить")
    await person.sees("осталось дней: 3, 1")


async def test_a_sum_is_typed_and_refused_where_it_is_none(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    person.says("/alerts")
    await person.sees("Оповещения счёта")
    person.presses("Порог: не задан")
    await person.sees("при каком остатке написать")
    person.says("сто")
    await person.sees("Введите одну сумму")
    person.says("150,50")
    await person.sees("когда остаток ниже 150,50")
    (kept, *_) = [row for row in await rows(stand.core, account) if row.watch is not None]
    assert kept.watch["threshold"] == 150_50


async def test_an_alert_leads_to_its_quote_in_one_tap(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    stand.clock.shift(timedelta(days=4))  # of six
    await stand.core.jobs.run_all_once()
    assert "Рекомендуем" in await person.sees("хватит на 2 дня")
    person.presses("Пополнить на")
    await person.sees("К оплате")
    person.presses("Отменить")
    await person.sees("отменено")
