"""Each text has one outcome: an answer, a refusal in words, or silence for a reason that is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.ids import Payer
from core.messages.notices import Help
from core.payments.provider import Declined, Unknown
from core.states import IncomingOutcome
from core.storage.message_tables import incoming
from core.use_cases.limits import REPLIES_AN_HOUR
from tests.handlers.sms.conftest import PHONE, STRANGER, Phones

OTHER = "79020000002"


async def _balance(phones: Phones, number: str) -> str:
    return str((await phones.core.statements.ledger(number, limit=10)).balance_posted)


async def test_a_top_up_is_quoted_confirmed_charged_once_and_receipted(phones: Phones) -> None:
    assert await phones.send("aliance 166301 100", sender=OTHER) == (
        "Счёт 166301: 100 р., комиссия 3 р. С телефона спишется 103 р. Для оплаты ответьте ДА."
    )
    assert await phones.send("да", sender=OTHER) == "Оплачено: 100 р. на счёт 166301. Списано 103 р."
    assert await phones.send("да", sender=OTHER) == (
        "Этот платёж уже подтверждён. Второй раз деньги не спишутся."
    )
    assert len(phones.provider.charges) == 1
    assert await _balance(phones, "166301") == "119.26"


async def test_the_commission_is_the_operators(phones: Phones) -> None:
    said = await phones.send("aliance 166301 100", sender=PHONE)
    assert said is not None
    assert "комиссия 13 р. С телефона спишется 113 р." in said


async def test_the_same_message_handled_twice_is_answered_once(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    async with phones.core.database.read() as tx:
        row = await tx.one(select(incoming))
    phones.clock.shift(timedelta(minutes=1))
    assert row.state == "done"
    assert await phones.received() == []


async def test_an_english_speaker_is_answered_in_english(phones: Phones) -> None:
    await phones.core.subscribers.set_locale(Payer.sms(PHONE), "en")
    said = await phones.send("aliance 166301 100")
    assert said is not None
    assert said.startswith("Account 166301: 100 RUB")


async def test_a_replaced_quote_wants_the_sum(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    assert str(await phones.send("aliance 166301 200")).endswith("Прежний отменён. Для оплаты ДА 200")
    assert await phones.send("да") == "Чтобы подтвердить, ответьте ДА и сумму: ДА 200"
    assert await phones.send("да 100") == "Сумма другая. Чтобы подтвердить, ответьте: ДА 200"
    assert str(await phones.send("да 200")).startswith("Оплачено: 200 р.")
    assert len(phones.provider.charges) == 1


async def test_the_total_confirms_too(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    assert str(await phones.send("ДА 113,00")).startswith("Оплачено")


async def test_a_cancelled_quote_is_not_charged(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    assert await phones.send("нет") == "Отменено: счёт 166301, 100 р. Деньги не списаны."
    assert str(await phones.send("да")).startswith("Подтверждать нечего.")
    assert phones.provider.charges == []


async def test_a_late_confirmation_is_told_that_it_is_late(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    phones.clock.shift(timedelta(minutes=16))
    assert str(await phones.send("да")).startswith("Время на ответ вышло")
    assert phones.provider.charges == []


async def test_another_phone_cannot_confirm(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    assert await phones.send("да", sender=STRANGER) is None
    assert await phones.outcome() == IncomingOutcome.NOTHING_OPEN
    assert phones.provider.charges == []


async def test_a_confirmation_days_after_is_not_for_us(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("нет")
    assert str(await phones.send("да")).startswith("Подтверждать нечего.")
    phones.clock.shift(timedelta(days=2))
    assert await phones.send("да") is None
    assert await phones.outcome() == IncomingOutcome.NOTHING_OPEN


async def test_a_slip_in_the_keyword_is_quoted_where_all_else_is_clear(phones: Phones) -> None:
    assert str(await phones.send("алянс 166301 100", sender=STRANGER)).startswith("Счёт 166301: 100 р.")
    assert str(await phones.send("алянс 166301 100 50")).startswith("Пополнить с телефона")
    assert await phones.send("алянс 166301 100 50", sender=OTHER) is None


async def test_a_decline_and_an_unknown_outcome_are_told(phones: Phones) -> None:
    phones.provider.will(Declined("insufficient_funds"))
    await phones.send("aliance 166301 100")
    assert str(await phones.send("да")).startswith("Не оплачено: на телефоне мало денег.")
    phones.provider.will(Unknown("timeout"))
    await phones.send("aliance 166301 200", sender=OTHER)
    assert str(await phones.send("да", sender=OTHER)).startswith("Ваш платёж 200 р. на счёт 166301 в пути.")


@pytest.mark.parametrize(
    "text, opening",
    [
        ("aliance", "Нужны счёт и сумма, вот так: aliance 123456 500"),
        ("aliance 100080", "Нужны счёт и сумма, вот так: aliance 100080 500"),
        ("aliance 500 руб", "Нужны счёт и сумма, вот так: aliance 123456 500"),
        ("aliance 100080 100 50", "Неясно, где счёт и сумма. Пришлите: aliance счёт 123456 сумма 500"),
        ("aliance 100 100080", "Наибольшая сумма 14500 р. Сначала счёт, потом сумма: aliance 123456 500"),
        ("aliance 100080 5", "Наименьшая сумма 10 р. Сначала счёт"),
        ("aliance 100080 1,000", "Сумма не понятна."),
        ("aliance 999999 100", "Счёта 999999 нет. Проверьте номер. Деньги не списаны."),
        ("aliance не работает", "Пополнить с телефона: aliance 123456 500"),
        ("баланс 100080 166301", "Неясно, где счёт и сумма. Пришлите: aliance счёт 123456 сумма 500"),
    ],
)
async def test_what_is_not_clear_gets_the_right_form(phones: Phones, text: str, opening: str) -> None:
    assert str(await phones.send(text)).startswith(opening)
    assert not await phones.core.top_ups.has_open(Payer.sms(PHONE))


async def test_who_guesses_at_accounts_gets_silence(phones: Phones) -> None:
    for number in range(900000, 900005):
        assert await phones.send(f"aliance {number} 100") is not None
    assert await phones.send("aliance 900005 100") is None
    assert await phones.outcome() == IncomingOutcome.TOO_MANY_UNKNOWN_ACCOUNTS


async def test_a_balance_is_told_to_a_registered_phone_alone(phones: Phones) -> None:
    assert str(await phones.send("баланс")).startswith("Счёт 100080: ")
    assert str(await phones.send("баланс 100080")).startswith("Счёт 100080: ")
    foreign = await phones.send("баланс 166301")
    assert foreign == await phones.send("баланс 999999") == "Этот телефон не записан за таким счётом."
    assert str(await phones.send("баланс", sender=STRANGER)).startswith("Этот телефон не записан ни за одним")


async def test_stop_and_start_are_kept(phones: Phones) -> None:
    assert await phones.send("стоп") is None
    assert await phones.outcome() == IncomingOutcome.UNKNOWN_PHONE
    await phones.send("баланс")
    assert await phones.send("стоп") == "Больше не пишем первыми. Вернуть сообщения: СТАРТ."
    assert (await phones.core.subscribers.get(Payer.sms(PHONE))).stopped
    assert await phones.send("старт") == "Сообщения снова включены. Отказаться: СТОП."
    assert not (await phones.core.subscribers.get(Payer.sms(PHONE))).stopped


@pytest.mark.parametrize("text", ["стоп", "старт", "помощь", "?", "нет", "да", "привет"])
async def test_bare_words_of_a_stranger_are_not_ours(phones: Phones, text: str) -> None:
    assert await phones.send(text, sender=STRANGER) is None


@pytest.mark.parametrize("text", ["aliance помощь", "aliance стоп", "aliance нет", "aliance да"])
async def test_our_keyword_makes_them_ours(phones: Phones, text: str) -> None:
    assert await phones.send(text, sender=STRANGER) is not None


async def test_help_is_given_to_who_is_known(phones: Phones) -> None:
    opening = "Пополнить с телефона"
    assert str(await phones.send("не работает интернет")).startswith(opening)  # a registered phone
    assert str(await phones.send("помощь")).startswith(opening)  # written to
    await phones.send("aliance 166301 100", sender=STRANGER)
    assert str(await phones.send("да, но потом", sender=STRANGER)).startswith(opening)  # has an open quote


async def test_another_merchants_keyword_gets_silence(phones: Phones) -> None:
    assert await phones.send("proc 100080 100") is None
    assert await phones.outcome() == IncomingOutcome.NOT_OURS


@pytest.mark.parametrize(
    "sender, reason",
    [
        ("MTS.info", IncomingOutcome.NOT_A_PHONE),
        ("900", IncomingOutcome.NOT_A_PHONE),
        ("", IncomingOutcome.NOT_A_PHONE),
        ("79140000001234567", IncomingOutcome.NOT_A_PHONE),
        ("3116", IncomingOutcome.OWN_NUMBER),
    ],
)
async def test_no_reply_goes_to_what_is_no_phone(
    phones: Phones, sender: str, reason: IncomingOutcome
) -> None:
    assert await phones.send("aliance 166301 100", sender=sender) is None
    assert await phones.outcome() == reason


@pytest.mark.parametrize("to", [STRANGER, f"+{STRANGER}"])
async def test_a_long_number_of_ours_is_not_answered_either(phones: Phones, to: str) -> None:
    assert await phones.send("aliance помощь", sender=STRANGER, to=to) is None
    assert await phones.outcome() == IncomingOutcome.OWN_NUMBER


async def test_an_empty_text_gets_silence(phones: Phones) -> None:
    assert await phones.send(" ") is None
    assert await phones.outcome() == IncomingOutcome.NO_TEXT


async def test_who_is_known_here_hears_that_octets_are_no_text(phones: Phones) -> None:
    assert await phones.send("", undecodable=True) == phones.texts.say(Help(), "ru")
    assert await phones.outcome() == IncomingOutcome.REPLY
    assert await phones.send("", sender=STRANGER, undecodable=True) is None
    assert await phones.outcome() == IncomingOutcome.NO_TEXT


async def test_our_own_words_coming_back_get_silence(phones: Phones) -> None:
    for text in ("> " + phones.texts.say(Help(), "ru"), phones.texts.say(Help(), "en").upper()):
        assert await phones.send(text) is None
        assert await phones.outcome() == IncomingOutcome.OWN_TEXT


async def test_a_sender_that_never_stops_is_answered_so_many_times_an_hour(phones: Phones) -> None:
    for _ in range(REPLIES_AN_HOUR):
        assert await phones.send("баланс") is not None
    assert await phones.send("баланс") is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
    phones.clock.shift(timedelta(hours=1, seconds=1))
    assert await phones.send("баланс") is not None


async def test_a_card_number_is_neither_kept_nor_understood(phones: Phones) -> None:
    said = await phones.send("aliance 100080 100 карта 4111 1111 1111 1111")
    assert str(said).startswith("Не присылайте номера карт.")
    async with phones.core.database.read() as tx:
        row = await tx.one(select(incoming.c.payload))
    assert "4111" not in str(row.payload)
