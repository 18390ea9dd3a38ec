"""Reconciliation with a provider that has no list: each payment is asked for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.payments.provider import Unknown
from core.settings import Settings
from core.storage.staff_tables import difference, register_line
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.reconciliation_scenes import HUNDRED, LATER, MONDAY, kinds, lost
from tests.core.register import success
from tests.core.scenes import in_suspense, posted, quote_by_sms, rows, says_yes
from tests.fakes import FakeClock, FakeProvider


@pytest.fixture
async def asked(settings: Settings, clock: FakeClock) -> AsyncIterator[tuple[Core, FakeProvider]]:
    """A provider without a list: it tells of the payments that it is asked for."""
    provider = FakeProvider(clock)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened, provider
        assert [each for each in await opened.invariants.check() if each.code not in ("I6", "I13")] == []


async def test_without_a_list_each_payment_is_asked_for(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    owner = await lost(core, clock, provider)
    report = await core.reconciliations.run("fake", MONDAY)
    assert await posted(core, owner) == HUNDRED
    assert (report.found.credited, report.left_open, report.lines) == (1, 0, 1)


async def test_an_answer_that_does_not_come_leaves_the_day_open(
    asked: tuple[Core, FakeProvider], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    for roubles in range(100, 125):
        quote = await quote_by_sms(core, roubles)
        await says_yes(core, code=quote.code)
    clock.shift(LATER)
    usual, first = provider.get_state, (await rows(core, payment))[0].id

    async def silent(charge: Any, reference: str | None) -> Any:
        return Unknown("timeout") if charge.id == first else await usual(charge, reference)

    monkeypatch.setattr(provider, "get_state", silent)
    report = await core.reconciliations.run("fake", MONDAY)
    assert report.incomplete == "1 payments without an answer"
    assert await rows(core, difference) == []
    assert len(await rows(core, register_line)) == 24
    monkeypatch.setattr(provider, "get_state", usual)
    assert (await core.reconciliations.run("fake", MONDAY)).incomplete is None


async def test_a_payment_that_the_provider_does_not_know_any_more_is_told(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    clock.shift(LATER)
    provider.charges.clear()
    await core.reconciliations.run("fake", MONDAY)
    assert await kinds(core) == ["missing_there"]


async def test_a_second_charge_under_one_key_is_in_the_books_of_both(
    asked: tuple[Core, FakeProvider], clock: FakeClock
) -> None:
    core, provider = asked
    await open_account(core, tariff=None)
    await quote_by_sms(core)
    await says_yes(core)
    (held,) = provider.charges
    again = replace(success("mobile-again", 100), total=held.charge.total)
    provider.charges.append(replace(held, outcome=again))
    clock.shift(LATER)
    await core.reconciliations.run("fake", MONDAY)
    await core.reconciliations.run("fake", MONDAY)
    assert await kinds(core) == ["second_success"]
    assert await in_suspense(core) == held.charge.total
