"""What the journeys do over and over: link an account, pay, connect autopay, let days pass."""

from datetime import date, timedelta

from core.states import Channel
from core.use_cases.autopay import AutopayScreen
from core.use_cases.cards import CardView
from tests.bot.accounts import PASSWORD
from tests.bot.stand import Person, Stand
from tests.core.autopay_scenes import goes_to, live_until, today

NEAR = timedelta(days=3)  # a warning is a day ahead: what comes before moves nothing


async def linked(stand: Stand, person: Person, login: str = "alpha") -> None:
    person.says("/accounts")
    await stand.settled()
    person.presses("Привязать")
    await stand.settled()
    person.says(await stand.links(person, login, PASSWORD))
    await stand.settled()
    assert "теперь привязан" in person.messages[-1]["text"]


async def quoted(person: Person, amount: str = "500") -> None:
    person.says("/pay")
    await person.sees("Выберите сумму")
    person.says(amount)
    await person.sees("К оплате")


async def paid(stand: Stand, person: Person, amount: str = "500", *, remember: bool = False) -> None:
    """A top-up on the card page to its receipt."""
    await quoted(person, amount)
    if remember:
        person.presses("Запомнить карту")
        await person.sees("Карта будет запомнена")
    person.presses("другой картой" if "другой картой" in str(person.buttons()) else "Подтвердить")
    await person.sees("оплатите на странице карты")
    await stand.pays()
    await person.sees("Деньги на счёте")
    await stand.settled()


async def with_card(stand: Stand, person: Person) -> CardView:
    """A linked person whose card is remembered."""
    await linked(stand, person)
    await paid(stand, person, remember=True)
    return (await stand.core.cards.of(person.payer))[0]


async def with_autopay(stand: Stand, person: Person) -> AutopayScreen:
    """A linked person with a remembered card and autopay of 500 roubles every 30 days."""
    await with_card(stand, person)
    person.says("/autopay")
    await person.sees("автоплатежа нет")
    person.presses("Подключить")
    await person.sees("подключён")
    await stand.settled()
    return await state_of(stand, person)


async def code_on_the_phone(stand: Stand) -> str:
    (due,) = await stand.core.sending.claim(Channel.SMS, 10)
    assert (due.template, due.address) == ("sms_code", "79141234567")
    await stand.core.sending.sent([(due, "m-1")])
    return str(due.params["code"])


async def state_of(stand: Stand, person: Person, number: str = "100080") -> AutopayScreen:
    found = await maybe_state_of(stand, person, number)
    assert found is not None
    return found


async def maybe_state_of(stand: Stand, person: Person, number: str = "100080") -> AutopayScreen | None:
    linked_to = await stand.core.accounts.linked(person.payer)
    (one,) = [each for each in linked_to if each.number == number]
    return await stand.core.autopay.state(person.payer, one.id)


async def day_comes(stand: Stand, day: date) -> None:
    """The work of the given day and of the days before it, and all that it tells."""
    if today(stand.core) < day - NEAR:
        goes_to(stand.clock, stand.core.profile, day - NEAR)
    await live_until(stand.core, stand.clock, day)
    await stand.settled()
