"""The outbox: each notice in one pair of hands, its outcome written by who still holds it."""

import asyncio
from datetime import timedelta

import pytest

from core.ids import NoticeId, Payer
from core.messages import outbox
from core.messages.notices import Balance, Help, Notice, Paid, Stopped
from core.messages.outbox import LEASE, DueNotice
from core.money import Money
from core.settings import Settings
from core.states import Channel, Method, NoticeState
from core.storage.message_tables import notice
from core.use_cases.sending import MAX_ATTEMPTS
from core.wiring import Core
from tests.core.frozen_scenes import claimed, is_frozen
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, PHONE, processes, rows
from tests.fakes import FakeClock, FakeProvider

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PAID = Paid("100080", Money(100_00), Money(3_00), Money(103_00), Method.MOBILE)


async def _say(core: Core, said: Notice = PAID, *, to: Payer = PHONE, key: str = "k") -> NoticeId | None:
    async with core.database.transaction() as tx:
        return await outbox.add(tx, to, said, key=key, locale="ru", now=core.clock.now())


async def _held(core: Core, said: Notice = PAID) -> DueNotice:
    await _say(core, said)
    (held,) = await core.sending.claim(Channel.SMS, 10)
    return held


async def _state(core: Core) -> tuple[NoticeState, str | None]:
    (row,) = await rows(core, notice)
    return row.state, row.reason


async def test_a_notice_is_stored_once_a_key(core: Core) -> None:
    assert await _say(core) is not None
    assert await _say(core, Help()) is None
    (row,) = await rows(core, notice)
    assert (row.template, row.state) == ("paid", NoticeState.DUE)
    assert row.params["amount"] == 100_00


async def test_a_claimed_notice_is_in_one_pair_of_hands(core: Core) -> None:
    await _say(core)
    assert await core.sending.claim(Channel.TELEGRAM, 10) == []
    (held,) = await core.sending.claim(Channel.SMS, 10)
    assert (held.address, held.template, held.attempt, held.repeat) == (PHONE.address, "paid", 1, False)
    assert await core.sending.claim(Channel.SMS, 10) == []
    await core.sending.sent([(held, "smsc-1")])
    assert await _state(core) == (NoticeState.SENT, None)
    assert await core.sending.claim(Channel.SMS, 10) == []
    await core.sending.sent([])


@ON_POSTGRES
async def test_two_deliveries_claim_each_notice_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    for i in range(40):
        await _say(core, key=str(i))
    async with processes(settings, clock, provider, count=2) as cores:
        batches = await asyncio.gather(*(each.sending.claim(Channel.SMS, 7) for each in cores * 4))
    ids = [held.id for batch in batches for held in batch]
    assert len(ids) == len(set(ids)) == 40


async def test_who_lost_the_lease_changes_nothing(core: Core, clock: FakeClock) -> None:
    lost = await _held(core)
    clock.shift(LEASE + SECOND)
    (held,) = await core.sending.claim(Channel.SMS, 10)
    assert (held.id, held.attempt, held.repeat) == (lost.id, 2, True)  # perhaps sent by who died
    await core.sending.sent([(lost, "late")])
    await core.sending.failed(lost, "late")
    await core.sending.retry(lost, after=SECOND, reason="late")
    await core.sending.uncertain(lost, "late")
    assert await _state(core) == (NoticeState.TAKEN, None)
    await core.sending.sent([(held, "smsc-1")])
    assert await _state(core) == (NoticeState.SENT, None)


@ON_SQLITE
async def test_outcomes_of_a_batch_are_each_its_own(core: Core, clock: FakeClock) -> None:
    for key in "abc":
        await _say(core, key=key)
        clock.shift(SECOND)
    held = await core.sending.claim(Channel.SMS, 10)
    await core.sending.sent([(each, f"smsc-{i}") for i, each in enumerate(held)])
    assert [row.provider_id for row in await rows(core, notice)] == ["smsc-0", "smsc-1", "smsc-2"]


@ON_SQLITE
async def test_what_did_not_go_out_is_tried_again_as_long_as_it_lives(core: Core, clock: FakeClock) -> None:
    held = await _held(core)
    for attempt in range(1, 3 * MAX_ATTEMPTS):
        assert (held.attempt, held.repeat) == (attempt, False)
        await core.sending.retry(held, after=30 * SECOND, reason="smsc 0x8 " + "x" * 200)
        clock.shift(29 * SECOND)
        assert await core.sending.claim(Channel.SMS, 10) == []
        clock.shift(SECOND)
        (held,) = await core.sending.claim(Channel.SMS, 10)
    await core.sending.retry(held, after=30 * SECOND, reason="smsc 0x8 " + "x" * 200)
    clock.shift(3 * DAY)
    assert await core.sending.claim(Channel.SMS, 10) == []
    assert (await _state(core))[0] == NoticeState.EXPIRED


@ON_SQLITE
async def test_of_a_broadcast_it_is_tried_again_up_to_a_limit(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, (), [PHONE.address])
    for _ in range(MAX_ATTEMPTS):
        (held,) = await claimed(core, Channel.SMS)
        await core.sending.retry(held, after=30 * SECOND, reason="HTTP 500 " + "x" * 200)
        clock.shift(30 * SECOND)
    state, reason = await _state(core)
    assert (state, len(reason or "")) == (NoticeState.FAILED, 120)


@ON_SQLITE
async def test_a_receipt_that_is_uncertain_is_sent_again_and_marked(core: Core, clock: FakeClock) -> None:
    await core.sending.uncertain(await _held(core), "no answer")
    clock.shift(10 * SECOND)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    assert again.repeat
    await core.sending.retry(again, after=SECOND, reason="throttled")
    clock.shift(SECOND)
    (third,) = await core.sending.claim(Channel.SMS, 10)
    assert third.repeat  # the mark is never lost
    for _ in range(MAX_ATTEMPTS - 3):
        await core.sending.uncertain(third, "no answer")
        clock.shift(10 * SECOND)
        (third,) = await core.sending.claim(Channel.SMS, 10)
    await core.sending.uncertain(third, "no answer")
    assert await _state(core) == (NoticeState.UNCERTAIN, "no answer")


@ON_SQLITE
@pytest.mark.parametrize("said", [Help(), Balance()])
async def test_what_tells_of_no_money_is_left_uncertain(core: Core, said: Notice) -> None:
    await core.sending.uncertain(await _held(core, said), "no answer")
    assert await _state(core) == (NoticeState.UNCERTAIN, "no answer")


async def test_what_is_too_late_is_not_sent(core: Core, clock: FakeClock) -> None:
    await _say(core, Help())
    clock.shift(timedelta(hours=1, seconds=1))
    await _say(core, Stopped(), key="still of use")
    (held,) = await core.sending.claim(Channel.SMS, 10)
    assert held.template == "stopped"
    assert {row.template: row.state for row in await rows(core, notice)} == {
        "help": NoticeState.EXPIRED,
        "stopped": NoticeState.TAKEN,
    }


@ON_SQLITE
async def test_what_a_dead_delivery_held_too_long_is_uncertain(core: Core, clock: FakeClock) -> None:
    held = await _held(core, Help())
    clock.shift(timedelta(hours=1, seconds=1))
    assert await core.sending.claim(Channel.SMS, 10) == []
    assert (await _state(core))[0] == NoticeState.UNCERTAIN
    await core.sending.sent([(held, "late")])
    assert (await _state(core))[0] == NoticeState.UNCERTAIN


@ON_SQLITE
async def test_a_notice_that_cannot_be_sent_fails_for_good(core: Core, clock: FakeClock) -> None:
    await core.sending.failed(await _held(core), "blocked by the person")
    clock.shift(DAY)
    assert await core.sending.claim(Channel.SMS, 10) == []
    assert await _state(core) == (NoticeState.FAILED, "blocked by the person")
