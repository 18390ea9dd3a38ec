"""Bulk: each recipient in one pair of hands, asked again before it is sent, never sent twice by itself."""

import asyncio
from datetime import timedelta

import pytest

from core.ids import Payer
from core.messages import outbox
from core.messages.outbox import LEASE
from core.notice_states import BroadcastKind, BroadcastState
from core.settings import Settings
from core.states import Channel, Lane, NoticeState
from core.storage.message_tables import notice
from core.wiring import Core
from tests.core.frozen_scenes import (
    PHONE,
    WARNING,
    agreed,
    becomes,
    chose,
    claimed,
    follows,
    is_frozen,
    lives_here,
    outcomes,
)
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, processes, rows
from tests.fakes import FakeClock, FakeProvider

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
DUE, SENT, CANCELLED = NoticeState.DUE, NoticeState.SENT, NoticeState.CANCELLED
FAILED, UNCERTAIN = NoticeState.FAILED, NoticeState.UNCERTAIN


async def test_a_recipient_is_claimed_once_with_words_and_facts(core: Core) -> None:
    one = await lives_here(core, "100080", chat=100)
    await is_frozen(core, [100], accounts=[one])
    assert await core.sending.claim(Channel.TELEGRAM, 10) == []
    (held,) = await claimed(core)
    assert held.params["telegram"] == "<b>Авария</b>: {name}, до вечера нет связи."
    assert held.params["facts"]["name"] == "Анна <Ли>"
    assert held.params["facts"]["days"] == 0
    assert held.params["facts"]["sum"] == 890_10
    assert held.params["opt_out"] is False
    assert await claimed(core) == []
    await core.sending.sent([(held, "7")])
    assert await outcomes(core) == {"100": (SENT, None)}


@ON_POSTGRES
async def test_two_processes_claim_each_recipient_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await is_frozen(core, range(100, 140))
    async with processes(settings, clock, provider, count=2) as cores:
        batches = await asyncio.gather(*(claimed(each, n=7) for each in cores * 4))
        await asyncio.gather(*(each.sending.sent([(held, held.address) for held in batch])
                               for each, batch in zip(cores * 4, batches, strict=True)))  # fmt: skip
    addresses = [held.address for batch in batches for held in batch]
    assert len(addresses) == len(set(addresses)) == 40
    assert {(row.address, row.provider_id, row.state) for row in await rows(core, notice)} == {
        (str(chat), str(chat), SENT) for chat in range(100, 140)
    }


@ON_SQLITE
@pytest.mark.parametrize("state", [BroadcastState.FREEZING, BroadcastState.PAUSED, BroadcastState.CANCELLING])
async def test_only_a_running_broadcast_is_sent(core: Core, state: BroadcastState) -> None:
    one = await is_frozen(core, [100, 101])
    assert len(await claimed(core, n=1)) == 1
    await becomes(core.database, one, state)
    assert await claimed(core) == []
    await becomes(core.database, one, BroadcastState.RUNNING)
    assert len(await claimed(core)) == 1


@ON_SQLITE
async def test_a_short_broadcast_waits_for_no_long_one_and_an_urgent_one_for_none(core: Core) -> None:
    await is_frozen(core, range(100, 120))
    await is_frozen(core, range(200, 204))
    await is_frozen(core, [300], urgent=True)
    seen = [held.address[0] for _ in range(3) for held in await claimed(core, n=4)]
    assert seen[0] == "3"
    assert seen.count("2") == 4


async def test_what_was_held_by_who_died_is_uncertain_and_never_sent_again(
    core: Core, clock: FakeClock
) -> None:
    one = await is_frozen(core, [100, 101])
    (lost,) = await claimed(core, n=1)
    await becomes(core.database, one, BroadcastState.PAUSED)
    clock.shift(LEASE + SECOND)
    assert await claimed(core) == []
    assert (await outcomes(core))[lost.address] == (UNCERTAIN, "its delivery ended in the middle")
    await core.sending.sent([(lost, "late")])
    assert (await outcomes(core))[lost.address][0] == UNCERTAIN
    await becomes(core.database, one, BroadcastState.RUNNING)
    assert [held.address for held in await claimed(core)] == ["101"]


@ON_SQLITE
async def test_a_warning_of_a_charge_comes_again_with_a_mark(core: Core, clock: FakeClock) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, CHAT, WARNING, key="k", locale="ru", now=clock.now())
    assert await core.sending.claim(Channel.TELEGRAM, 10) == []
    (held,) = await claimed(core)
    assert not held.repeat
    clock.shift(LEASE + SECOND)
    (again,) = await claimed(core)
    assert again.repeat


@ON_SQLITE
async def test_an_answer_is_never_behind_what_the_clock_sends(core: Core, clock: FakeClock) -> None:
    async with core.database.transaction() as tx:
        await outbox.add(tx, CHAT, WARNING, key="k", locale="ru", now=clock.now(), edit="7")
    (held,) = await core.sending.claim(Channel.TELEGRAM, 10)
    assert held.lane == Lane.PEOPLE
    (row,) = await rows(core, notice)
    assert not row.quiet


@ON_SQLITE
async def test_nobody_is_woken_at_night_but_for_what_is_urgent(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, [100])
    await is_frozen(core, [200], urgent=True)
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.telegram(300), WARNING, key="k", locale="ru", now=clock.now())
    clock.shift(7 * HOUR)  # 22:00
    assert [held.address for held in await claimed(core)] == ["200"]
    clock.shift(11 * HOUR - SECOND)
    assert await claimed(core) == []
    clock.shift(SECOND)  # 09:00
    assert {held.address for held in await claimed(core)} == {"100", "300"}


@ON_SQLITE
async def test_who_is_out_meanwhile_is_not_written_to(core: Core) -> None:
    await is_frozen(core, [100, 101], [PHONE, "79240000001"])
    await chose(core, Channel.TELEGRAM, "100", reachable=False)
    await chose(core, Channel.SMS, PHONE, stopped=True)
    assert [held.address for held in await claimed(core)] == ["101"]
    assert [held.address for held in await claimed(core, Channel.SMS)] == ["79240000001"]
    said = await outcomes(core)
    assert said["100"] == (FAILED, "blocked")
    assert said[PHONE] == (CANCELLED, "opted out")


async def test_advertising_goes_to_who_still_consents(core: Core) -> None:
    await is_frozen(core, [100, 101], kind=BroadcastKind.ADVERTISING)
    await agreed(core, Channel.TELEGRAM, "100")
    await agreed(core, Channel.SMS, "101")
    (held,) = await claimed(core)
    assert (held.address, held.params["opt_out"]) == ("100", True)
    assert (await outcomes(core))["101"] == (CANCELLED, "opted out")


@ON_SQLITE
async def test_what_is_of_no_use_any_more_is_not_sent(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, range(100, 160), lives=HOUR)
    clock.shift(HOUR + SECOND)
    while await core.wakeups.wait("outbox.telegram.bulk", 0) or await claimed(core, n=25):
        pass
    assert await claimed(core) == []
    await claimed(core)
    assert {state for state, _ in (await outcomes(core)).values()} == {NoticeState.EXPIRED}


@ON_SQLITE
async def test_what_was_not_tried_costs_no_attempt(core: Core, clock: FakeClock) -> None:
    await is_frozen(core, [100])
    for _ in range(20):
        held = await claimed(core)
        assert [each.attempt for each in held] == [1]
        await core.sending.put_back(held, after=30 * SECOND, reason="lane paused")
        clock.shift(29 * SECOND)
        assert await claimed(core) == []
        clock.shift(SECOND)


@ON_SQLITE
async def test_an_edit_and_a_recall_may_be_made_again(core: Core, clock: FakeClock) -> None:
    of = await is_frozen(core, [100, 101])
    held = await claimed(core)
    await core.sending.sent([(each, "7") for each in held])
    await follows(core, of, held[0].id, "broadcast_edit", edit="7")
    await follows(core, of, held[1].id, "broadcast_recall", edit="7")
    assert len(await claimed(core)) == 2
    clock.shift(LEASE + SECOND)
    assert {(each.template, each.edit, each.params["telegram"][:3]) for each in await claimed(core)} == {
        ("broadcast_edit", "7", "<b>"),
        ("broadcast_recall", "7", "<b>"),
    }


@ON_SQLITE
async def test_a_language_that_a_broadcast_lacks_is_the_operators(core: Core) -> None:
    texts = {"en": {"telegram": "en"}, "ru": {"telegram": "ru"}}
    await is_frozen(core, [100], texts=texts)
    async with core.database.transaction() as tx:
        await tx.execute(notice.update().values(locale="de"))
    (held,) = await claimed(core)
    assert held.params["telegram"] == "ru"
    assert held.params["facts"] == {}
