"""Autopay in the chat: offered after a payment, its terms chosen, changed and agreed to."""

from dataclasses import replace
from datetime import date

import pytest

from core.money import Money
from core.profile import Autopay
from core.states import MandateState
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Monthly
from handlers.telegram import buttons_autopay as to
from tests.bot.scenes import linked, maybe_state_of, paid, quoted, state_of, with_autopay, with_card
from tests.bot.stand import Person, Stand
from tests.core.autopay_scenes import CONSENT, FIRST
from tests.core.scenes import told
from tests.fakes import CARD_MASK


async def test_after_a_payment_autopay_is_offered_and_connected(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    await paid(keeping, keeper, "450", remember=True)
    offer = await keeper.sees("Пополнять счёт 100080 автоматически?")
    assert "каждые 30 дней" in offer
    assert "27 мая 2026" in offer
    keeper.presses("Подключить автоплатёж")
    terms = await keeper.sees("проверьте условия")
    assert CARD_MASK in terms
    assert "Первой кнопкой вы соглашаетесь" in terms
    assert f"Условия от {CONSENT}" in terms
    before = len(keeper.messages)
    keeper.presses("Подключить")
    connected = await keeper.sees("Автоплатёж счёта 100080 подключён")
    assert len(keeper.messages) == before  # the notice replaces the screen
    assert "27 мая 2026" in connected
    keeper.presses("Автоплатёж")
    screen = await keeper.sees("Состояние: действует")
    assert "450,00" in screen
    held = await state_of(keeping, keeper)
    assert (held.state, held.next_on) == (MandateState.ACTIVE, FIRST)


async def test_many_taps_on_connect_agree_once_and_the_notice_stays(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("автоплатежа нет")
    keeper.presses("Подключить", times=5)
    await keeper.sees("подключён")
    await keeping.settled()
    await keeper.is_told("автоплатёж уже есть")
    assert (await told(keeping.core, keeper.payer)).count("autopay_connected") == 1
    assert "подключён" in keeper.messages[-1]["text"]


async def test_without_a_card_the_next_remembered_one_makes_it_active(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    keeper.says("/autopay")
    offer = await keeper.sees("автоплатежа нет")
    assert "Карта: пока нет" in offer
    keeper.presses("Подключить")
    await keeper.sees("остался один шаг")
    keeper.presses("Пополнить и запомнить карту")
    await keeper.sees("Карта будет запомнена")
    keeper.presses("Подтвердить")
    await keeper.sees("оплатите на странице карты")
    await keeping.pays()
    await keeper.sees("подключён")
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_terms_are_chosen_by_chips_and_by_typing_and_the_date_follows(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Изменить")
    await keeper.sees("проверьте условия")
    keeper.presses("Сумма")
    await keeper.sees("Сколько за один раз?")
    keeper.presses("300,00")
    await keeper.sees("Сумма: 300,00")
    keeper.presses("Сумма")
    await keeper.sees("Сколько за один раз?")
    keeper.says("9,99")
    await keeper.sees("Наименьшая сумма — 10")
    keeper.says("99999999")
    await keeper.sees("Наибольшая сумма — 10")
    keeper.says("сто")
    await keeper.sees("Введите одну сумму")
    keeper.says("700,50")
    await keeper.sees("Сумма: 700,50")
    keeper.presses("Как часто")
    await keeper.sees("Раз в сколько дней?")
    keeper.says("часто")
    await keeper.sees("Введите одно число")
    keeper.says("91")
    await keeper.sees("Введите число от 7 до 90")
    keeper.says("45")
    assert "11 июня 2026" in await keeper.sees("каждые 45 дней")
    keeper.presses("Как часто")
    await keeper.sees("Раз в сколько дней?")
    keeper.presses("По числам месяца")
    await keeper.sees("Какого числа")
    keeper.says("32")
    await keeper.sees("Введите число от 1 до 31")
    keeper.presses("31")
    assert "30 апреля 2026" in await keeper.sees("31-го числа каждого месяца")
    keeper.presses("До какой даты")
    await keeper.sees("До какой даты?")
    keeper.says("завтра")
    await keeper.sees("Введите дату")
    keeper.says("01.04.2026")
    await keeper.sees("дата окончания не может быть раньше")
    keeper.says("31.12.2026")
    await keeper.sees("Действует до: 31 декабря 2026")
    keeper.presses("Сохранить изменения")
    await keeper.sees("Автоплатёж счёта 100080 изменён")
    await keeping.settled()
    held = await state_of(keeping, keeper)
    assert replace(held.terms, card_id=None) == Terms(Money(700_50), Monthly(31), date(2026, 12, 31))
    assert held.next_on == date(2026, 4, 30)


async def test_every_step_of_the_terms_leads_back(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Изменить")
    await keeper.sees("проверьте условия")
    for button, seen in [
        ("Сумма", "Сколько за один раз?"),
        ("Как часто", "Раз в сколько дней?"),
        ("До какой даты", "До какой даты? Введите"),
        ("Карта", "С какой карты"),
    ]:
        keeper.presses(button)
        await keeper.sees(seen)
        keeper.presses("Назад")
        await keeping.settled()
        assert "проверьте условия" in keeper.messages[-1]["text"]
    keeper.presses("Как часто")
    await keeper.sees("Раз в сколько дней?")
    keeper.presses("7 дней")
    await keeper.sees("каждые 7 дней")
    keeper.presses("До какой даты")
    await keeper.sees("До какой даты? Введите")
    keeper.presses("Бессрочно")
    await keeping.settled()
    assert "Действует до" not in keeper.messages[-1]["text"]
    keeper.presses("Назад")
    await keeping.settled()
    assert "каждые 30 дней" in keeper.messages[-1]["text"]  # nothing was agreed to
    keeper.presses("Назад")
    await keeper.sees("Что сделать?")


async def test_saving_the_same_terms_twice_tells_of_one_change(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Изменить")
    await keeper.sees("проверьте условия")
    keeper.presses("Сумма")
    await keeper.sees("Сколько за один раз?")
    keeper.presses("1 000,00".replace(" ", "\N{NO-BREAK SPACE}"))
    await keeper.sees("Сумма: 1")
    keeper.presses("Сохранить изменения", times=4)
    await keeper.sees("изменён")
    await keeping.settled()
    await keeper.is_told("уже действуют")
    assert (await told(keeping.core, keeper.payer)).count("autopay_changed") == 1


async def test_terms_whose_text_has_changed_since_are_shown_again(keeping: Stand, keeper: Person) -> None:
    await with_card(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("автоплатежа нет")
    draft = to.ToDraft.unpack(f"a:{keeper.data('Подключить').partition(':')[2].rpartition(':')[0]}")
    old = to.to(to.Connect, draft, mark=to.mark_of("2020-01"))
    keeper.presses_stale(old.pack())
    await keeper.sees("Условия автоплатежа с тех пор изменились")
    assert await maybe_state_of(keeping, keeper) is None
    keeper.presses("Автоплатёж")
    await keeper.sees("автоплатежа нет")


async def test_the_balance_and_the_settings_lead_to_it(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    keeper.says("/balance")
    await keeper.sees("Лицевой счёт 100080")
    keeper.presses("Автоплатёж")
    await keeper.sees("автоплатежа нет")
    keeper.says("/settings")
    await keeper.sees("Выберите язык")
    keeper.presses("Карты")
    await keeper.sees("Сохранённых карт нет")


async def test_who_has_no_account_is_asked_to_link_one(keeping: Stand, keeper: Person) -> None:
    keeper.says("/autopay")
    await keeper.sees("не привязан ни один счёт")


@pytest.mark.parametrize("command", ["/autopay", "/cards"])
async def test_without_a_key_nothing_of_it_is_shown(stand: Stand, person: Person, command: str) -> None:
    await linked(stand, person)
    person.says(command)
    await person.sees("здесь недоступны")
    person.says("/settings")
    await person.sees("Выберите язык")
    assert not {"Автоплатёж", "Карты"} & set(person.buttons())
    person.says("/balance")
    await person.sees("Лицевой счёт 100080")
    assert "Автоплатёж" not in person.buttons()
    await quoted(person)
    assert not [button for button in person.buttons() if "Запомнить" in button]
    person.presses_stale(to.to(to.Connect, DRAFT, mark=to.mark_of(CONSENT)).pack())
    await person.is_told("недоступна")
    assert Autopay().consent == CONSENT


DRAFT = to.ToDraft(number="100080", kopecks=300_00, period=EveryDays(30))
