"""Where a plain yes could be lost, be one given again, or be anybody's, the quote asks for its digits."""

import re
import secrets
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from core.ids import Payer
from core.messages.incoming import VOUCHED
from core.states import IncomingOutcome, TopUpState
from core.storage.proof_tables import limit_hit
from core.storage.tables import top_up
from core.use_cases.confirmations import CODE_TRIES
from core.use_cases.limits import REPLIES_AN_HOUR
from core.use_cases.quote_codes import YES_REMEMBERED
from tests.core.scenes import rows
from tests.handlers.sms.conftest import PHONE, Phones

BARE = "Для оплаты ответьте ДА."
CODE_NEEDED = "Чтобы подтвердить, ответьте ДА и три цифры из нашего сообщения."
SECOND = timedelta(seconds=1)


def code_in(text: str | None) -> str:
    found = re.search(r"Для оплаты ответьте ДА (\d{3})\.$", str(text))
    assert found is not None, text
    return found[1]


def charged(phones: Phones) -> list[int]:
    """Roubles, the commission with them."""
    return [each.charge.total.kopecks // 100 for each in phones.provider.charges]


async def test_two_top_ups_within_a_quarter_of_an_hour_are_paid_once_each(phones: Phones) -> None:
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)
    assert str(await phones.send("да")).startswith("Оплачено: 100 р.")
    phones.clock.shift(YES_REMEMBERED - SECOND)
    code = code_in(await phones.send("aliance 166301 200"))
    # The first yes, given again and not known as such: it says nothing of this quote.
    assert await phones.send("да") == CODE_NEEDED
    assert charged(phones) == [113]
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 200 р.")
    assert await phones.send("да") == "Этот платёж уже подтверждён. Второй раз деньги не спишутся."
    assert charged(phones) == [113, 216]


async def test_a_quarter_of_an_hour_later_a_yes_is_enough_again(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    phones.clock.shift(YES_REMEMBERED)
    assert str(await phones.send("aliance 166301 200")).endswith(BARE)
    assert str(await phones.send("да")).startswith("Оплачено: 200 р.")
    code_in(await phones.send("aliance 166301 300"))


async def test_a_yes_given_again_after_the_doors_minute_pays_no_second_quote(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    phones.clock.shift(61 * SECOND)
    code_in(await phones.send("aliance 166301 200"))
    phones.clock.shift(4 * SECOND)
    assert "три цифры" in str(await phones.send("да"))
    assert charged(phones) == [113]


async def test_the_digits_alone_confirm_too_and_are_another_each_time(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    codes = []
    for roubles in range(101, 109):
        codes.append(code_in(await phones.send(f"aliance 166301 {roubles}")))
        assert str(await phones.send(codes[-1])).startswith(f"Оплачено: {roubles} р.")
    assert all(before != after for before, after in pairwise(codes))


async def test_no_digits_are_a_sum_of_their_quote_or_those_of_the_one_before(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter((100, 113, 482, 200, 482, 483))
    monkeypatch.setattr(secrets, "randbelow", lambda below: next(drawn))
    assert code_in(await phones.send("aliance 166301 100", vouched=False)) == "482"
    assert code_in(await phones.send("aliance 166301 200", vouched=False)) == "483"


@pytest.mark.parametrize("ended", ["нет", "да 700"])
async def test_digits_are_not_those_of_a_quote_that_was_ended(
    phones: Phones, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    drawn = iter((482, 482, 483, 483, 484))
    monkeypatch.setattr(secrets, "randbelow", lambda below: next(drawn))
    assert code_in(await phones.send("aliance 166301 100", vouched=False)) == "482"
    for _ in range(CODE_TRIES):
        await phones.send(ended, vouched=False)
    assert code_in(await phones.send("aliance 166301 200", vouched=False)) == "483"
    await phones.send("нет", vouched=False)
    assert str(await phones.send("aliance 166301 300")).endswith(BARE)
    assert code_in(await phones.send("да", vouched=False)) == "484"


async def test_digits_given_to_a_quote_that_had_none_are_no_sum_of_it(
    phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter((100, 113, 482))
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)
    monkeypatch.setattr(secrets, "randbelow", lambda below: next(drawn))
    assert code_in(await phones.send("aliance 166301 100", vouched=False)) == "482"


async def test_what_replaces_a_quote_with_digits_has_digits(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    replaced = code_in(await phones.send("aliance 166301 200"))
    code = code_in(await phones.send("aliance 166301 300"))
    assert code != replaced
    assert "три цифры" in str(await phones.send("да 300"))
    assert str(await phones.send(f"ДА, {code}")).startswith("Оплачено: 300 р.")


async def test_after_a_yes_that_came_too_late_the_next_quote_asks_for_another_word(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    phones.clock.shift(timedelta(minutes=16))
    assert str(await phones.send("да")).startswith("Время на ответ вышло")
    phones.clock.shift(10 * SECOND)
    assert str(await phones.send(f"да {code_in(await phones.send('aliance 166301 100'))}")).startswith("Опл")
    phones.clock.shift(YES_REMEMBERED)
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)


async def test_a_late_code_is_told_so_and_other_digits_alone_confirm_nothing(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    assert str(await phones.send("123")).startswith("Пополнить с телефона")
    await phones.send("да")
    code = code_in(await phones.send("aliance 166301 200"))
    phones.clock.shift(timedelta(minutes=16))
    assert str(await phones.send(code)).startswith("Время на ответ вышло")
    assert charged(phones) == [113]


@pytest.mark.parametrize("said", ["да", "да 100", "ДА 103", "1", "👍"])
async def test_by_a_way_that_vouches_for_nobody_no_word_confirms(phones: Phones, said: str) -> None:
    code = code_in(await phones.send("aliance 166301 100", vouched=False))
    for vouched in (False, True):
        assert "три цифры" in str(await phones.send(said, vouched=vouched))
    assert charged(phones) == []
    assert str(await phones.send(f"да {code}", vouched=False)).startswith("Оплачено: 100 р.")


@pytest.mark.parametrize("said", ["да", "да 100", "да 113", "1", "да 20"])
async def test_a_yes_by_such_a_way_is_answered_with_digits_and_one_by_the_other_is_enough_still(
    phones: Phones, said: str
) -> None:
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)
    shown = str(await phones.send(said, vouched=False))
    assert shown.startswith("Счёт 166301: 100 р.")
    code_in(shown)
    assert await phones.send("да 100", vouched=False) == CODE_NEEDED
    assert charged(phones) == []
    assert str(await phones.send("да")).startswith("Оплачено: 100 р.")


async def test_who_asks_by_one_way_and_answers_by_the_other_pays_by_digits(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    code = code_in(await phones.send("да", vouched=False))
    assert str(await phones.send(f"да {code}", vouched=False)).startswith("Оплачено: 100 р.")


async def test_a_yes_past_the_cap_of_replies_pays_no_later_quote(phones: Phones) -> None:
    for vouched in (False, True) * REPLIES_AN_HOUR:
        await phones.send("баланс", vouched=vouched)
    phones.clock.shift(timedelta(minutes=59, seconds=30))
    assert await phones.send("да", vouched=False) is None
    assert await yeses_noted(phones) == []  # it may be anybody's
    assert await phones.send("да") is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
    assert len(await yeses_noted(phones)) == 1
    phones.clock.shift(61 * SECOND)
    code_in(await phones.send("aliance 166301 100"))
    assert await phones.send("да") == CODE_NEEDED
    assert charged(phones) == []


async def yeses_noted(phones: Phones) -> list[Any]:
    return await rows(phones.core, limit_hit, subject=f"yes_in_vain:sms:{PHONE}")


async def test_of_many_yeses_in_vain_the_last_is_remembered_for_a_quarter_of_an_hour(phones: Phones) -> None:
    for _ in range(3):
        phones.clock.shift(YES_REMEMBERED - SECOND)
        await phones.send("aliance да")
    assert len(await yeses_noted(phones)) == 1
    phones.clock.shift(YES_REMEMBERED - SECOND)
    code_in(await phones.send("aliance 166301 100"))
    assert str(await phones.send("нет")).startswith("Отменено")
    phones.clock.shift(SECOND)
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)


async def test_the_same_request_after_a_yes_in_vain_takes_no_word_any_more(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("aliance 999999 100")
    assert str(await phones.send("да")).startswith("Чтобы подтвердить, ответьте ДА и сумму")
    code_in(await phones.send("aliance 166301 100"))
    assert await phones.send("да 100") == CODE_NEEDED
    assert charged(phones) == []


async def test_a_quote_that_ended_unpaid_is_not_called_confirmed(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await phones.send("да")
    code = code_in(await phones.send("aliance 166301 200"))
    for wrong in [f"да {n}" for n in range(700, 710) if f"{n}" != code][:CODE_TRIES]:
        await phones.send(wrong)
    for said in (f"да {code}", code, "да"):
        assert str(await phones.send(said)).startswith("Подтверждать нечего.")
    code_in(await phones.send("aliance 166301 300"))  # the first yes was a moment ago
    await phones.send("нет")
    assert str(await phones.send("да")).startswith("Подтверждать нечего.")
    assert charged(phones) == [113]


async def test_a_sum_typed_as_asked_is_no_guess_at_the_digits(phones: Phones) -> None:
    code = code_in(await phones.send("aliance 166301 100", vouched=False))
    for said in ("да 100", "да 103", "113") * 4:
        await phones.send(said)
    assert str(await phones.send(f"да {code}")).startswith("Оплачено: 100 р.")


async def test_the_same_request_by_such_a_way_puts_digits_on_the_open_quote(phones: Phones) -> None:
    assert str(await phones.send("aliance 166301 100")).endswith(BARE)
    code = code_in(await phones.send("aliance 166301 100", vouched=False))
    assert code_in(await phones.send("aliance 166301 100")) == code
    assert [row.state for row in await rows(phones.core, top_up)] == [TopUpState.QUOTED]


async def test_a_message_that_does_not_say_how_it_came_is_vouched_for_by_nobody(phones: Phones) -> None:
    for said in (None, "yes", 1):
        facts: dict[str, Any] = {VOUCHED: said}
        code_in(await phones.send("aliance 166301 100", **facts))


async def test_autopay_is_agreed_to_by_six_digits_whatever_the_way(phones: Phones) -> None:
    for vouched in (True, False):
        told = str(await phones.send("автоплатеж 300", sender=PHONE, vouched=vouched))
        assert told.endswith("в ответ включит автоплатёж 300 р. Никому не говорите.")
        assert await phones.core.autopay_by_sms.has_code(Payer.sms(PHONE))
        assert "автоплатежа нет" in str(await phones.send("автоплатеж", vouched=vouched))


async def test_who_sends_the_form_that_the_answer_shows_is_understood(phones: Phones) -> None:
    told = str(await phones.send("aliance 7 500"))
    form = told[told.index("aliance") :].replace("123456", "166301")
    assert str(await phones.send(form)).startswith("Счёт 166301: 500 р.")
