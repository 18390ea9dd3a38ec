"""Receipts of an outgoing SMS: in any order, by any id, stray, of nobody; query_sm where none came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from core.messages.notices import Balance
from core.messages.sms_trials import End, ReceiptTold
from core.sms_states import SMS_STATE_OF_NOTICE, SmsState
from core.storage.message_tables import notice
from core.use_cases.sms_queries import AGAIN, SmsQueries
from core.use_cases.sms_receipts import ASK_FIRST, KEPT
from core.wiring import Core
from tests.core.scenes import ON_POSTGRES, ON_SQLITE
from tests.core.sms_scenes import (
    DELIVERED,
    EXPIRED,
    FAILED,
    MINUTE,
    OTHER,
    PHONE,
    SENT,
    UNKNOWN,
    held,
    kept,
    part,
    parts_of,
    the_notice,
    told,
    trial,
)
from tests.fakes import FakeClock

RECEIVED = [
    ("all arrived", [DELIVERED, DELIVERED], "delivered"),
    ("one is on its way", [DELIVERED], "sent"),
    ("one failed", [DELIVERED, FAILED], "failed"),
    ("one was too late", [EXPIRED, DELIVERED], "expired"),
    ("the network does not know", [DELIVERED, UNKNOWN], "uncertain"),
]


@ON_SQLITE
@pytest.mark.parametrize("name, ends, state", RECEIVED, ids=[case[0] for case in RECEIVED])
@pytest.mark.parametrize("early", [False, True])
async def test_receipts_of_the_parts_make_the_whole(
    core: Core, name: str, ends: list[SmsState], state: str, early: bool
) -> None:
    of = await held(core)
    receipts = [told(message_id, state=end) for message_id, end in zip("ab", ends, strict=False)]
    if early:
        await core.sms_sending.receipts.take(receipts)
        assert await kept(core) == len(receipts)
    await core.sms_sending.conclude([trial(of, part(1, "a"), part(2, "b"))])
    if not early:
        await core.sms_sending.receipts.take(receipts)
    row = await the_notice(core)
    assert row.state == state
    assert row.reason == (None if state == "sent" else f"{SMS_STATE_OF_NOTICE[row.state]} 000")
    assert await kept(core) == 0


@ON_SQLITE
@pytest.mark.parametrize("order", list(permutations(["sent", "receipt a", "receipt b"])), ids=" ".join)
async def test_receipts_in_any_order_end_the_same(core: Core, order: Sequence[str]) -> None:
    of = await held(core)
    for step in order:
        if step == "sent":
            await core.sms_sending.conclude([trial(of, part(1, "a"), part(2, "b"))])
        else:
            await core.sms_sending.receipts.take([told(step[-1])])
    assert (await the_notice(core)).state == "delivered"
    assert await kept(core) == 0


@ON_SQLITE
async def test_a_receipt_of_the_last_part_is_enough_where_only_it_was_asked_for(core: Core) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "a", receipt=False), part(2, "b"))])
    await core.sms_sending.receipts.take([told("b")])
    assert (await the_notice(core)).state == "delivered"
    assert await parts_of(core) == [SENT, DELIVERED]


@ON_SQLITE
async def test_a_receipt_that_comes_again_or_too_late_changes_nothing(core: Core) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "a"))])
    for state in (SENT, DELIVERED, DELIVERED, FAILED, UNKNOWN):
        await core.sms_sending.receipts.take([told("a", state=state)])
    row = await the_notice(core)
    assert (row.state, row.reason) == ("delivered", "delivered 000")


@ON_SQLITE
@pytest.mark.parametrize(
    "given, receipt",
    [("3039", "12345"), ("12345", "3039"), ("00003039", "12345"), ("1a2b", "1A2B"), ("7", "007")],
)
@pytest.mark.parametrize("early", [False, True])
async def test_an_id_is_known_in_the_other_base(core: Core, given: str, receipt: str, early: bool) -> None:
    of = await held(core)
    for step in ("receipt", "sent") if early else ("sent", "receipt"):
        if step == "sent":
            await core.sms_sending.conclude([trial(of, part(1, given))])
        else:
            await core.sms_sending.receipts.take([told(receipt)])
    assert (await the_notice(core)).state == "delivered"
    assert await kept(core) == 0


@ON_SQLITE
@pytest.mark.parametrize(
    "receipt",
    [
        told("12345", phone=OTHER),  # 0x3039 as a number, and somebody else's
        told("3039", phone=OTHER),
        told("3039", smsc="another"),
        told("3040"),
    ],
)
async def test_a_receipt_of_another_message_settles_nothing(core: Core, receipt: ReceiptTold) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "3039"))])
    await core.sms_sending.receipts.take([receipt])
    assert (await the_notice(core)).state == "sent"
    assert await kept(core) == 1


@ON_SQLITE
async def test_an_id_that_comes_round_again_is_the_newest_messages(core: Core, clock: FakeClock) -> None:
    for key in ("old", "new"):
        of = await held(core, key=key)
        await core.sms_sending.conclude([trial(of, part(1, "7"))])
        clock.shift(timedelta(days=30))
    await core.sms_sending.receipts.take([told("7", phone="")])
    async with core.database.read() as tx:
        rows = await tx.all(select(notice.c.dedupe_key, notice.c.state).order_by(notice.c.id))
    assert [(row.dedupe_key, row.state) for row in rows] == [("old", "sent"), ("new", "delivered")]


@ON_SQLITE
async def test_a_stray_receipt_is_of_the_phones_only_unanswered_message(core: Core, clock: FakeClock) -> None:
    of = await held(core, Balance())
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    await core.sms_sending.receipts.take([told("7f")])
    assert await core.sms_sending.receipts.match_once() == 0  # its own submission may still be on its way
    clock.shift(2 * MINUTE)
    assert await core.sms_sending.receipts.match_once() == 1
    row = await the_notice(core)
    assert (row.state, row.reason) == ("delivered", "delivered 000")
    assert await kept(core) == 0


@ON_SQLITE
@pytest.mark.parametrize("what", ["another phone", "before it", "two messages", "two receipts"])
async def test_a_stray_receipt_that_may_be_of_something_else_settles_nothing(
    core: Core, clock: FakeClock, what: str
) -> None:
    if what == "before it":
        await core.sms_sending.receipts.take([told("7f")])
        clock.shift(2 * MINUTE)
    for key in ("k", "l") if what == "two messages" else ("k",):
        of = await held(core, Balance(), key=key)
        await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    if what != "before it":
        await core.sms_sending.receipts.take([told("7f", phone=OTHER if what == "another phone" else PHONE)])
    if what == "two receipts":
        clock.shift(timedelta(seconds=1))
        await core.sms_sending.receipts.take([told("80")])
    clock.shift(2 * MINUTE)
    assert await core.sms_sending.receipts.match_once() == 0
    assert set(await parts_of(core)) == {UNKNOWN}


@ON_SQLITE
async def test_receipts_of_nobody_are_not_kept_for_ever(core: Core, clock: FakeClock) -> None:
    await core.sms_sending.receipts.take([told("1"), told("2"), told("3", state=SENT)])
    assert await kept(core) == 2
    clock.shift(KEPT + MINUTE)
    assert [await core.sms_sending.receipts.forget_once() for _ in range(2)] == [2, 0]


@ON_SQLITE
async def test_what_no_receipt_came_for_is_asked_after_a_few_times(core: Core, clock: FakeClock) -> None:
    queries = SmsQueries(core.database, core.wall)
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "a"), part(2, "b"), asks=True)])
    await core.sms_sending.receipts.take([told("a")])
    assert await queries.due(["smsc"], 10) == []
    clock.shift(ASK_FIRST)
    assert await queries.due(["another"], 10) == []
    for pause in (*AGAIN, timedelta(days=9)):
        assert [each.message_id for each in await queries.due(["smsc"], 10)] == ["b"]
        assert await queries.due(["smsc"], 10) == []
        clock.shift(pause)
    assert await queries.due(["smsc"], 10) == []


@ON_POSTGRES
async def test_receipts_of_two_parts_at_once_make_the_whole(core: Core) -> None:
    for n in range(10):
        of = await held(core, key=f"k{n}")
        await core.sms_sending.conclude([trial(of, part(1, f"a{n}"), part(2, f"b{n}"))])
        await asyncio.gather(*(core.sms_sending.receipts.take([told(f"{each}{n}")]) for each in "ab"))
    async with core.database.read() as tx:
        assert {row.state for row in await tx.all(select(notice.c.state))} == {"delivered"}


@ON_POSTGRES
async def test_a_receipt_that_comes_while_its_submission_is_written_is_not_lost(core: Core) -> None:
    for n in range(20):
        of = await held(core, key=f"k{n}")
        await asyncio.gather(
            core.sms_sending.conclude([trial(of, part(1, f"{n}"))]),
            core.sms_sending.receipts.take([told(f"{n}")]),
        )
    async with core.database.read() as tx:
        assert {row.state for row in await tx.all(select(notice.c.state))} == {"delivered"}
    assert await kept(core) == 0
