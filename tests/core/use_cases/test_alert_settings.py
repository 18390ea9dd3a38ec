"""Alert settings: changed by who may see the account, told to all, and never a reason to alert at once."""

from dataclasses import replace

import pytest

from core.errors import (
    AccountNeeded,
    AmountTooLarge,
    DaysOutOfRange,
    NoRegisteredPhone,
    NotLinked,
)
from core.ids import Payer
from core.money import Money
from core.notice_states import AlertBySms
from core.states import Access, NoticeState
from core.storage.alert_tables import alert_setting
from core.storage.message_tables import notice
from core.wiring import Core
from tests.accounts import open_account
from tests.core.alert_scenes import alerts, episodes, goes, lives, looks, low, said, the_account
from tests.core.autopay_scenes import link_to
from tests.core.scenes import CHAT, ON_SQLITE, PHONE, arrives, rows, told
from tests.fakes import FakeClock

OTHER = Payer.telegram(200)


async def test_a_threshold_is_told_below_it_and_armed_again_above_it(core: Core, clock: FakeClock) -> None:
    goes(core, clock, "2026-06-01T00:00")
    owner = await low(core, Money(198_19))
    await core.alert_settings.change(
        CHAT, owner, lambda now: replace(now, threshold=Money(180_00), days=()), screen="7"
    )
    await lives(core, clock, 2)
    (row,) = await alerts(core)
    assert (row.params["kind"], row.params["threshold"]) == ("threshold", 180_00)
    assert row.params["balance"] < 180_00


@ON_SQLITE
async def test_a_change_is_told_to_who_made_it_on_the_same_screen_and_to_all_others(core: Core) -> None:
    owner = await low(core, Money(500_00), people=(CHAT, OTHER))
    await core.alert_settings.change(CHAT, owner, lambda now: now.with_day(5, on=True), screen="7")
    mine = await rows(core, notice, template="alerts_changed", address=CHAT.address)
    others = await rows(core, notice, template="alerts_changed", address=OTHER.address)
    assert [(row.edit, row.params["by_other"], row.params["days"]) for row in (*mine, *others)] == [
        ("7", False, [5, 3, 1]),
        (None, True, [5, 3, 1]),
    ]
    (stored,) = await rows(core, alert_setting)
    assert stored.changed_by == f"telegram:{CHAT.address}"


@ON_SQLITE
async def test_a_change_that_changes_nothing_is_told_to_nobody(core: Core) -> None:
    owner = await low(core, Money(500_00))
    await core.alert_settings.change(CHAT, owner, lambda now: now.with_day(3, on=True))
    assert await told(core, CHAT) == []
    assert await rows(core, alert_setting) == []


@ON_SQLITE
async def test_what_holds_as_the_settings_change_is_shown_there_and_is_no_alert(
    core: Core, clock: FakeClock
) -> None:
    goes(core, clock, "2026-06-01T00:00")
    owner = await low(core, Money(198_19))
    shown = await core.alert_settings.change(CHAT, owner, lambda now: replace(now, threshold=Money(300_00)))
    assert shown.balance == Money(198_19)
    await looks(core)
    assert await said(core) == []
    assert await episodes(core) == [("threshold", 0, True)]


@ON_SQLITE
async def test_turned_off_they_cancel_what_waits_and_tell_nothing_more(core: Core, clock: FakeClock) -> None:
    owner = await low(core, Money(100_00))
    await looks(core)
    await core.alert_settings.change(CHAT, owner, lambda now: now.off())
    (row,) = await alerts(core)
    assert (row.state, row.reason) == (NoticeState.CANCELLED, "unwanted")
    await lives(core, clock, 5)
    assert len(await alerts(core)) == 1
    assert (await the_account(core, owner)).alert_at is None


@ON_SQLITE
async def test_who_only_reads_the_account_may_change_them_and_a_stranger_may_not(core: Core) -> None:
    owner = await low(core, Money(500_00), people=())
    await link_to(core, owner, CHAT, access=Access.READ)
    await core.alert_settings.change(CHAT, owner, lambda now: replace(now, sms=AlertBySms.NEVER))
    assert (await core.alert_settings.of(CHAT, owner)).settings.sms == AlertBySms.NEVER
    for attempt in (
        core.alert_settings.of(OTHER, owner),
        core.alert_settings.change(OTHER, owner, lambda now: now.off()),
    ):
        with pytest.raises(NotLinked):
            await attempt


@ON_SQLITE
async def test_what_is_out_of_range_is_refused_and_changes_nothing(core: Core) -> None:
    owner = await low(core, Money(500_00))
    with pytest.raises(DaysOutOfRange) as refused:
        await core.alert_settings.change(CHAT, owner, lambda now: now.with_day(15, on=True))
    assert refused.value.most == 14
    with pytest.raises(AmountTooLarge):
        await core.alert_settings.change(CHAT, owner, lambda now: replace(now, threshold=Money(10_000_01)))
    assert (await the_account(core, owner)).watch is None


@ON_SQLITE
async def test_a_registered_phone_is_answered_and_all_linked_chats_are_told(core: Core) -> None:
    await low(core, Money(500_00), phones=[PHONE.address])
    await core.alert_settings.change_by_sms(
        PHONE,
        None,
        lambda now: replace(now, threshold=Money(200_00)),
        locale="ru",
        answering=await arrives(core),
    )
    assert await told(core, PHONE) == ["alerts_state"]
    assert await told(core, CHAT) == ["alerts_changed"]


@ON_SQLITE
async def test_by_sms_only_a_registered_phone_and_only_its_own_account(core: Core) -> None:
    await low(core, Money(500_00), phones=["79140000001"])
    with pytest.raises(NoRegisteredPhone):
        await core.alert_settings.tell_by_sms(PHONE, None, locale="ru", answering=await arrives(core))
    await open_account(core, "166301", phones=[PHONE.address])
    with pytest.raises(NotLinked):
        await core.alert_settings.tell_by_sms(PHONE, "100080", locale="ru", answering=await arrives(core))
    await open_account(core, "271556", phones=[PHONE.address])
    with pytest.raises(AccountNeeded):
        await core.alert_settings.tell_by_sms(PHONE, None, locale="ru", answering=await arrives(core))
