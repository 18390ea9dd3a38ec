"""Autopay by SMS: less at once, more by a code to the registered phone."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.errors import (
    AccountNeeded,
    AmountTooSmall,
    CodeExpired,
    CodeWrong,
    MethodUnavailable,
    NoMandate,
    NoRegisteredPhone,
    NotLinked,
    NotYours,
    TooManyTries,
)
from core.ids import AccountId, Payer
from core.money import Money
from core.settings import Settings
from core.states import MandateState, PaymentState
from core.storage.autopay_tables import mandate
from core.storage.message_tables import incoming, notice
from core.storage.proof_tables import one_time_code
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    account_with_phone,
    code_on_the_phone,
    connect,
    link_to,
    pay_and_save,
    with_card_key,
)
from tests.core.scenes import CHAT, NUMBER, ON_SQLITE, PHONE, arrives, rows, told
from tests.fakes import FakeClock, FakeProvider

STRANGER = Payer.sms("79990000001")

settings = with_card_key


async def _same_person(core: Core, provider: FakeProvider) -> AccountId:
    """A chat with a saved card, linked by a code to the registered phone."""
    owner = await account_with_phone(core)
    await link_to(core, owner, CHAT, phone=PHONE.address)
    await pay_and_save(core, provider)
    return owner


async def _set(core: Core, roubles: int, *, number: str | None = None, payer: Payer = PHONE) -> None:
    answering = await arrives(core, payer)
    amount = Money.roubles(roubles)
    await core.autopay_by_sms.set_amount(payer, number, amount, locale="ru", answering=answering)


async def _confirm(core: Core, code: str, *, payer: Payer = PHONE) -> None:
    await core.autopay_by_sms.confirm(payer, code, locale="ru", answering=await arrives(core, payer))


async def _state(core: Core, number: str | None = None, *, payer: Payer = PHONE) -> None:
    await core.autopay_by_sms.tell_state(payer, number, locale="ru", answering=await arrives(core, payer))


async def test_connecting_takes_a_code_and_the_card_of_the_same_person(
    core: Core, provider: FakeProvider
) -> None:
    await _same_person(core, provider)
    await _state(core)
    await _set(core, 300)
    assert await told(core, PHONE) == ["autopay_none", "sms_code"]
    assert await rows(core, mandate) == []
    assert await core.autopay_by_sms.has_code(PHONE)
    await _confirm(core, await code_on_the_phone(core))
    (row,) = await rows(core, mandate)
    assert (row.state, row.amount, row.every_days) == (MandateState.ACTIVE, 300_00, 30)
    assert (row.channel, row.payer) == (PHONE.channel, PHONE.address)
    assert (await told(core, PHONE))[-1] == "autopay_connected"
    assert (await told(core, CHAT))[-1] == "autopay_connected"  # the chat is told too
    assert not await core.autopay_by_sms.has_code(PHONE)
    answered = await rows(core, incoming)
    assert {each.outcome for each in answered} == {"reply"}


async def test_less_is_at_once_and_more_by_a_code(core: Core, provider: FakeProvider) -> None:
    owner = await _same_person(core, provider)
    await connect(core, owner)
    await _set(core, 200)
    (row,) = await rows(core, mandate)
    assert (row.amount, (await told(core, PHONE))[-1]) == (200_00, "autopay_changed")
    await _set(core, 300)
    (row,) = await rows(core, mandate)
    assert (row.amount, (await told(core, PHONE))[-1]) == (200_00, "sms_code")
    await _confirm(core, await code_on_the_phone(core))
    (row,) = await rows(core, mandate)
    assert (row.amount, (await told(core, PHONE))[-1]) == (300_00, "autopay_changed")


async def test_two_sums_at_once_raise_nothing_without_a_code(core: Core, provider: FakeProvider) -> None:
    owner = await _same_person(core, provider)
    await connect(core, owner)
    await asyncio.gather(_set(core, 100), _set(core, 200))
    (row,) = await rows(core, mandate)
    assert row.amount == 100_00


async def test_a_phone_lowers_what_another_person_agreed_to_and_does_not_raise_it(
    core: Core, provider: FakeProvider
) -> None:
    owner = await account_with_phone(core)
    await link_to(core, owner, CHAT)  # by the password: whose phone it is, nobody has shown
    await pay_and_save(core, provider)
    await connect(core, owner)
    with pytest.raises(NotYours):
        await _set(core, 5000)
    assert await told(core, PHONE) == []
    await _set(core, 200)
    (row,) = await rows(core, mandate)
    assert row.amount == 200_00


@ON_SQLITE
async def test_a_code_to_raise_does_not_raise_what_another_agreed_to_since(
    core: Core, provider: FakeProvider
) -> None:
    owner, other = await _same_person(core, provider), Payer.telegram(200)
    await connect(core, owner)
    await _set(core, 400)
    code = await code_on_the_phone(core)
    await core.autopay.delete(CHAT, owner)
    await link_to(core, owner, other)
    await pay_and_save(core, provider, payer=other)
    await connect(core, owner, payer=other)
    with pytest.raises(NotYours):
        await _confirm(core, code)
    (row,) = await rows(core, mandate, state=MandateState.ACTIVE)
    assert row.amount == 300_00


@ON_SQLITE
async def test_stop_is_at_once(core: Core, provider: FakeProvider) -> None:
    owner = await _same_person(core, provider)
    await connect(core, owner)
    await _state(core)
    (said,) = await rows(core, notice, template="autopay_state")
    assert said.params["state"] == "active"
    assert said.params["period"] == {"days": 30}
    await core.autopay_by_sms.stop(PHONE, None, locale="ru", answering=await arrives(core))
    (row,) = await rows(core, mandate)
    assert row.state == MandateState.DELETED
    assert (await told(core, PHONE))[-1] == "autopay_deleted"
    with pytest.raises(NoMandate):
        await core.autopay_by_sms.stop(PHONE, None, locale="ru", answering=await arrives(core))


@ON_SQLITE
async def test_without_a_card_the_card_pages_address_comes(core: Core, provider: FakeProvider) -> None:
    await account_with_phone(core)
    await _set(core, 300)
    await _confirm(core, await code_on_the_phone(core))
    assert (await told(core, PHONE))[-2:] == ["autopay_requested", "checkout_ready"]
    (row,) = await rows(core, payment, state=PaymentState.PENDING)
    assert provider.calls[-1].save is True
    await core.callbacks.take("fake", body=provider.pays(row.id), headers={})
    (agreed,) = await rows(core, mandate)
    assert agreed.state == MandateState.ACTIVE
    assert (await told(core, PHONE))[-3:] == ["paid", "card_saved", "autopay_connected"]


@ON_SQLITE
async def test_the_card_of_a_chat_that_only_knows_the_password_is_not_the_phones(
    core: Core, provider: FakeProvider
) -> None:
    owner = await account_with_phone(core)
    await link_to(core, owner, CHAT)
    await pay_and_save(core, provider)
    await _set(core, 300)
    await _confirm(core, await code_on_the_phone(core))
    (row,) = await rows(core, mandate)
    assert (row.state, row.card_id) == (MandateState.REQUESTED, None)


@ON_SQLITE
async def test_which_account_is_meant(core: Core, provider: FakeProvider) -> None:
    await account_with_phone(core)
    await account_with_phone(core, "166301")
    with pytest.raises(AccountNeeded) as raised:
        await _state(core)
    assert raised.value.numbers == ["100080", "166301"]
    with pytest.raises(NotLinked):
        await _state(core, "271556")
    await _set(core, 300, number="0166301")
    await _confirm(core, await code_on_the_phone(core))
    await _state(core)  # the one that has it
    assert (await told(core, PHONE))[-1] == "autopay_state"
    with pytest.raises(NoRegisteredPhone):
        await _state(core, payer=STRANGER)


@ON_SQLITE
async def test_a_code_has_five_tries_and_five_minutes(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await _same_person(core, provider)
    await _set(core, 300)
    code = await code_on_the_phone(core)
    wrong = "000000" if code != "000000" else "111111"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as raised:
            await _confirm(core, wrong)
        assert raised.value.tries_left == left
    with pytest.raises(CodeExpired):
        await _confirm(core, code)
    await _set(core, 300)
    code = await code_on_the_phone(core)
    clock.shift(timedelta(minutes=5, seconds=1))
    with pytest.raises(CodeExpired):
        await _confirm(core, code)
    assert await rows(core, mandate) == []


@ON_SQLITE
async def test_a_code_is_for_one_person_one_purpose_and_one_use(core: Core, provider: FakeProvider) -> None:
    owner = await _same_person(core, provider)
    await _set(core, 300)
    code = await code_on_the_phone(core)
    with pytest.raises(CodeExpired):
        await _confirm(core, code, payer=STRANGER)
    with pytest.raises(CodeExpired):
        await core.links_by_sms.complete(PHONE, code)
    await _confirm(core, code)
    with pytest.raises(CodeExpired):
        await _confirm(core, code)
    assert (await rows(core, mandate))[0].account_id == owner


@ON_SQLITE
async def test_three_codes_in_fifteen_minutes_and_ten_a_day(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await _same_person(core, provider)
    for _ in range(3):
        await _set(core, 300)
    with pytest.raises(TooManyTries) as raised:
        await _set(core, 300)
    assert raised.value.retry_after == timedelta(minutes=15)
    for _ in range(7):
        clock.shift(timedelta(minutes=16))
        await _set(core, 300)
    clock.shift(timedelta(minutes=16))
    with pytest.raises(TooManyTries):
        await _set(core, 300)
    assert len(await rows(core, one_time_code, ended_at=None)) == 1


@ON_SQLITE
async def test_no_code_rests_in_the_database(core: Core, provider: FakeProvider) -> None:
    await _same_person(core, provider)
    await _set(core, 300)
    code = await code_on_the_phone(core)
    async with core.database.read() as tx:
        hashes = (await tx.all(select(one_time_code)))[0]
        said = (await tx.all(select(notice).where(notice.c.template == "sms_code")))[0]
    assert code not in f"{hashes}{said.params}"
    assert hashes.code_hash.startswith("$argon2id$")


@ON_SQLITE
async def test_limits_come_before_a_code(
    core: Core, provider: FakeProvider, settings: Settings, clock: FakeClock
) -> None:
    await _same_person(core, provider)
    with pytest.raises(AmountTooSmall):
        await _set(core, 9)
    keyless = settings.model_copy(update={"card_key": SecretStr("")})
    async with open_core(keyless, clock=clock, wall=clock, providers=[provider]) as other:
        with pytest.raises(MethodUnavailable):
            await _set(other, 300)
        with pytest.raises(MethodUnavailable):
            await other.links_by_sms.start(CHAT, NUMBER)
