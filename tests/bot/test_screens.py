"""Every screen of the chat has a way on and back, in the language that was chosen."""

import pytest

from tests.bot.stand import Person, Stand


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


async def test_a_person_with_a_name_of_markup_breaks_nothing(stand: Stand, person: Person) -> None:
    person.says("<b>&lt;script&gt; /start")
    await person.sees("Не понимаю")
