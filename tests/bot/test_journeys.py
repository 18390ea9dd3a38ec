"""From /start to the receipt, over real HTTP on both sides."""

from tests.bot.accounts import PASSWORD
from tests.bot.stand import Person, Stand


async def linked(stand: Stand, person: Person, login: str = "alpha") -> None:
    person.says("/accounts")
    await person.sees("К этому чату")
    person.presses("Привязать")
    await person.sees("одноразовый код")
    person.says(await stand.links(person, login, PASSWORD))
    await person.sees("теперь привязан")


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
    person.says("/pay")
    await person.sees("Выберите сумму")
    person.says("500")
    await person.sees("К оплате")
    person.presses("Подтвердить", times=10)
    await person.sees("оплатите на странице карты")
    await stand.settled()
    assert len(stand.provider.calls) == 1
