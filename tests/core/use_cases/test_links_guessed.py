"""Links where somebody guesses: nothing is told of an account, tries are counted and stopped."""

import asyncio
import time
from datetime import timedelta

import argon2
import pytest
from sqlalchemy import update

from core.errors import CodeExpired, CodeWrong, LoginRefused, TooManyTries
from core.settings import Settings
from core.storage.tables import account
from core.use_cases import limits
from core.wiring import Core
from tests.accounts import open_account
from tests.core.link_scenes import HERE, SECRET, THERE, access_of, login_code, login_token
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, processes
from tests.fakes import FakeClock, FakeProvider


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


@ON_SQLITE
async def test_a_refused_login_does_not_tell_why(core: Core) -> None:
    await open_account(core, password=SECRET)
    await open_account(core, "2")  # without a password
    token = await login_token(core)
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
    token = await login_token(core)

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
    token = await login_token(core)
    for number in ("100080", "00100080", "100080", " 100080", "100080"):
        with pytest.raises(LoginRefused):
            await core.links.log_in(token, number, "wrong", address=HERE)
    with pytest.raises(TooManyTries) as many:
        await core.links.log_in(token, "100080", SECRET, address=THERE)  # even the right one, from anywhere
    assert timedelta(minutes=14) < many.value.retry_after <= timedelta(minutes=15)
    clock.shift(many.value.retry_after)
    await core.links.log_in(await login_token(core), "100080", SECRET, address=THERE)


async def _was_hit(core: Core, subject: str, times: int) -> None:
    """Earlier tries, without the seconds that their hashes take."""
    async with core.database.transaction() as tx:
        for _ in range(times):
            await limits.hit(tx, subject, now=core.clock.now())


@ON_SQLITE
async def test_an_address_is_stopped_whatever_it_guesses(core: Core) -> None:
    token = await login_token(core)
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
    token = await login_token(core)
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
    code = await login_code(core)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as wrong:
            await core.links.complete(CHAT, _wrong(code))
        assert wrong.value == CodeWrong(left)
    with pytest.raises(CodeExpired):
        await core.links.complete(CHAT, code)
    assert await access_of(core, CHAT) == []


@ON_SQLITE
async def test_codes_are_given_three_times_in_a_quarter_of_an_hour(core: Core, clock: FakeClock) -> None:
    await open_account(core, password=SECRET)
    token = await login_token(core)
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
        await login_code(core)
    assert many.value.retry_after > timedelta(hours=20)
