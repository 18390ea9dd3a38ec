"""Links made and ended by a code to the registered phone; an account that is none says the same."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from core.errors import CodeExpired, CodeWrong, NotLinked, TooManyTries
from core.ids import Payer
from core.settings import Settings
from core.states import Access
from core.storage.message_tables import notice
from core.storage.tables import link
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.autopay_scenes import account_with_phone, code_on_the_phone, link_to, with_card_key, work
from tests.core.scenes import CHAT, NUMBER, ON_SQLITE, PHONE, rows, told
from tests.fakes import FakeClock, FakeProvider

settings = with_card_key


async def test_a_chat_is_linked_by_a_code_to_the_registered_phone(core: Core, provider: FakeProvider) -> None:
    owner = await account_with_phone(core)
    other = Payer.telegram(200)
    await link_to(core, owner, other)
    await core.links_by_sms.start(CHAT, "0" + NUMBER)
    assert await told(core, PHONE) == ["sms_code"]
    assert await core.links_by_sms.complete(CHAT, await code_on_the_phone(core)) == NUMBER
    (row,) = await rows(core, link, address=CHAT.address)
    assert (row.access, row.phone) == (Access.FULL, PHONE.address)
    assert await told(core, other) == ["linked"]
    assert await told(core, CHAT) == []


@ON_SQLITE
async def test_a_code_widens_what_a_contact_had_opened(core: Core, provider: FakeProvider) -> None:
    await account_with_phone(core)
    await core.links.by_contact(CHAT, PHONE.address)
    await core.links_by_sms.start(CHAT, NUMBER)
    await core.links_by_sms.complete(CHAT, await code_on_the_phone(core))
    (row,) = await rows(core, link, address=CHAT.address)
    assert row.access == Access.FULL


@ON_SQLITE
async def test_an_account_that_is_none_says_and_counts_the_same(core: Core, clock: FakeClock) -> None:
    await open_account(core, "166301", tariff=None)  # without a phone
    for number in ("999999", "166301"):
        clock.shift(timedelta(minutes=16))
        await core.links_by_sms.start(CHAT, number)
        for left in (4, 3):
            with pytest.raises(CodeWrong) as raised:
                await core.links_by_sms.complete(CHAT, "123456")
            assert raised.value.tries_left == left
    assert await rows(core, notice) == []
    clock.shift(timedelta(minutes=16))
    for _ in range(3):
        await core.links_by_sms.start(CHAT, "999999")
    with pytest.raises(TooManyTries):
        await core.links_by_sms.start(CHAT, "999999")
    with pytest.raises(TooManyTries):  # nor does another person send more to one account
        await core.links_by_sms.start(Payer.telegram(201), "999999")
    await work(core, rounds=1)


async def test_an_account_with_a_phone_is_unlinked_by_a_code(core: Core, provider: FakeProvider) -> None:
    owner, other = await account_with_phone(core), Payer.telegram(200)
    await link_to(core, owner, CHAT)
    await link_to(core, owner, other)
    assert not await core.links_by_sms.unlink(CHAT, owner)
    assert not await core.links_by_sms.unlink(CHAT, owner)  # a second tap
    assert await told(core, PHONE) == ["sms_code"]
    code = await code_on_the_phone(core)
    with pytest.raises(CodeExpired):
        await core.links_by_sms.complete(CHAT, code)
    with pytest.raises(CodeExpired):
        await core.links_by_sms.complete_unlink(other, code)
    assert len(await rows(core, link, ended_at=None)) == 2
    assert await core.links_by_sms.complete_unlink(CHAT, code) == NUMBER
    (left,) = await rows(core, link, ended_at=None)
    assert left.address == other.address
    assert await told(core, other) == ["unlinked"]
    with pytest.raises(CodeExpired):
        await core.links_by_sms.complete_unlink(CHAT, code)


@ON_SQLITE
async def test_codes_to_unlink_have_the_limits_of_all_codes(core: Core, clock: FakeClock) -> None:
    owner = await account_with_phone(core)
    await link_to(core, owner, CHAT)
    for _ in range(3):
        assert not await core.links_by_sms.unlink(CHAT, owner)
        clock.shift(timedelta(minutes=2))
    with pytest.raises(TooManyTries):
        await core.links_by_sms.unlink(CHAT, owner)
    with pytest.raises(NotLinked):
        await core.links_by_sms.unlink(Payer.telegram(201), owner)


@ON_SQLITE
async def test_without_a_phone_or_a_key_an_account_is_unlinked_at_once(
    core: Core, provider: FakeProvider, settings: Settings, clock: FakeClock
) -> None:
    phoneless, owner = await open_account(core, "166301", tariff=None), await account_with_phone(core)
    for each in (phoneless, owner):
        await link_to(core, each, CHAT)
    assert await core.links_by_sms.unlink(CHAT, phoneless)
    keyless = settings.model_copy(update={"card_key": SecretStr("")})
    async with open_core(keyless, clock=clock, wall=clock, providers=[provider]) as other:
        assert await other.links_by_sms.unlink(CHAT, owner)
    assert await rows(core, link, ended_at=None) == []
