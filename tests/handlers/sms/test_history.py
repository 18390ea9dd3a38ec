"""`история` and `язык`: what a registered phone is told, in the language it chose."""

import re
from datetime import timedelta

import pytest

from core.ids import Payer
from core.states import IncomingOutcome
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


async def test_the_last_payments_are_told_newest_first_and_an_import_is_none(phones: Phones) -> None:
    assert await phones.send("история") == "Счёт 100080: платежей пока нет."
    for roubles in (100, 200):
        await phones.send(f"aliance 100080 {roubles}")
        await phones.send("да")
        phones.clock.shift(timedelta(days=1))
    said = str(await phones.send("aliance история"))
    head, *lines = said.splitlines()
    assert head == "Счёт 100080, последние платежи:"
    assert [line.split()[1:] for line in lines] == [["+200", "р."], ["+100", "р."]]
    assert all(len(line.split()[0]) == len("27.09.26") for line in lines)


async def test_five_payments_are_the_most_that_an_sms_tells(phones: Phones) -> None:
    for n in range(6):
        await phones.send(f"aliance 100080 {100 + n}")
        await phones.send("да")
        phones.clock.shift(timedelta(hours=2))
    lines = str(await phones.send("платежи")).splitlines()[1:]
    assert [line.split()[1] for line in lines] == ["+105", "+104", "+103", "+102", "+101"]


async def test_history_is_told_to_a_registered_phone_alone(phones: Phones) -> None:
    assert str(await phones.send("история 100080")).startswith("Счёт 100080")
    foreign = await phones.send("история 166301")
    assert foreign == await phones.send("история 999999") == "Этот телефон не записан за таким счётом."
    assert await phones.send("история", sender=STRANGER) is None
    said = await phones.send("aliance история", sender=STRANGER)
    assert str(said).startswith("Этот телефон не записан ни за одним")
    assert await phones.send("история 100080 166301") == "Не понятно, какой счёт. Пришлите: ИСТОРИЯ 123456"


async def test_a_language_is_chosen_answered_in_it_and_kept(phones: Phones) -> None:
    assert str(await phones.send("язык en")).startswith("We write to you in English from now on.")
    assert str(await phones.send("баланс")).startswith("Account 100080: ")
    person = await phones.core.subscribers.get(Payer.sms(PHONE))
    assert (person.locale, person.locale_chosen) == ("en", True)
    assert str(await phones.send("русский")).startswith("Теперь пишем вам по-русски.")
    assert str(await phones.send("balance please")).startswith("Счёт 100080: ")  # chosen is chosen


@pytest.mark.parametrize("text", ["язык", "язык китайский", "aliance language", "язык en или ru"])
async def test_a_language_that_is_not_clear_is_asked_back(phones: Phones, text: str) -> None:
    said = await phones.send(text)
    assert said is not None
    assert "EN" in said
    assert "RU" in said
    assert not (await phones.core.subscribers.get(Payer.sms(PHONE))).locale_chosen


@pytest.mark.parametrize(
    "text, opening",
    [
        ("aliance 166301 100", "Счёт 166301: "),  # the keyword is Latin in every language
        ("aliance 166301 100 please", "Account 166301: "),
        ("please pay aliance 166301 100 rubles", "Account 166301: "),
        ("my balance", "Account 100080: "),
        ("balans", "Счёт 100080: "),
        ("альянс 166301 100 please", "Счёт 166301: "),
        ("aliance help", "Пополнить с телефона"),
    ],
)
async def test_who_chose_no_language_is_answered_in_that_of_the_text(
    phones: Phones, text: str, opening: str
) -> None:
    assert str(await phones.send(text)).startswith(opening)


IN_ENGLISH = (
    "please top up aliance 999999 100",
    "please top up aliance 166301 5",
    "please top up aliance 166301 100 roubles",
    "cancel",
    "yes",
    "my balance",
    "history",
    "payments 166301",
    "alerts",
    "alerts off",
    "alerts on",
    "alerts sum 300",
    "autopay",
    "autopay 300",
    "autopay off",
    "ads",
    "ads yes",
    "ads no",
    "language fr",
)
IN_RUSSIAN = (
    "альянс 999999 100",
    "альянс 166301 5",
    "альянс 166301 100",
    "нет",
    "да",
    "баланс",
    "история",
    "платежи 166301",
    "оповещения",
    "оповещения выкл",
    "оповещения порог 300",
    "автоплатеж",
    "автоплатеж 300",
    "автоплатеж выкл",
    "реклама",
    "реклама да",
    "стоп",
    "старт",
    "помощь",
    "альянс абвгд",
)


async def test_every_command_is_answered_in_the_language_that_it_is_written_in(phones: Phones) -> None:
    for text in IN_ENGLISH:
        assert CYRILLIC.search(str(await phones.send(text))) is None, text
    phones.clock.shift(timedelta(hours=2))
    for text in IN_RUSSIAN:
        assert CYRILLIC.search(str(await phones.send(text))), text


async def test_every_command_is_answered_in_the_language_that_was_chosen(phones: Phones) -> None:
    await phones.send("english")
    for text in IN_RUSSIAN[:-2]:
        assert CYRILLIC.search(str(await phones.send(text))) is None, text
    phones.clock.shift(timedelta(hours=2))
    await phones.send("язык русский")
    for text in IN_ENGLISH:
        assert CYRILLIC.search(str(await phones.send(text))), text


async def test_a_confirmation_is_answered_in_the_language_of_its_quote(phones: Phones) -> None:
    await phones.send("aliance 166301 100 please")
    assert str(await phones.send("ok")).startswith("Paid: 100 RUB")


async def test_stop_and_start_are_answered_in_the_language_that_was_chosen(phones: Phones) -> None:
    await phones.send("aliance english")
    assert str(await phones.send("стоп")).startswith("We shall not write first")
    assert str(await phones.send("старт")).startswith("You get our messages again")
    assert await phones.outcome() == IncomingOutcome.REPLY
