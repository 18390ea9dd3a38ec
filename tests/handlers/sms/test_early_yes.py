"""A yes that came before the request confirms nothing that was asked for since, whatever it names."""

from datetime import timedelta

import pytest

from core.messages.incoming import LEASE, VOUCHED, Arrival
from core.states import Channel
from tests.handlers.sms.conftest import PHONE, Phones
from tests.handlers.sms.test_quotes_by_code import BARE, CODE_NEEDED, charged, code_in

ASKED = "aliance 166301 100"
SECOND = timedelta(seconds=1)


async def in_dead_hands(phones: Phones, text: str, *, vouched: bool = True) -> None:
    """The text is stored; who was to handle it dies."""
    payload = {"text": text, "to": "3116", "smsc": "test", VOUCHED: vouched}
    await phones.core.receiving.accept([Arrival(Channel.SMS, "test", f"dead: {text}", PHONE, payload)])


async def swept(phones: Phones) -> str:
    phones.clock.shift(LEASE + SECOND)
    [abandoned] = await phones.core.receiving.take_abandoned(Channel.SMS, 10)
    await phones.dispatch.handle(abandoned)
    [said] = await phones.received()
    return said


@pytest.mark.parametrize("said", ["да", "да 100", "да 113"])
async def test_it_pays_no_other_account_and_neither_does_it_given_again(phones: Phones, said: str) -> None:
    await phones.send(ASKED)
    await in_dead_hands(phones, said)
    assert "Для оплаты ДА 100" in str(await phones.send("aliance 100080 100"))
    shown = await swept(phones)
    assert shown.startswith("Счёт 100080: 100 р.")
    code = code_in(shown)
    phones.clock.shift(41 * SECOND)
    assert await phones.send(said) == CODE_NEEDED
    assert charged(phones) == []
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р. на счёт 100080")


async def test_it_pays_nothing_that_was_asked_for_after_a_no(phones: Phones) -> None:
    await phones.send("aliance 166301 500")
    await in_dead_hands(phones, "да")
    await phones.send("нет")
    assert str(await phones.send(ASKED)).endswith(BARE)
    code_in(await swept(phones))
    phones.clock.shift(41 * SECOND)
    assert await phones.send("да") == CODE_NEEDED
    await phones.send("нет")
    code_in(await phones.send(ASKED))  # a yes was said within the quarter of an hour
    assert charged(phones) == []


async def test_the_word_that_stood_beside_digits_falls_by_it(phones: Phones) -> None:
    await in_dead_hands(phones, "да 100")
    await phones.send(ASKED)
    code = code_in(await phones.send(ASKED, vouched=False))
    assert code_in(await swept(phones)) == code
    phones.clock.shift(41 * SECOND)
    assert await phones.send("да 100") == CODE_NEEDED
    assert charged(phones) == []


async def test_one_that_anybody_may_have_sent_leaves_the_word_to_the_other(phones: Phones) -> None:
    await in_dead_hands(phones, "да 100", vouched=False)
    await phones.send(ASKED)
    code_in(await swept(phones))
    assert str(await phones.send("да")).startswith("Оплачено: 100 р.")


async def test_one_between_a_request_and_the_same_request_again_is_not_early(phones: Phones) -> None:
    await phones.send(ASKED)
    await in_dead_hands(phones, "да")
    assert str(await phones.send(ASKED)).endswith(BARE)
    assert (await swept(phones)).startswith("Оплачено: 100 р.")


async def test_its_digits_pay_nothing_before_they_were_told_to_who_asked_then(phones: Phones) -> None:
    """The digits were told to a request by a way that vouches for nobody; one by the other has taken it."""
    code = code_in(await phones.send(ASKED, vouched=False))
    await in_dead_hands(phones, f"да {code}")
    assert code_in(await phones.send(ASKED)) == code
    assert code_in(await swept(phones)) == code
    assert charged(phones) == []
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р.")
