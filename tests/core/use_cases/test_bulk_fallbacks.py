"""Bulk by SMS in Telegram's place: to whom, once, and within the budgets."""

from datetime import timedelta

import pytest

from core.messages import outbox
from core.notice_states import BroadcastKind, Reach
from core.states import Channel, NoticeState
from core.storage.broadcast_tables import sms_budget
from core.storage.message_tables import notice
from core.use_cases.sending import MAX_ATTEMPTS
from core.wiring import Core
from tests.core.frozen_scenes import PHONE, WARNING, agreed, chose, claimed, is_frozen, lives_here, outcomes
from tests.core.scenes import CHAT, ON_SQLITE, rows
from tests.fakes import FakeClock

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
FAILED = NoticeState.FAILED


async def test_who_blocked_the_bot_gets_the_sms_once(core: Core, clock: FakeClock) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    of = await is_frozen(core, [100], accounts=[one], reach=Reach.TELEGRAM_ELSE_SMS)
    (held,) = await claimed(core)
    await core.sending.blocked(held)
    await core.sending.blocked(held)
    assert await outcomes(core) == {"100": (FAILED, "blocked")}
    (sms,) = await claimed(core, Channel.SMS)
    assert (sms.address, sms.template, sms.broadcast_id, sms.parent_id) == (PHONE, "broadcast", of, held.id)
    assert sms.params["sms"].startswith("Авария: {name}")
    assert sms.params["facts"]["account"] == "100080"


@ON_SQLITE
async def test_who_is_known_to_have_blocked_the_bot_gets_the_sms_at_once(core: Core) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    await is_frozen(core, [100], accounts=[one], reach=Reach.TELEGRAM_ELSE_SMS)
    await chose(core, Channel.TELEGRAM, "100", reachable=False)
    assert await claimed(core) == []
    assert await outcomes(core) == {"100": (FAILED, "blocked")}
    assert [held.address for held in await claimed(core, Channel.SMS)] == [PHONE]


@ON_SQLITE
async def test_an_sms_in_telegrams_place_is_tried_again_like_any_other(core: Core, clock: FakeClock) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    await is_frozen(core, [100], accounts=[one], reach=Reach.TELEGRAM_ELSE_SMS, lives=24 * HOUR)
    await core.sending.blocked(*await claimed(core))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (sms,) = await claimed(core, Channel.SMS)
        assert (sms.address, sms.attempt) == (PHONE, attempt)
        await core.sending.retry(sms, after=30 * SECOND, reason="smsc 0x58")
        assert await claimed(core, Channel.SMS) == []
        clock.shift(30 * SECOND)
    assert await claimed(core, Channel.SMS) == []
    (row,) = await rows(core, notice, channel=Channel.SMS)
    assert (row.state, row.reason) == (FAILED, "smsc 0x58")


@ON_SQLITE
@pytest.mark.parametrize("why", ["reach", "two phones", "stopped", "no consent"])
async def test_no_sms_goes_where_none_may(core: Core, why: str) -> None:
    phones = [PHONE, "79240000001"] if why == "two phones" else [PHONE]
    one = await lives_here(core, "100080", chat=100, phones=phones)
    reach = Reach.TELEGRAM if why == "reach" else Reach.TELEGRAM_ELSE_SMS
    kind = BroadcastKind.ADVERTISING if why == "no consent" else BroadcastKind.SERVICE
    if why == "stopped":
        await chose(core, Channel.SMS, PHONE, stopped=True)
    await agreed(core, Channel.TELEGRAM, "100")
    await is_frozen(core, [100], accounts=[one], reach=reach, kind=kind)
    await core.sending.blocked(*await claimed(core))
    assert [row.channel for row in await rows(core, notice)] == [Channel.TELEGRAM]


@ON_SQLITE
async def test_a_warning_of_a_charge_goes_by_sms_to_who_blocked_the_bot(core: Core, clock: FakeClock) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    async with core.database.transaction() as tx:
        await outbox.add(tx, CHAT, WARNING, key="k", locale="ru", now=clock.now(), account_id=one)
    await core.sending.blocked(*await claimed(core))
    (sms,) = await claimed(core, Channel.SMS)
    assert (sms.address, sms.template, sms.params["amount"]) == (PHONE, "autopay_warning", 100)


async def test_sms_in_telegrams_place_end_with_the_days_budget(core: Core, clock: FakeClock) -> None:
    most = core.profile.notices.sms_fallback
    phones = [f"7924000000{n}" for n in range(3)]
    await is_frozen(core, (), phones)
    held = await claimed(core, Channel.SMS)
    assert await core.sending.spend([(each, most) for each in held]) == set()  # not in Telegram's place
    await core.sending.put_back(held, after=SECOND, reason="")
    for n in range(3):
        one = await lives_here(core, f"20000{n}", chat=200 + n, phones=[f"7924100000{n}"])
        await is_frozen(core, [200 + n], accounts=[one], reach=Reach.TELEGRAM_ELSE_SMS)
    for each in await claimed(core):
        await core.sending.blocked(each)
    held = await claimed(core, Channel.SMS)
    refused = await core.sending.spend([(each, most // 2) for each in held])
    assert refused == {held[2].id}
    clock.shift(24 * HOUR)
    (row,) = await rows(core, notice, id=held[2].id)
    assert (row.state, row.reason) == (FAILED, "sms budget")


@ON_SQLITE
async def test_a_broadcasts_sms_end_with_its_own_budget_and_cost_once(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, (), ["79240000001", "79240000002"], reach=Reach.SMS, sms_most=3)
    held = await claimed(core, Channel.SMS)
    assert await core.sending.spend([(each, 2) for each in held]) == {held[1].id}
    await core.sending.put_back(held, after=SECOND, reason="not bound")
    clock.shift(SECOND)
    (again,) = await claimed(core, Channel.SMS)
    assert again.params["sms"]
    assert await core.sending.spend([(again, 2)]) == set()
    (row,) = await rows(core, sms_budget)
    assert row.segments == 2
