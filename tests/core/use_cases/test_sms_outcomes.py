"""What becomes of an outgoing SMS by the answers to its parts: what was unknown, told again, joined."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.messages.notices import Balance, Notice
from core.messages.sms_trials import End, PartSent, PartTold, joined
from core.sms_states import SMS_MOVES, SMS_STATE_OF_NOTICE, SmsState
from core.states import Channel, NoticeState
from core.wiring import Core
from tests.core.scenes import ON_SQLITE
from tests.core.sms_scenes import (
    DELIVERED,
    EXPIRED,
    FAILED,
    MINUTE,
    MONEY,
    SENT,
    UNKNOWN,
    held,
    part,
    parts_of,
    the_notice,
    told,
    trial,
)
from tests.fakes import FakeClock


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
