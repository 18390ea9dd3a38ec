"""Autopay's notices name no date that will not come: of one that is paused, requested, over or behind."""

from datetime import timedelta

import pytest

from core.ids import AccountId
from core.money import Money
from core.storage.message_tables import notice
from core.use_cases.agreements import Terms
from core.use_cases.schedules import EveryDays
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import (
    CONSENT,
    DAY,
    FIRST,
    MONTH,
    agreed,
    charges,
    connect,
    link_to,
    linked_account,
    live_until,
    pay_and_save,
    today,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_SQLITE, PHONE, arrives, rows, told
from tests.fakes import FakeClock, FakeProvider

pytestmark = ON_SQLITE

settings = with_card_key


async def _dates(core: Core, template: str) -> list[str | None]:
    """What each notice of this template names as the next date."""
    return [row.params["next_on"] for row in await rows(core, notice) if row.template == template]


async def _changes(core: Core, owner: AccountId) -> None:
    terms = Terms(Money.roubles(200), MONTH)
    await core.autopay.change(CHAT, owner, terms, consent=CONSENT, screen="9")


async def test_a_change_of_an_active_one_names_its_next_date(core: Core, provider: FakeProvider) -> None:
    owner, _ = await agreed(core, provider)
    await _changes(core, owner)
    assert await _dates(core, "autopay_changed") == [FIRST.isoformat()]


async def test_a_change_of_a_paused_one_names_no_date(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core, tariff=None, phones=[PHONE.address])
    await link_to(core, owner, CHAT)
    await pay_and_save(core, provider)
    await connect(core, owner)
    await core.autopay.pause(CHAT, owner)
    await _changes(core, owner)
    less = Money.roubles(100)
    await core.autopay_by_sms.set_amount(PHONE, None, less, locale="ru", answering=await arrives(core))
    assert set(await _dates(core, "autopay_changed")) == {None}
    assert "autopay_changed" in await told(core, PHONE)
    await core.autopay.resume(CHAT, owner)
    assert set(await _dates(core, "autopay_resumed")) == {FIRST.isoformat()}


async def test_one_that_waits_for_a_card_names_no_date(core: Core, provider: FakeProvider) -> None:
    owner = await linked_account(core)
    await connect(core, owner)
    await _changes(core, owner)
    assert await _dates(core, "autopay_requested") == [None]
    assert await _dates(core, "autopay_changed") == [None]


async def test_a_date_skipped_while_paused_names_no_next_one(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - DAY)
    await core.autopay.pause(CHAT, owner)
    await core.autopay.skip(CHAT, mandate_id, FIRST)
    assert await _dates(core, "autopay_skipped") == [None]


@pytest.mark.parametrize("away", [40, 13])  # 13: the charge that a warning made then would announce
async def test_a_date_that_is_a_whole_period_behind_is_not_warned_of(
    core: Core, clock: FakeClock, provider: FakeProvider, away: int
) -> None:
    _, mandate_id = await agreed(core, provider, period=EveryDays(7))
    clock.shift(timedelta(days=away))  # nothing ran meanwhile
    await work(core)
    await live_until(core, clock, today(core) + timedelta(days=6))
    warned = [row.params["period"] for row in await rows(core, notice) if row.template == "autopay_warning"]
    assert warned == [period.isoformat() for period, _, _ in await charges(core, mandate_id)]
