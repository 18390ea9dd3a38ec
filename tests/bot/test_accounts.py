"""Accounts in the chat: linked by login or contact, picked, unlinked, their balance and history read."""

import pytest

from tests.bot.accounts import PASSWORD
from tests.bot.scenes import linked, quoted
from tests.bot.stand import Person, Stand


async def test_a_new_person_links_an_account_and_sees_its_balance(stand: Stand, person: Person) -> None:
    person.says("/start")
    await person.sees("привяжите лицевой счёт")
    await linked(stand, person)
    person.says("/balance")
    screen = await person.sees("Лицевой счёт 100080")
    assert "198,19" in screen


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
