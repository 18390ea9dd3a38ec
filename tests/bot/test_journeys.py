"""From /start to the receipt, over real HTTP on both sides."""

from datetime import timedelta

import pytest

from core.payments.choice import Providers
from tests.bot.accounts import PASSWORD
from tests.bot.scenes import linked, quoted
from tests.bot.stand import Person, Stand

MALFORMED = ["сто", "1,000", "1.5.0", "-5", "1e3", "5 00", "1 2 3", "0x10", "100$", "💯"]


async def test_a_new_person_links_an_account_and_sees_its_balance(stand: Stand, person: Person) -> None:
    person.says("/start")
    await person.sees("привяжите лицевой счёт")
    await linked(stand, person)
    person.says("/balance")
    screen = await person.sees("Лицевой счёт 100080")
    assert "198,19" in screen


async def test_a_top_up_by_chip_ends_with_the_receipt_in_place_of_the_confirm_screen(
    stand: Stand, person: Person
) -> None:
    await linked(stand, person)
    person.says("/pay")
    await person.sees("Выберите сумму")
    person.presses("За месяц")
    confirm = await person.sees("К оплате")
    assert "100080" in confirm
    person.presses("Подтвердить")
    await person.sees("оплатите на странице карты")
    assert person.url("Открыть страницу оплаты").startswith("https://pay.example/")
    before = len(person.messages)
    await stand.pays()
    await person.sees("Деньги на счёте")
    assert len(person.messages) == before


async def test_ten_quick_taps_on_confirm_charge_once(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    person.presses("Подтвердить", times=10)
    await person.sees("оплатите на странице карты")
    await stand.settled()
    assert len(stand.provider.calls) == 1
    assert len(stand.provider.charges) == 1


async def test_a_late_tap_does_not_cover_the_receipt(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    confirm = person._button("Подтвердить", "data")[1]
    person.presses("Подтвердить")
    await person.sees("оплатите на странице карты")
    await stand.pays()
    await person.sees("Деньги на счёте")
    person.presses_stale(confirm)
    await person.is_told("уже оплачено")
    assert "Деньги на счёте" in person.messages[-1]["text"]


async def test_a_declined_card_is_told_in_place_of_the_screen(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    person.presses("Подтвердить")
    await person.sees("оплатите на странице карты")
    await stand.declines()
    await person.sees("платёж отклонён")
    await stand.settled()


async def test_a_quote_that_has_expired_is_not_charged(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    stand.clock.shift(timedelta(minutes=16))
    person.presses("Подтвердить")
    await person.sees("Время на подтверждение вышло")
    assert stand.provider.calls == []
    person.presses("Начать заново")
    await person.sees("Выберите сумму")


async def test_a_dropped_quote_cannot_be_confirmed(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    confirm = person._button("Подтвердить", "data")[1]
    person.presses("Отменить")
    await person.sees("Пополнение отменено")
    person.presses_stale(confirm)
    await person.is_told("устарело")
    assert stand.provider.calls == []


async def test_another_person_cannot_confirm_my_quote(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    await quoted(person)
    confirm = person._button("Подтвердить", "data")[1]
    stranger = Person(stand.api, 7002)
    stranger.says("/help")
    await stranger.sees("Справочная")
    stranger.presses_stale(confirm)
    await stranger.is_told("устарело")
    assert stand.provider.calls == []


@pytest.mark.parametrize("text", MALFORMED)
async def test_a_malformed_amount_is_asked_for_again(stand: Stand, person: Person, text: str) -> None:
    person.says("/pay")
    await person.sees("Введите его номер")
    person.says("100080")
    await person.sees("Сколько рублей")
    person.says(text)
    await person.sees("Введите одну сумму в рублях")
    person.says("500,50")
    assert "500,50" in await person.sees("К оплате")


@pytest.mark.parametrize(
    "text, answer", [("9,99", "Наименьшая сумма — 10"), ("15000", "Наибольшая сумма — 14")]
)
async def test_an_amount_beyond_the_limits_is_told_the_limit(
    stand: Stand, person: Person, text: str, answer: str
) -> None:
    person.says("/pay")
    await person.sees("Введите его номер")
    person.says("№ 100080")
    await person.sees("Сколько рублей")
    person.says(text)
    await person.sees(answer)


async def test_anybody_may_pay_for_any_account_and_learns_nothing_of_it(stand: Stand, person: Person) -> None:
    person.says("/pay")
    await person.sees("Введите его номер")
    person.says("сто тысяч")
    await person.sees("от 1 до 10 цифр")
    person.says("999999")
    await person.sees("Сколько рублей")
    person.says("500")
    await person.sees("Лицевого счёта 999999 нет")
    person.says("100080")
    await person.sees("Пополнение счёта 100080")
    person.says("500")
    screen = await person.sees("К оплате")
    assert "198,19" not in screen
    person.presses("Другая сумма")
    await person.sees("Сколько рублей")


async def test_who_guesses_at_account_numbers_gets_silence(stand: Stand, person: Person) -> None:
    for number in range(900001, 900006):
        person.says("/pay")
        await person.sees("Введите его номер")
        person.says(str(number))
        await person.sees(f"Пополнение счёта {number}")
        person.says("500")
        await person.sees(f"Лицевого счёта {number} нет")
    person.says("900006")
    await person.sees("Пополнение счёта 900006")
    before = len(person.messages)
    person.says("500")
    await stand.settled()
    assert len(person.messages) == before


async def test_an_own_contact_links_for_reading(stand: Stand, person: Person) -> None:
    stand.api.phones.describe(person.id, phone="+7 914 123-45-67")
    person.says("/accounts")
    await person.sees("К этому чату")
    person.presses("Привязать")
    await person.sees("одноразовый код")
    person.presses("По номеру телефона")
    await person.sees("отправьте его кнопкой")
    assert stand.api.chats.of(person.id).reply_keyboard is not None
    stand.api.phones.share_contact(person.id, own=True)
    await person.sees("записан за счетами 100080, 166301")
    await person.sees("привязано 2 счёта")
    assert stand.api.chats.of(person.id).reply_keyboard is None
    person.presses("166301")
    await person.sees("по номеру телефона")


@pytest.mark.parametrize(
    "how", [{"own": False}, {"own": False, "registered": False}, {"own": True, "forwarded": True}]
)
async def test_a_contact_that_is_not_ones_own_links_nothing(
    stand: Stand, person: Person, how: dict[str, bool]
) -> None:
    stand.api.phones.share_contact(person.id, phone="79141234567", **how)
    await person.sees("не ваш номер")
    assert await stand.core.accounts.linked(person.payer) == []


async def test_a_phone_that_nobody_registered_links_nothing(stand: Stand, person: Person) -> None:
    stand.api.phones.share_contact(person.id, own=True, phone="79990000000")
    await person.sees("не записан ни за одним счётом")


async def test_a_wrong_code_says_how_many_tries_are_left(stand: Stand, person: Person) -> None:
    person.says("/accounts")
    await person.sees("К этому чату")
    person.presses("Привязать")
    await person.sees("одноразовый код")
    person.says("my password")
    await person.sees("В коде шесть цифр")
    code = await stand.links(person, "alpha", PASSWORD)
    person.says(str((int(code) + 1) % 1_000_000).zfill(6))
    await person.sees("Осталось 4 попытки")
    person.says(f"{code[:3]} {code[3:]}")
    await person.sees("теперь привязан")


async def test_a_code_without_a_login_has_expired(stand: Stand, person: Person) -> None:
    person.says("/accounts")
    await person.sees("К этому чату")
    person.presses("Привязать")
    await person.sees("одноразовый код")
    person.says("123456")
    await person.sees("Код больше не действует")


async def test_several_accounts_have_a_picker_and_the_choice_stays(stand: Stand, person: Person) -> None:
    await linked(stand, person, "alpha")
    await linked(stand, person, "beta")
    person.says("/balance")
    await person.sees("Лицевой счёт 100080")
    person.presses("Другой счёт")
    await person.sees("Баланс какого счёта")
    person.presses("166301")
    screen = await person.sees("Лицевой счёт 166301")
    assert "-19,26" in screen
    assert "меньше нуля" in screen
    person.says("/pay")
    await person.sees("Пополнение счёта 166301")
    person.presses("Другой счёт")
    await person.sees("Какой счёт пополнить?")
    person.presses("Другой номер")
    await person.sees("Введите его номер")


async def test_an_unlinked_account_is_gone_at_once(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    person.presses("100080")
    await person.sees("Доступ: полный")
    balance = person._button("Баланс", "data")[1]
    person.presses("Отвязать")
    await person.sees("Отвязать счёт 100080")
    unlink = person._button("Да, отвязать", "data")[1]
    person.presses("Да, отвязать")
    await person.sees("Счёт 100080 отвязан")
    person.presses_stale(balance)
    await stand.settled()
    person.presses_stale(unlink)
    await person.is_told("устарело")
    person.says("/balance")
    await person.sees("не привязан ни один счёт")


async def test_history_is_read_a_page_at_a_time(stand: Stand, person: Person) -> None:
    await linked(stand, person)
    for _ in range(9):
        await quoted(person, "100")
        person.presses("Подтвердить")
        await stand.settled()
        await stand.pays()
        await stand.settled()
    person.says("/balance")
    await person.sees("Лицевой счёт 100080")
    person.presses("История")
    first = await person.sees("История счёта 100080")
    assert first.count("карта") == 8
    person.presses("Раньше")
    second = await person.sees("перенесённый баланс")
    assert second.count("карта") == 1
    person.presses("К новым")
    await stand.settled()
    assert person.messages[-1]["text"] == first
    person.presses("Назад")
    await person.sees("Рекомендуемая предоплата")


async def test_the_language_is_chosen_once(stand: Stand, person: Person) -> None:
    person.speaks("en-GB")
    person.says("/settings")
    await person.sees("Choose the language")
    person.presses("Русский")
    await person.sees("Выберите язык")
    person.says("/help")
    await person.sees("Справочная")
    person.presses_stale("language:xx")
    await person.is_told("устарело")


@pytest.mark.parametrize(
    "data", ["", "gone", "balance:nonsense", "chip:100080:-5", "account:AAAAAAAAAAAAAAAAAAAAAA"]
)
async def test_a_stale_or_forged_button_brings_a_fresh_menu(stand: Stand, person: Person, data: str) -> None:
    person.says("/help")
    await person.sees("Справочная")
    person.presses_stale(data or "x")
    await person.is_told("Это меню устарело")
    await person.sees("Что сделать?")


async def test_every_screen_has_a_way_back(stand: Stand, person: Person) -> None:
    person.says("/start")
    await person.sees("бот компании")
    for button, seen in [
        ("Счета", "К этому чату"),
        ("Назад", "Что сделать?"),
        ("Настройки", "Выберите язык"),
        ("Назад", "Что сделать?"),
        ("Помощь", "Справочная"),
        ("Личные данные", "Бот хранит"),
        ("Меню", "Что сделать?"),
        ("Пополнить", "Введите его номер"),
        ("Назад", "Что сделать?"),
        ("Баланс", "не привязан ни один счёт"),
    ]:
        person.presses(button)
        await stand.settled()
        assert seen in person.messages[-1]["text"]
    assert len(person.messages) == 1


async def test_cancel_leaves_the_step(stand: Stand, person: Person) -> None:
    person.says("/pay")
    await person.sees("Введите его номер")
    person.says("/cancel")
    await person.sees("Шаг прерван")
    person.says("100080")
    await person.sees("Не понимаю")


async def test_a_card_number_is_answered_by_a_warning(stand: Stand, person: Person) -> None:
    person.says("/pay")
    await person.sees("Введите его номер")
    person.says("4111 1111 1111 1111")
    await person.sees("похоже, номер карты")


async def test_without_a_provider_payment_is_said_to_be_unavailable(stand: Stand, person: Person) -> None:
    stand.core.payments._providers = Providers([])
    await linked(stand, person)
    person.says("/pay")
    await person.sees("Выберите сумму")
    person.presses("За месяц")
    await person.is_told("сейчас недоступна")
    assert "Выберите сумму" in person.messages[-1]["text"]


async def test_a_person_with_a_name_of_markup_breaks_nothing(stand: Stand, person: Person) -> None:
    person.says("<b>&lt;script&gt; /start")
    await person.sees("Не понимаю")
