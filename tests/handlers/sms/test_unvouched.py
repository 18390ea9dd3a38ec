"""What comes by a way that vouches for nobody may be anybody's: it ends no quote by another way."""

from datetime import timedelta

import pytest

from core.states import TopUpState
from core.storage.tables import top_up
from core.use_cases.confirmations import CODES_OF_ONE_PHONE
from tests.core.scenes import rows
from tests.handlers.sms.conftest import Phones
from tests.handlers.sms.test_quotes_by_code import BARE, CODE_NEEDED, charged, code_in

ASKED = "aliance 166301 100"
OTHER = "aliance 100080 200"
SUM_NEEDED = "Чтобы подтвердить, ответьте ДА и сумму: ДА 100"
TOO_MANY = "Слишком много неверных цифр"


async def states(phones: Phones) -> list[str]:
    return [row.state for row in await rows(phones.core, top_up)]


async def asked_after_a_yes(phones: Phones) -> str:
    """A quote by a way that vouches, with digits; the digits."""
    await phones.send("aliance 166301 500")
    await phones.send("да")
    return code_in(await phones.send(ASKED))


def wrong_for(code: str) -> list[str]:
    return [f"да {n}" for n in range(700, 730) if f"{n}" != code]


async def test_a_no_by_such_a_way_is_answered_with_the_quote_that_stays(phones: Phones) -> None:
    await phones.send(ASKED)
    said = str(await phones.send("нет", vouched=False))
    assert said.startswith("Счёт 166301: 100 р., комиссия 13 р. С телефона спишется 113 р. Для оплаты")
    code_in(said)
    assert await phones.send("да") == SUM_NEEDED  # who said no does not mean it by a yes to something else
    assert str(await phones.send("да 100")).startswith("Оплачено: 100 р.")


async def test_another_request_by_such_a_way_takes_no_quotes_place(phones: Phones) -> None:
    await phones.send(ASKED)
    said = str(await phones.send(OTHER, vouched=False))
    assert said.startswith("Счёт 166301: 100 р.")
    code_in(said)
    assert await states(phones) == [TopUpState.QUOTED]
    assert await phones.send("да") == SUM_NEEDED
    assert str(await phones.send("да 100")).startswith("Оплачено: 100 р.")
    assert charged(phones) == [113]


async def test_who_is_vouched_for_cancels_and_replaces_as_before(phones: Phones) -> None:
    await phones.send(ASKED)
    await phones.send("нет", vouched=False)
    await phones.send(OTHER, vouched=False)
    code_in(await phones.send(OTHER))  # what is replaced had digits
    assert str(await phones.send("нет")).startswith("Отменено: счёт 100080")
    code_in(await phones.send(ASKED, vouched=False))  # nothing is open: by digits it is taken


async def test_a_quote_that_ran_out_stands_in_nobodys_way(phones: Phones) -> None:
    await phones.send(ASKED)
    phones.clock.shift(timedelta(minutes=15))
    code_in(await phones.send(OTHER, vouched=False))
    phones.clock.shift(timedelta(minutes=15))
    await phones.send(ASKED)
    phones.clock.shift(timedelta(minutes=15))
    assert str(await phones.send("нет", vouched=False)).startswith("Отменено: счёт 166301")


async def test_a_quote_with_digits_stands_too_and_is_the_answer_with_the_same(phones: Phones) -> None:
    code = await asked_after_a_yes(phones)
    assert code_in(await phones.send(OTHER, vouched=False)) == code
    assert code_in(await phones.send("нет", vouched=False)) == code
    assert await phones.send("да 100") == CODE_NEEDED  # the word did not stand before
    assert str(await phones.send(f"да {code}", vouched=False)).startswith("Оплачено: 100 р.")


@pytest.mark.parametrize("said", ["да", "да 100", "ДА 113"])
async def test_the_same_request_by_such_a_way_adds_digits_and_a_yes_by_the_other_is_enough(
    phones: Phones, said: str
) -> None:
    assert str(await phones.send(ASKED)).endswith(BARE)
    code_in(await phones.send(ASKED, vouched=False))
    assert await phones.send("да", vouched=False) == CODE_NEEDED
    assert str(await phones.send(said)).startswith("Оплачено: 100 р.")


@pytest.mark.parametrize("vouched", [True, False])
async def test_the_added_digits_confirm_by_any_way(phones: Phones, vouched: bool) -> None:
    await phones.send(ASKED)
    code = code_in(await phones.send(ASKED, vouched=False))
    assert str(await phones.send(f"да {code}", vouched=vouched)).startswith("Оплачено: 100 р.")


async def test_beside_added_digits_a_yes_still_names_the_right_sum(phones: Phones) -> None:
    await phones.send(ASKED)
    code_in(await phones.send(ASKED, vouched=False))
    assert str(await phones.send("да 20")).startswith("Сумма другая.")
    await phones.send(OTHER, vouched=False)
    assert await phones.send("да") == SUM_NEEDED
    assert charged(phones) == []


async def test_the_same_request_by_a_way_that_vouches_makes_the_quote_its_own(phones: Phones) -> None:
    code = code_in(await phones.send(ASKED, vouched=False))
    assert code_in(await phones.send(ASKED)) == code
    assert code_in(await phones.send("нет", vouched=False)) == code
    assert code_in(await phones.send(OTHER, vouched=False)) == code
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р.")


async def test_a_plain_yes_never_pays_what_was_asked_for_in_anothers_name(phones: Phones) -> None:
    spoofed = code_in(await phones.send(OTHER, vouched=False))
    assert await phones.send("да") == CODE_NEEDED
    code = code_in(await phones.send(ASKED))
    assert await phones.send(f"да {spoofed}", vouched=False) == CODE_NEEDED
    assert await phones.send("да") == CODE_NEEDED
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р.")
    assert charged(phones) == [113]


async def test_wrong_digits_by_such_ways_neither_end_a_quote_nor_use_up_the_tries_of_the_other(
    phones: Phones,
) -> None:
    code = await asked_after_a_yes(phones)
    [limit] = CODES_OF_ONE_PHONE
    for said in wrong_for(code)[: limit.count]:
        assert await phones.send(said, vouched=False) == CODE_NEEDED
    for said in (f"да {code}", "да"):
        assert str(await phones.send(said, vouched=False)).startswith(TOO_MANY)
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р.")


async def test_all_such_ways_have_ten_tries_a_day_together(phones: Phones) -> None:
    codes = []
    [limit] = CODES_OF_ONE_PHONE
    for request in (ASKED, OTHER):
        codes.append(code_in(await phones.send(request, vouched=False)))
        told = [await phones.send(said, vouched=False) for said in wrong_for(codes[-1])[: limit.count // 2]]
        assert told[:-1] == [CODE_NEEDED] * (len(told) - 1)
        assert str(told[-1]).startswith("Подтверждать нечего.")  # the quote was theirs, and is closed
    phones.clock.shift(timedelta(hours=1))
    code = code_in(await phones.send(ASKED, vouched=False))
    assert str(await phones.send(f"да {code}", vouched=False)).startswith(TOO_MANY)
    assert charged(phones) == []


async def test_a_yes_in_vain_by_such_a_way_asks_nobody_else_for_digits(phones: Phones) -> None:
    await phones.send(ASKED)
    phones.clock.shift(timedelta(minutes=16))
    assert str(await phones.send("да", vouched=False)).startswith("Время на ответ вышло")
    assert str(await phones.send(ASKED)).endswith(BARE)
    assert str(await phones.send("да")).startswith("Оплачено: 100 р.")
