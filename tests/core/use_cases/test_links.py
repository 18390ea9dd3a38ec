"""Links: proof before sight, one try at a time, and everybody concerned is told."""

import asyncio
import time
from datetime import timedelta

import argon2
import pytest
from sqlalchemy import update

from core.errors import (
    CodeExpired,
    CodeWrong,
    LinkExpired,
    LoginRefused,
    NoRegisteredPhone,
    NotLinked,
    Refusal,
    TooManyTries,
)
from core.ids import Payer
from core.settings import Settings
from core.states import Access
from core.storage.message_tables import notice
from core.storage.proof_tables import link_request
from core.storage.tables import account, link
from core.use_cases import limits
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, processes, rows, told
from tests.fakes import FakeClock, FakeProvider

OTHER = Payer.telegram(101)
HERE, THERE = "192.0.2.1", "192.0.2.2"
SECRET = "s3cret.pass"


async def _token(core: Core, payer: Payer = CHAT) -> str:
    return (await core.links.start(payer, "Анна")).url.rsplit("/", 1)[1]


async def _code(core: Core, payer: Payer = CHAT, *, number: str = "100080", address: str = HERE) -> str:
    return await core.links.log_in(await _token(core, payer), number, SECRET, address=address)


async def _linked(core: Core, payer: Payer = CHAT, *, number: str = "100080") -> None:
    assert await core.links.complete(payer, await _code(core, payer, number=number)) == number


async def _access(core: Core, payer: Payer) -> list[tuple[str, Access]]:
    return [(each.number, each.access) for each in await core.accounts.linked(payer)]


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_login_and_its_code_link_an_account(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    start = await core.links.start(CHAT, "Анна")
    assert start.url.startswith("http://127.0.0.1:8080/link/")
    assert start.expires_at == clock.now() + timedelta(minutes=15)
    token = start.url.rsplit("/", 1)[1]
    assert (await core.links.look(token)).display_name == "Анна"
    code = await core.links.log_in(token, " 00100080 ", SECRET, address=HERE)
    assert code.isdigit()
    assert len(code) == 6
    assert await _access(core, CHAT) == []  # the page alone links nothing
    assert await core.links.complete(CHAT, f" {code} ") == "100080"
    assert await _access(core, CHAT) == [("100080", Access.FULL)]
    (tariff,) = [each.tariff for each in await core.accounts.linked(CHAT)]
    assert tariff == "Москва"


@ON_SQLITE
async def test_neither_token_nor_code_nor_password_is_stored(core: Core) -> None:
    await open_account(core, password=SECRET)
    token = await _token(core)
    code = await core.links.log_in(token, "100080", SECRET, address=HERE)
    stored = repr(await rows(core, link_request)) + repr(await rows(core, account))
    for secret in (token, code, SECRET):
        assert secret not in stored


@ON_SQLITE
async def test_a_link_works_once_and_in_its_time(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    used = await _token(core)
    code = await core.links.log_in(used, "100080", SECRET, address=HERE)
    await core.links.complete(CHAT, code)
    replaced = await _token(core)
    late = await _token(core)
    assert (await core.links.look(late)).display_name == "Анна"
    clock.shift(timedelta(minutes=15))
    for token in (used, replaced, late, "", "nonsense"):
        with pytest.raises(LinkExpired):
            await core.links.look(token)
        with pytest.raises(LinkExpired):
            await core.links.log_in(token, "100080", SECRET, address=HERE)


@ON_SQLITE
async def test_a_refused_login_does_not_tell_why(core: Core) -> None:
    await open_account(core, password=SECRET)
    await open_account(core, "2")  # without a password
    token = await _token(core)
    refusals = []
    for number, password in (("100080", "wrong"), ("999999", SECRET), ("2", ""), ("", ""), ("'; --", SECRET)):
        with pytest.raises(LoginRefused) as refused:
            await core.links.log_in(token, number, password, address=HERE)
        refusals.append((refused.value.args, str(refused.value)))
    assert len(set(refusals)) == 1


@ON_SQLITE
async def test_a_refused_login_takes_as_long_whether_the_account_exists(core: Core) -> None:
    owner = await open_account(core)
    async with core.database.transaction() as tx:
        hashed = argon2.PasswordHasher().hash(SECRET)
        await tx.execute(update(account).where(account.c.id == owner).values(password_hash=hashed))
    token = await _token(core)

    async def takes(number: str) -> float:
        before = time.process_time()
        with pytest.raises(LoginRefused):
            await core.links.log_in(token, number, "wrong", address=HERE)
        return time.process_time() - before

    there = min([await takes("100080") for _ in range(3)])
    nowhere = min([await takes("999999") for _ in range(3)])
    assert 0.5 < there / nowhere < 2  # one Argon2 each: a missing hash would be a hundredth


async def test_tries_are_counted_an_account_and_an_address(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    token = await _token(core)
    for number in ("100080", "00100080", "100080", " 100080", "100080"):
        with pytest.raises(LoginRefused):
            await core.links.log_in(token, number, "wrong", address=HERE)
    with pytest.raises(TooManyTries) as many:
        await core.links.log_in(token, "100080", SECRET, address=THERE)  # even the right one, from anywhere
    assert timedelta(minutes=14) < many.value.retry_after <= timedelta(minutes=15)
    clock.shift(many.value.retry_after)
    await core.links.log_in(await _token(core), "100080", SECRET, address=THERE)


async def _was_hit(core: Core, subject: str, times: int) -> None:
    """Earlier tries, without the seconds that their hashes take."""
    async with core.database.transaction() as tx:
        for _ in range(times):
            await limits.hit(tx, subject, now=core.clock.now())


@ON_SQLITE
async def test_an_address_is_stopped_whatever_it_guesses(core: Core) -> None:
    token = await _token(core)
    await _was_hit(core, f"login_from:{HERE}", 19)
    with pytest.raises(LoginRefused):
        await core.links.log_in(token, "76", "wrong", address=HERE)
    with pytest.raises(TooManyTries):
        await core.links.log_in(token, "77", "wrong", address=HERE)
    with pytest.raises(LoginRefused):
        await core.links.log_in(token, "77", "wrong", address=THERE)


@ON_POSTGRES
async def test_a_burst_of_guesses_is_counted_one_by_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, password=SECRET)
    token = await _token(core)
    async with processes(settings, clock, provider, count=2) as cores:
        answers = await asyncio.gather(
            *(cores[i % 2].links.log_in(token, "100080", "wrong", address=f"a{i}") for i in range(12)),
            return_exceptions=True,
        )
    assert sum(isinstance(answer, LoginRefused) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 7


@ON_SQLITE
async def test_a_code_has_five_tries(core: Core) -> None:
    await open_account(core, password=SECRET)
    code = await _code(core)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as wrong:
            await core.links.complete(CHAT, _wrong(code))
        assert wrong.value == CodeWrong(left)
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)
    assert await _access(core, CHAT) == []


@ON_SQLITE
async def test_a_code_lives_five_minutes(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    code = await _code(core)
    clock.shift(timedelta(minutes=5, seconds=1))
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)
    code = await _code(core)
    clock.shift(timedelta(minutes=5))
    await core.links.complete(CHAT, code)


@ON_SQLITE
async def test_a_code_is_its_starters_own(core: Core) -> None:
    await open_account(core, password=SECRET)
    await open_account(core, "2", password=SECRET)
    code, others = await _code(core), await _code(core, OTHER, number="2")
    with pytest.raises(CodeExpired):
        await core.links.complete(Payer.telegram(102), code)  # asked for nothing
    if code != others:
        with pytest.raises(CodeWrong):
            await core.links.complete(OTHER, code)
    assert await core.links.complete(OTHER, others) == "2"
    assert await core.links.complete(CHAT, code) == "100080"
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)  # once


@ON_SQLITE
async def test_codes_are_given_three_times_in_a_quarter_of_an_hour(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    token = await _token(core)
    codes = [await core.links.log_in(token, "100080", SECRET, address=HERE) for _ in range(3)]
    with pytest.raises(TooManyTries):
        await core.links.log_in(token, "100080", SECRET, address=HERE)
    if codes[0] != codes[2]:
        with pytest.raises(CodeWrong):
            await core.links.complete(CHAT, codes[0])  # a new code ends the old
    clock.shift(timedelta(minutes=5))
    await core.links.complete(CHAT, codes[2])
    await _was_hit(core, f"code:telegram:{CHAT.address}", 7)
    clock.shift(timedelta(minutes=16))
    with pytest.raises(TooManyTries) as many:  # ten a day
        await _code(core)
    assert many.value.retry_after > timedelta(hours=20)


@ON_POSTGRES
async def test_a_code_typed_twice_at_once_links_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, password=SECRET)
    code = await _code(core)
    async with processes(settings, clock, provider, count=2) as cores:
        typed = await asyncio.gather(
            *(cores[i % 2].links.complete(CHAT, code) for i in range(4)), return_exceptions=True
        )
    assert typed.count("100080") == 1
    assert sum(isinstance(each, Refusal) for each in typed) == 3
    assert len(await rows(core, link)) == 1


@ON_POSTGRES
async def test_a_contact_shared_twice_at_once_links_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, phones=["79241234567"])
    async with processes(settings, clock, provider, count=2) as cores:
        shared = await asyncio.gather(*(each.links.by_contact(CHAT, "79241234567") for each in cores * 4))
        started = await asyncio.gather(*(each.links.start(CHAT, "Анна") for each in cores * 3))
    assert shared == [["100080"]] * 8
    assert len(await rows(core, link)) == 1
    assert len(started) == 6
    assert sum(row.ended_at is None for row in await rows(core, link_request)) == 1


async def test_a_contact_gives_sight_and_a_login_gives_all(core: Core) -> None:
    await open_account(core, password=SECRET, phones=["79241234567"])
    await open_account(core, "2", phones=["79241234567", "79140000000"])
    with pytest.raises(NoRegisteredPhone):
        await core.links.by_contact(CHAT, "79149999999")
    assert await core.links.by_contact(CHAT, "79241234567") == ["100080", "2"]
    assert await _access(core, CHAT) == [("100080", Access.READ), ("2", Access.READ)]
    await _linked(core)
    assert await _access(core, CHAT) == [("100080", Access.FULL), ("2", Access.READ)]
    await core.links.by_contact(CHAT, "79241234567")  # takes nothing away
    assert await _access(core, CHAT) == [("100080", Access.FULL), ("2", Access.READ)]
    assert len(await rows(core, link)) == 2


@ON_SQLITE
async def test_all_others_who_are_linked_are_told(core: Core) -> None:
    owner = await open_account(core, password=SECRET, phones=["79241234567"])
    await _linked(core)
    assert await told(core, CHAT) == []
    await core.subscribers.set_locale(CHAT, "en")
    await core.links.by_contact(OTHER, "79241234567")
    await _linked(core, OTHER)
    await core.links_by_sms.unlink(OTHER, owner)
    notices = await rows(core, notice)
    assert [(row.template, row.address, row.locale) for row in notices] == [
        ("linked", CHAT.address, "en"),
        ("linked", CHAT.address, "en"),
        ("unlinked", CHAT.address, "en"),
    ]
    assert [row.params.get("access") for row in notices] == ["read", "full", None]
    assert await told(core, OTHER) == []


@ON_SQLITE
async def test_unlinking_ends_the_sight_and_the_choice(core: Core) -> None:
    owner = await open_account(core, password=SECRET)
    await _linked(core)
    await core.subscribers.choose_account(CHAT, owner)
    with pytest.raises(NotLinked):
        await core.links_by_sms.unlink(OTHER, owner)
    await core.links_by_sms.unlink(CHAT, owner)
    assert await _access(core, CHAT) == []
    assert (await core.subscribers.get(CHAT)).current_account is None
    with pytest.raises(NotLinked):
        await core.links_by_sms.unlink(CHAT, owner)
    await _linked(core)  # and again
    assert await _access(core, CHAT) == [("100080", Access.FULL)]
    assert len(await rows(core, link)) == 2
