"""Who asks for quotes of account numbers by guessing is answered a few times, then no more."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import (
    TooManyUnknownAccounts,
    UnknownAccount,
)
from core.settings import Settings
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    processes,
    quote_by_sms,
)
from tests.fakes import FakeClock, FakeProvider


async def test_who_guesses_at_accounts_is_answered_five_times(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    for number in range(1, 6):
        with pytest.raises(UnknownAccount) as unknown:
            await quote_by_sms(core, number=str(number))
        assert unknown.value.number == str(number)
    with pytest.raises(TooManyUnknownAccounts):
        await quote_by_sms(core, number="6")
    with pytest.raises(TooManyUnknownAccounts):
        await quote_by_sms(core)  # or silence would tell which accounts there are
    with pytest.raises(UnknownAccount):
        await quote_by_sms(core, number="6", payer=MTS)  # others are not held to account
    clock.shift(timedelta(minutes=10))
    with pytest.raises(UnknownAccount):
        await quote_by_sms(core, number="6")


@ON_SQLITE
async def test_who_guesses_all_day_is_silenced_at_twenty(core: Core, clock: FakeClock) -> None:
    for guess in range(20):
        with pytest.raises(UnknownAccount):
            await quote_by_sms(core, number=str(guess + 1))
        clock.shift(timedelta(minutes=11))
    with pytest.raises(TooManyUnknownAccounts):
        await quote_by_sms(core, number="21")
    clock.shift(timedelta(days=1))
    await core.jobs.run_all_once()  # forgets hits that no limit looks at
    with pytest.raises(UnknownAccount):
        await quote_by_sms(core, number="22")


@ON_POSTGRES
async def test_guesses_at_once_are_counted_one_after_another(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    async with processes(settings, clock, provider, count=2) as cores:
        answers = await asyncio.gather(
            *(quote_by_sms(cores[i % 2], number=str(i + 1)) for i in range(16)), return_exceptions=True
        )
    assert sum(isinstance(answer, UnknownAccount) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyUnknownAccounts) for answer in answers) == 11
