"""Autopay in the chat, from the offer after a payment to the deletion, over real HTTP on both sides."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.money import Money
from core.payments.provider import Declined
from core.profile import Autopay
from core.states import MandateState
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays, Monthly
from handlers.telegram import buttons_autopay as to
from tests.bot.scenes import (
    day_comes,
    linked,
    maybe_state_of,
    paid,
    quoted,
    state_of,
    with_autopay,
    with_card,
)
from tests.bot.stand import Person, Stand
from tests.bot.test_link_by_sms import code_on_the_phone
from tests.core.autopay_scenes import CONSENT
from tests.core.scenes import told
from tests.fakes import CARD_MASK

FIRST = date(2026, 5, 27)
DAY = timedelta(days=1)


async def reads_alone(stand: Stand, person: Person) -> None:
    """Linked by a shared contact: may look, and change nothing."""
    stand.api.phones.describe(person.id, phone="+7 914 123-45-67")
    stand.api.phones.share_contact(person.id, own=True)
    await person.sees("привязано 2 счёта")


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


async def test_it_is_paused_and_resumed(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Приостановить", times=3)
    await keeper.sees("Автоплатёж счёта 100080 приостановлен")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_paused") == 1
    await day_comes(keeping, FIRST)
    assert keeping.provider.tokens == []
    keeper.says("/autopay")
    await keeper.sees("приостановлен вами")
    keeper.presses("Возобновить", times=3)
    await keeper.sees("возобновлён")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_resumed") == 1
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_a_warning_comes_a_day_ahead_and_its_charge_can_be_skipped(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    await day_comes(keeping, FIRST - DAY)
    warning = await keeper.sees("27 мая 2026 автоплатёж пополнит счёт 100080")
    assert "500,00" in warning
    skip = keeper.data("Пропустить этот раз")
    keeper.presses("Пропустить этот раз", times=3)
    skipped = await keeper.sees("Списание 27 мая 2026 для счёта 100080 пропущено")
    assert "26 июня 2026" in skipped
    await day_comes(keeping, FIRST)
    assert keeping.provider.tokens == []
    keeper.presses_stale(skip)
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_skipped") == 1
    assert (await state_of(keeping, keeper)).next_on == FIRST + 30 * DAY


async def test_what_is_charged_cannot_be_skipped_any_more(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    await day_comes(keeping, FIRST - DAY)
    await keeper.sees("автоплатёж пополнит счёт 100080")
    skip = keeper.data("Пропустить этот раз")
    await day_comes(keeping, FIRST)
    assert len(keeping.provider.tokens) == 1
    assert keeper.messages[-1]["text"].startswith("Деньги на счёте")
    keeper.presses_stale(skip)
    await keeper.is_told("пропустить уже нельзя")


async def test_the_next_charge_is_skipped_from_the_screen(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Пропустить следующее списание")
    assert "26 июня 2026" in await keeper.sees("пропущено")


async def test_a_decline_tells_when_it_is_tried_again(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeping.provider.will(Declined("insufficient_funds"))
    await day_comes(keeping, FIRST)
    said = await keeper.sees("Автоплатёж не смог списать 500,00")
    assert "недостаточно денег" in said
    assert "Повторим 28 мая 2026" in said
    keeper.presses("Автоплатёж")
    assert "повторим 28 мая 2026" in await keeper.sees("Состояние: действует")


async def test_a_refused_card_is_replaced_by_another(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeping.provider.will(Declined("card_expired", hard=True))
    await day_comes(keeping, FIRST)
    said = await keeper.sees("нужна другая карта")
    assert "срок действия карты истёк" in said
    keeper.presses("Выбрать карту")
    await keeper.sees("Состояние: приостановлен, нужна другая карта")
    keeper.presses("Изменить")
    await keeper.sees("проверьте условия")
    keeper.presses("Сохранить изменения")
    await keeper.sees("изменён")
    await keeping.settled()
    assert (await state_of(keeping, keeper)).state == MandateState.PAUSED  # no card was chosen
    keeper.presses("Автоплатёж")
    await keeper.sees("Состояние: приостановлен, нужна другая карта")
    keeper.presses("Выбрать карту")
    await keeper.sees("С какой карты списывать?")
    keeper.presses(CARD_MASK)
    await keeper.sees("проверьте условия")
    keeper.presses("Сохранить изменения")
    await keeping.settled()
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_deletion_is_asked_for_once_more_and_answered(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    pause = keeper.data("Приостановить")
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж счёта 100080?")
    keeper.presses("Назад")
    await keeper.sees("Состояние: действует")
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж счёта 100080?")
    keeper.presses("Да, удалить", times=3)
    await keeper.sees("Автоплатёж счёта 100080 удалён")
    await keeper.is_told("автоплатежа больше нет")
    await keeping.settled()
    assert (await told(keeping.core, keeper.payer)).count("autopay_deleted") == 1
    assert await maybe_state_of(keeping, keeper) is None
    keeper.presses_stale(pause)
    await keeping.settled()
    assert "удалён" in keeper.messages[-1]["text"]


async def test_a_stranger_s_button_moves_nobody_s_autopay(keeping: Stand, keeper: Person) -> None:
    held = await with_autopay(keeping, keeper)
    stranger = Person(keeping.api, 7002)
    stranger.says("/help")
    await stranger.sees("Справочная")
    assert held.next_on is not None
    for forged in (
        to.SkipCharge(mandate=held.mandate_id, on=held.next_on),
        to.PauseAutopay(number="100080"),
        to.DeleteAutopay(number="100080"),
        to.ToAutopay(number="100080"),
        to.to(to.Change, to.draft("100080", held.terms), mark=to.mark_of(CONSENT), kopecks=100_00),
    ):
        stranger.presses_stale(forged.pack())
        await keeping.settled()
        assert "100080" not in str(stranger.messages)
    assert await state_of(keeping, keeper) == held


async def test_a_stranger_s_card_cannot_be_agreed_to(keeping: Stand, keeper: Person) -> None:
    card = await with_card(keeping, keeper)
    other = Person(keeping.api, 7002)
    await linked(keeping, other, "beta")
    draft = to.ToDraft(number="166301", kopecks=300_00, period=EveryDays(30), card=card.id)
    other.presses_stale(to.to(to.Connect, draft, mark=to.mark_of(CONSENT)).pack())
    await other.is_told("устарело")
    assert await maybe_state_of(keeping, other, "166301") is None


async def test_who_may_only_look_is_told_how_to_prove_it(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    reader = Person(keeping.api, 7002)
    await reads_alone(keeping, reader)
    reader.says("/autopay")
    screen = await reader.sees("Состояние: действует")
    assert "только для просмотра" in screen
    assert not {"Изменить", "Удалить", "Приостановить"} & set(reader.buttons())
    reader.presses_stale(to.PauseAutopay(number="100080").pack())
    await keeping.settled()
    assert "только для просмотра" in reader.messages[-1]["text"]
    reader.presses("Войти или получить код")
    await reader.sees("одноразовый код")
    reader.says("/autopay")
    await reader.sees("Состояние: действует")
    reader.presses("Другой счёт")
    await reader.sees("Автоплатёж какого счёта?")
    reader.presses("166301")
    await reader.sees("На счёте 166301 автоплатежа нет")
    assert (await state_of(keeping, keeper)).state == MandateState.ACTIVE


async def test_another_person_with_full_access_ends_it_and_changes_nothing(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    other = Person(keeping.api, 7002)
    await linked(keeping, other)
    other.says("/autopay")
    await other.sees("Его подключил другой человек")
    assert not {"Изменить", "Возобновить"} & set(other.buttons())
    other.presses("Приостановить")
    await other.sees("приостановлен")
    await keeping.settled()
    other.presses("Возобновить")
    await other.is_told("только тот, кто подключил")
    other.presses("Автоплатёж")
    await other.sees("Его подключил другой человек")
    other.presses("Удалить")
    await other.sees("Удалить автоплатёж")
    other.presses("Да, удалить")
    await other.sees("удалён")
    assert "другой человек" in await keeper.sees("Автоплатёж счёта 100080 удалён")


async def test_who_unlinked_the_account_still_ends_his_autopay(keeping: Stand, keeper: Person) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/accounts")
    await keeper.sees("привязан 1 счёт")
    keeper.presses("100080")
    await keeper.sees("Доступ: полный")
    keeper.presses("Отвязать")
    assert "Ваш автоплатёж этого счёта продолжится" in await keeper.sees("Отвязать счёт 100080")
    keeper.presses("Да, отвязать", times=5)
    await keeper.sees("Чтобы отвязать счёт 100080, введите код")
    keeper.says(await code_on_the_phone(keeping))
    await keeper.sees("Счёт 100080 отвязан")
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    assert "Изменить" not in keeper.buttons()
    keeper.presses("Удалить")
    await keeper.sees("Удалить автоплатёж")
    keeper.presses("Да, удалить")
    await keeper.sees("удалён")
    assert await keeping.core.autopay.agreed_on(keeper.payer) == []


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


async def test_the_resumption_of_one_without_a_card_says_what_is_missing(
    keeping: Stand, keeper: Person
) -> None:
    await with_autopay(keeping, keeper)
    keeper.says("/autopay")
    await keeper.sees("Состояние: действует")
    keeper.presses("Приостановить")
    await keeper.sees("приостановлен")
    await keeping.settled()
    (card,) = await keeping.core.cards.of(keeper.payer)
    await keeping.core.cards.unlink(keeper.payer, card.id)
    keeper.presses_stale(to.ResumeAutopay(number="100080").pack())
    await keeper.sees("У автоплатежа нет карты")


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
