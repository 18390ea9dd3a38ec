"""What becomes of an outgoing SMS: part by part and joined, by answers, receipts, query_sm, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Balance, Cancelled, Notice
from core.messages.outbox import DueNotice
from core.messages.sms_trials import End, PartSent, PartTold, ReceiptTold, Trial, joined
from core.money import Money
from core.sms_states import SMS_MOVES, SMS_STATE_OF_NOTICE, SmsState
from core.states import Channel, NoticeState
from core.storage.message_tables import notice, sms_receipt, sms_submission
from core.use_cases.sms_queries import AGAIN, SmsQueries
from core.use_cases.sms_receipts import ASK_FIRST, KEPT
from core.wiring import Core
from tests.core.scenes import ON_POSTGRES, ON_SQLITE
from tests.fakes import FakeClock

PHONE, OTHER = "79141234567", "79141234568"
MONEY = Cancelled(number="100080", amount=Money(10_000))
SENT, DELIVERED, FAILED, EXPIRED, UNKNOWN = (
    SmsState.SENT, SmsState.DELIVERED, SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN,
)  # fmt: skip
MINUTE = timedelta(minutes=1)


async def held(core: Core, said: Notice = MONEY, *, to: str = PHONE, key: str = "k") -> DueNotice:
    async with core.database.transaction() as tx:
        await outbox.add(tx, Payer.sms(to), said, key=key, locale="ru", now=core.clock.now())
    (one,) = await core.sending.claim(Channel.SMS, 10)
    return one


def part(number: int, message_id: str | None, state: SmsState = SENT, *, receipt: bool = True) -> PartSent:
    return PartSent(number, state, message_id, receipt=receipt)


def trial(of: DueNotice, *parts: PartSent, end: End = End.SENT, total: int = 0, asks: bool = False) -> Trial:
    return Trial(of, "smsc", "smsc", "digest", total or len(parts), parts, end, "why", asks)


def told(*ids: str, state: SmsState = DELIVERED, phone: str = PHONE, smsc: str = "smsc") -> ReceiptTold:
    return ReceiptTold(smsc, ids, phone, state, f"{state} 000")


async def the_notice(core: Core) -> Any:
    async with core.database.read() as tx:
        return await tx.one(select(notice))


async def parts_of(core: Core) -> list[SmsState]:
    async with core.database.read() as tx:
        order = sms_submission.c.trial, sms_submission.c.part
        return [row.state for row in await tx.all(select(sms_submission).order_by(*order))]


async def kept(core: Core) -> int:
    async with core.database.read() as tx:
        return len(await tx.all(select(sms_receipt.c.id)))


@pytest.mark.parametrize("state", list(NoticeState))
def test_every_state_of_a_notice_is_a_state_of_its_sms(state: NoticeState) -> None:
    assert SMS_STATE_OF_NOTICE[state] in SMS_MOVES


async def test_what_was_sent_is_written_with_its_parts(core: Core) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, "a"), part(2, "b"))])
    row = await the_notice(core)
    assert (row.state, row.provider_id, row.lease) == ("sent", "b", None)
    assert await parts_of(core) == [SENT, SENT]


@ON_SQLITE
@pytest.mark.parametrize(
    "end, parts, said, state, attempt, repeat",
    [
        (End.REFUSED, [part(1, None, FAILED)], MONEY, "failed", 1, False),
        (End.LATER, [part(1, None, FAILED)], MONEY, "due", 1, False),
        (End.NOT_SENT, [], MONEY, "due", 0, False),
        (End.NOT_SENT, [part(1, "a")], MONEY, "due", 0, False),
        (End.UNKNOWN, [part(1, None, UNKNOWN)], MONEY, "due", 1, True),
        (End.UNKNOWN, [part(1, None, UNKNOWN)], Balance(), "uncertain", 1, False),
    ],
)
async def test_an_end_says_what_the_whole_becomes(
    core: Core, end: End, parts: list[PartSent], said: Notice, state: str, attempt: int, repeat: bool
) -> None:
    of = await held(core, said)
    await core.sms_sending.conclude([trial(of, *parts, end=end, total=2)])
    row = await the_notice(core)
    assert (row.state, row.attempt, row.repeat, row.reason) == (state, attempt, repeat, "why")
    assert await parts_of(core) == [each.state for each in parts]


@ON_SQLITE
async def test_what_went_out_is_noted_also_where_the_lease_is_lost(core: Core, clock: FakeClock) -> None:
    of = await held(core)
    clock.shift(MINUTE)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.conclude([trial(of, part(1, "a"))])
    assert (await the_notice(core)).state == "taken"
    await core.sms_sending.conclude([trial(again, part(1, "b"))])
    assert (await the_notice(core)).provider_id == "b"
    assert await parts_of(core) == [SENT, SENT]


@ON_SQLITE
@pytest.mark.parametrize("said, again", [(Balance(), False), (MONEY, True)], ids=["a balance", "money"])
async def test_parts_that_an_smsc_has_or_may_have_are_given_once_but_for_a_marked_one_that_is_uncertain(
    core: Core, clock: FakeClock, said: Notice, again: bool
) -> None:
    of = await held(core, said)
    assert await core.sms_sending.given([of]) == {}
    gone = part(1, "a"), part(2, None, UNKNOWN)
    await core.sms_sending.conclude([trial(of, *gone, end=End.NOT_SENT, total=3)])
    (next_one,) = await core.sending.claim(Channel.SMS, 10)
    assert await core.sms_sending.given([next_one]) == {of.id: {"digest": {1: SENT, 2: UNKNOWN}}}
    clock.shift(MINUTE)  # who held it died
    (marked,) = await core.sending.claim(Channel.SMS, 10)
    assert marked.repeat
    # Not before all of it went out once: half a text is no use to its reader.
    assert await core.sms_sending.given([marked]) == {of.id: {"digest": {1: SENT, 2: UNKNOWN}}}
    await core.sms_sending.conclude([trial(marked, part(3, "c"), end=End.UNKNOWN, total=3)])
    kept = {1: SENT, 3: SENT} if again else {1: SENT, 2: UNKNOWN, 3: SENT}
    assert await core.sms_sending.given([marked]) == {of.id: {"digest": kept}}


@ON_SQLITE
@pytest.mark.parametrize("said", [Balance(), MONEY], ids=["a balance", "money"])
@pytest.mark.parametrize("becomes, state", [(SENT, "sent"), (DELIVERED, "sent"), (FAILED, "failed")])
async def test_what_was_unknown_may_be_settled_while_the_rest_of_its_text_goes_out(
    core: Core, said: Notice, becomes: SmsState, state: str
) -> None:
    of = await held(core, said)
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.NOT_SENT, total=2)])
    (goes_on,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.receipts.settle([PartTold(of.id, of.lease, 1, becomes, "late answer", "a")])
    # It was unknown when this trial began.
    await core.sms_sending.conclude([trial(goes_on, part(2, "b"), end=End.UNKNOWN, total=2)])
    row = await the_notice(core)
    if state == "failed" and said is MONEY:
        assert (row.state, row.repeat) == ("due", True)  # told again
    else:
        assert row.state == state


@ON_SQLITE
async def test_a_part_that_the_smsc_has_once_it_has_whatever_becomes_of_another_try(
    core: Core, clock: FakeClock
) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), part(2, "b"), end=End.UNKNOWN)])
    clock.shift(MINUTE)
    (marked,) = await core.sending.claim(Channel.SMS, 10)
    await core.sms_sending.conclude([trial(marked, part(1, None, UNKNOWN), end=End.UNKNOWN, total=2)])
    await core.sms_sending.receipts.settle([PartTold(of.id, of.lease, 1, SENT, "late answer", "a")])
    assert (await the_notice(core)).state == "sent"
    assert await core.sms_sending.given([marked]) == {of.id: {"digest": {1: SENT, 2: SENT}}}
    await core.sms_sending.receipts.take([told("a"), told("b")])
    assert (await the_notice(core)).state == "delivered"


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
@pytest.mark.parametrize(
    "becomes, state", [(SENT, "sent"), (DELIVERED, "delivered"), (FAILED, "failed"), (EXPIRED, "expired")]
)
async def test_what_was_unknown_is_settled(core: Core, becomes: SmsState, state: str) -> None:
    of = await held(core, Balance())
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    await core.sms_sending.receipts.settle([PartTold(of.id, of.lease, 1, becomes, "late answer", "7f")])
    assert (await the_notice(core)).state == state
    # By the id that came late, a receipt is known.
    if becomes is SENT:
        await core.sms_sending.receipts.take([told("7f")])
        assert (await the_notice(core)).state == "delivered"


@ON_SQLITE
async def test_money_that_was_told_after_all_is_not_told_again(core: Core, clock: FakeClock) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN)])
    assert (await the_notice(core)).state == "due"
    await core.sms_sending.receipts.settle([PartTold(of.id, of.lease, 1, SENT, "late answer", "7f")])
    clock.shift(MINUTE)
    assert await core.sending.claim(Channel.SMS, 10) == []
    assert (await the_notice(core)).state == "sent"


@ON_SQLITE
async def test_money_whose_text_is_not_whole_is_told_again(core: Core, clock: FakeClock) -> None:
    of = await held(core)
    await core.sms_sending.conclude([trial(of, part(1, None, UNKNOWN), end=End.UNKNOWN, total=2)])
    await core.sms_sending.receipts.settle([PartTold(of.id, of.lease, 1, SENT, "late answer", "7f")])
    clock.shift(MINUTE)
    (again,) = await core.sending.claim(Channel.SMS, 10)
    assert again.repeat


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


class Row:
    def __init__(self, trial: int, part: int, state: SmsState, digest: str, parts: int) -> None:
        self.trial, self.part, self.state, self.digest, self.parts = trial, part, state, digest, parts
        self.receipt, self.reason = True, None


ROWS = st.lists(
    st.builds(
        Row, st.integers(1, 3), st.integers(1, 3), st.sampled_from([SENT, DELIVERED, FAILED, UNKNOWN]),
        st.sampled_from("xy"), st.just(3),
    ),
    max_size=8,
    unique_by=lambda row: (row.trial, row.part),
)  # fmt: skip


@given(ROWS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_text_has_arrived_only_where_all_its_parts_have(rows: list[Row]) -> None:
    end = joined(rows)
    arrived = [
        digest
        for digest in "xy"
        if {row.part for row in rows if row.digest == digest and row.state is DELIVERED} == {1, 2, 3}
    ]
    if end is not None and end[0] is DELIVERED:
        assert arrived
    assert joined(reversed(rows)) == end
