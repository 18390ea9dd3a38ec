"""A top-up in the chat, from the sum to the receipt, over real HTTP on both sides."""

from datetime import timedelta

import pytest

from core.payments.choice import Providers
from tests.bot.scenes import linked, quoted
from tests.bot.stand import Person, Stand

MALFORMED = ["сто", "1,000", "1.5.0", "-5", "1e3", "5 00", "1 2 3", "0x10", "100$", "💯"]


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


async def test_without_a_provider_payment_is_said_to_be_unavailable(stand: Stand, person: Person) -> None:
    stand.core.payments._providers = Providers([])
    await linked(stand, person)
    person.says("/pay")
    await person.sees("Выберите сумму")
    person.presses("За месяц")
    await person.is_told("сейчас недоступна")
    assert "Выберите сумму" in person.messages[-1]["text"]
