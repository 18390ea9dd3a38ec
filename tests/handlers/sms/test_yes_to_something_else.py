"""A yes confirms what was asked last and still stands; what came between makes it name the sum."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from core.errors import CodeNeeded, NoOpenQuote, TooManyCodes
from core.ids import Payer, new_id
from core.messages.notices import Help
from core.states import IncomingOutcome, Method, TopUpState
from core.storage.tables import top_up
from core.use_cases.confirmations import CODE_TRIES, CODES_OF_ONE_PHONE
from core.use_cases.limits import REPLIES_AN_HOUR
from core.use_cases.quote_codes import YES_REMEMBERED
from tests.core.scenes import arrives
from tests.handlers.sms.conftest import PHONE, Phones

ASKED_BACK = "Чтобы подтвердить, ответьте ДА и сумму: ДА 100"


@pytest.mark.parametrize(
    "text",
    ["aliance 999999 500", "aliance 166301 20000", "aliance 166301 100 50", "aliance 166301", "СТОП"],
)
async def test_after_another_request_that_was_refused_a_plain_yes_charges_nothing(
    phones: Phones, text: str
) -> None:
    await phones.send("aliance 166301 100")
    await phones.send(text)
    assert ASKED_BACK in str(await phones.send("да"))
    assert phones.provider.charges == []
    assert str(await phones.send("да 100")).startswith("Оплачено")


async def test_after_a_request_past_a_limit_a_plain_yes_charges_nothing(phones: Phones) -> None:
    await phones.send("aliance 166301 14000")
    await phones.send("да")
    phones.clock.shift(YES_REMEMBERED)
    await phones.send("aliance 166301 100")
    assert "осталось 1000 р." in str(await phones.send("aliance 166301 2000"))
    assert ASKED_BACK in str(await phones.send("да"))
    assert len(phones.provider.charges) == 1


async def test_advertising_is_ended_past_the_cap_too(phones: Phones) -> None:
    for _ in range(REPLIES_AN_HOUR - 1):
        await phones.send("баланс")
    await phones.send("реклама да")
    assert await phones.send("реклама нет") is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
    assert not await phones.core.consents.lives(Payer.sms(PHONE))


async def test_a_stop_past_the_cap_is_obeyed_in_silence(phones: Phones) -> None:
    for _ in range(REPLIES_AN_HOUR):
        await phones.send("баланс")
    payer = Payer.sms(PHONE)
    await phones.core.consents.give(payer, "test")
    assert await phones.send("СТОП") is None
    assert await phones.outcome() == IncomingOutcome.LOOP_GUARD
    assert (await phones.core.subscribers.get(payer)).stopped
    assert not await phones.core.consents.lives(payer)


@pytest.mark.parametrize("between", ["aliance 999999 500", "aliance 166301 100 50"])
async def test_a_quote_that_is_told_again_replaces_nothing(phones: Phones, between: str) -> None:
    await phones.send("aliance 166301 100")
    await phones.send(between)
    told = str(await phones.send("aliance 166301 100"))
    assert told.endswith("С телефона спишется 113 р. Для оплаты ДА 100")
    assert str(await phones.send("aliance 166301 200")).endswith("Прежний отменён. Для оплаты ДА 200")
    assert str(await phones.send("aliance 166301 200")).endswith("216 р. Для оплаты ДА 200")


async def charged_by_autopay(phones: Phones) -> None:
    """A card's charge of the same person, begun since."""
    phones.clock.shift(timedelta(seconds=1))
    async with phones.core.database.transaction() as tx:
        open_one = await tx.one(select(top_up).where(top_up.c.state == TopUpState.QUOTED))
        other = {"id": new_id(), "method": Method.CARD, "state": TopUpState.DECLINED, "quoted_by": None}
        values = {**open_one._mapping, **other, "created_at": phones.clock.now()}
        await tx.execute(insert(top_up).values(values))


async def test_a_charge_by_autopay_meanwhile_takes_no_yes_from_the_quote(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await charged_by_autopay(phones)
    assert str(await phones.send("да")).startswith("Оплачено")


async def test_a_charge_by_autopay_meanwhile_hides_no_quote_from_another_request(phones: Phones) -> None:
    await phones.send("aliance 166301 100")
    await charged_by_autopay(phones)
    assert "Для оплаты ДА 200" in str(await phones.send("aliance 166301 200"))
    assert str(await phones.send("нет")).startswith("Отменено")


def by_code(phones: Phones) -> None:
    profile = phones.core.profile
    sms = profile.sms.model_copy(update={"confirm": "code"})
    phones.core.top_ups._quotes._profile = profile.model_copy(update={"sms": sms})


async def says(phones: Phones, code: str) -> None:
    payer = Payer.sms(PHONE)
    answering = await arrives(phones.core, payer)
    try:
        await phones.core.top_ups.confirm_open(payer, amount=None, code=code, answering=answering)
    finally:
        await phones.core.receiving.finish(answering, reply=Help(), to=payer)
        await phones.received()


async def test_a_quote_that_replaced_another_is_confirmed_by_its_code_alone(phones: Phones) -> None:
    by_code(phones)
    await phones.send("aliance 166301 100")
    said = str(await phones.send("aliance 166301 200"))
    await says(phones, said.rstrip(".")[-3:])
    assert [each.charge.total.kopecks for each in phones.provider.charges] == [216_00]


async def test_codes_cannot_be_guessed_quote_after_quote(phones: Phones) -> None:
    """Whoever sends in another's name sees no code, and has a thousand to try."""
    by_code(phones)
    [limit] = CODES_OF_ONE_PHONE
    code, wrong = "", 0
    for n in range(limit.count // CODE_TRIES + 1):
        if n:
            phones.clock.shift(timedelta(hours=1))
        code = str(await phones.send(f"aliance 166301 {100 + n}")).rstrip(".")[-3:]
        for _ in range(CODE_TRIES):
            if wrong < limit.count:
                with pytest.raises((CodeNeeded, NoOpenQuote)):
                    await says(phones, "000" if code != "000" else "001")
                wrong += 1
    for _ in range(2):
        with pytest.raises(TooManyCodes):
            await says(phones, code)
    assert phones.provider.charges == []
