"""The third way to link: a code that goes by SMS to the registered phone and is typed in the chat."""

import pytest

from core.states import Access, Channel
from handlers.telegram.buttons import ToSmsLink
from tests.bot.scenes import code_on_the_phone, linked
from tests.bot.stand import Person, Stand


async def asks(stand: Stand, person: Person, number: str = "100080") -> str:
    """The chat's answer to an account's number."""
    person.says("/accounts")
    await stand.settled()
    person.presses("Привязать")
    await stand.settled()
    person.presses("По коду из СМС")
    await stand.settled()
    assert "Какой счёт? Введите его номер" in person.messages[-1]["text"]
    person.says(number)
    await stand.updates_handled()
    return await person.sees(f"Если счёт {number} есть")


async def test_the_code_links_with_full_access(keeping: Stand, keeper: Person) -> None:
    await asks(keeping, keeper)
    code = await code_on_the_phone(keeping)
    keeper.says("код?")
    await keeper.sees("он приходит в СМС")
    keeper.says(str((int(code) + 1) % 1_000_000).zfill(6))
    await keeper.sees("Осталось 4 попытки")
    keeper.says(f"{code[:3]}-{code[3:]}")
    await keeper.sees("Счёт 100080 теперь привязан")
    (one,) = await keeping.core.accounts.linked(keeper.payer)
    assert (one.number, one.access) == ("100080", Access.FULL)
    keeper.says(code)
    await keeper.sees("Не понимаю")


async def test_an_account_that_is_none_gets_the_same_answer(keeping: Stand, keeper: Person) -> None:
    known = await asks(keeping, keeper)
    await code_on_the_phone(keeping)
    other = Person(keeping.api, 7002)
    unknown = await asks(keeping, other, "999999")
    assert unknown == known.replace("100080", "999999")
    other.says("123456")
    await other.sees("Осталось 4 попытки")
    assert await keeping.core.sending.claim(Channel.SMS, 10) == []


async def test_a_code_of_another_chat_links_nothing(keeping: Stand, keeper: Person) -> None:
    await asks(keeping, keeper)
    code = await code_on_the_phone(keeping)
    other = Person(keeping.api, 7002)
    await asks(keeping, other, "999999")
    other.says(code)
    await other.sees("Осталось 4 попытки")
    assert await keeping.core.accounts.linked(other.payer) == []


async def test_sendings_are_limited(keeping: Stand, keeper: Person) -> None:
    for _ in range(3):
        await asks(keeping, keeper, "999999")
    keeper.says("/accounts")
    await keeping.settled()
    keeper.presses("Привязать")
    await keeping.settled()
    keeper.presses("По коду из СМС")
    await keeping.settled()
    keeper.says("999999")
    await keeper.sees("Слишком много попыток")


@pytest.mark.parametrize("text", ["сто", "12345678901", "-5"])
async def test_what_is_no_number_is_asked_again(keeping: Stand, keeper: Person, text: str) -> None:
    await asks(keeping, keeper, "999999")
    keeper.says("/accounts")
    await keeping.settled()
    keeper.presses("Привязать")
    await keeping.settled()
    keeper.presses("По коду из СМС")
    await keeping.settled()
    keeper.says(text)
    await keeper.sees("от 1 до 10 цифр")


async def test_without_a_key_there_is_no_such_way(stand: Stand, person: Person) -> None:
    person.says("/accounts")
    await stand.settled()
    person.presses("Привязать")
    await person.sees("одноразовый код")
    assert "По коду из СМС" not in person.buttons()


async def test_an_account_with_a_phone_is_unlinked_by_a_code(keeping: Stand, keeper: Person) -> None:
    await linked(keeping, keeper)
    keeper.presses("100080")
    await keeper.sees("Доступ: полный")
    keeper.presses("Отвязать")
    await keeper.sees("Отвязать счёт 100080")
    keeper.presses("Да, отвязать")
    await keeper.sees("Чтобы отвязать счёт 100080, введите код")
    code = await code_on_the_phone(keeping)
    keeper.says(str((int(code) + 1) % 1_000_000).zfill(6))
    await keeper.sees("Осталось 4 попытки")
    assert len(await keeping.core.accounts.linked(keeper.payer)) == 1
    keeper.says(code)
    await keeper.sees("Счёт 100080 отвязан")
    assert await keeping.core.accounts.linked(keeper.payer) == []


async def test_the_last_wrong_code_says_where_to_start_again(keeping: Stand, keeper: Person) -> None:
    await asks(keeping, keeper, "999999")
    for _ in range(5):
        keeper.says("123456")
    assert "/accounts" in await keeper.sees("Код неверный и больше не действует")


async def test_without_a_key_an_old_button_asks_for_no_number(stand: Stand, person: Person) -> None:
    person.says("/accounts")
    await person.sees("не привязан ни один счёт")
    person.presses_stale(ToSmsLink().pack())
    await person.is_told("устарело")
