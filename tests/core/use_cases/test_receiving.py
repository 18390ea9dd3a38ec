"""The inbox: stored before it is acknowledged, handled by one, closed once."""

import asyncio
from datetime import timedelta

import pytest

from core.ids import Payer
from core.messages.incoming import LEASE, Arrival
from core.messages.notices import Help, NoCards
from core.settings import Settings
from core.states import Channel, IncomingOutcome, IncomingState
from core.storage.message_tables import incoming, notice
from core.use_cases.subscribers import Replies, Writing
from core.wiring import Core
from tests.core.scenes import MTS, ON_POSTGRES, ON_SQLITE, PHONE, arrives, processes, rows, told
from tests.fakes import FakeClock, FakeProvider

SECOND = timedelta(seconds=1)


def _arrival(
    name: str, text: str = "баланс", *, channel: Channel = Channel.SMS, source: str = "smsc"
) -> Arrival:
    return Arrival(channel, source, name, PHONE.address, {"text": text})


async def test_a_group_is_stored_with_its_duplicates_told_apart(core: Core) -> None:
    group = [_arrival(name) for name in ("a", "b", "a", "c", "a")]
    accepted = await core.receiving.accept(group)
    assert [each.arrival.external_id for each in accepted] == ["a", "b", "a", "c", "a"]
    assert [each.fresh for each in accepted] == [True, True, False, True, False]
    assert not any(each.done for each in accepted)
    assert len({each.id for each in accepted}) == 3
    assert len(await rows(core, incoming)) == 3


@ON_SQLITE
async def test_the_same_number_from_another_door_is_another_message(core: Core) -> None:
    accepted = await core.receiving.accept(
        [
            _arrival("1"),
            _arrival("1", source="kannel"),
            _arrival("1", channel=Channel.TELEGRAM),
        ]
    )
    assert [each.fresh for each in accepted] == [True, True, True]


@ON_SQLITE
async def test_a_large_group_is_stored_in_one_go(core: Core) -> None:
    accepted = await core.receiving.accept([_arrival(str(i)) for i in range(4000)])
    assert all(each.fresh for each in accepted)


async def test_only_what_is_done_deduplicates(core: Core, clock: FakeClock) -> None:
    (first,) = await core.receiving.accept([_arrival("a")])
    (again,) = await core.receiving.accept([_arrival("a")])
    assert (again.id, again.fresh, again.done) == (first.id, False, False)  # in other hands
    clock.shift(LEASE + SECOND)
    (taken,) = await core.receiving.accept([_arrival("a")])
    assert (taken.id, taken.fresh, taken.done) == (first.id, True, False)
    assert await core.receiving.attempts(first.id) == 2
    await core.receiving.finish(first.id, silent=IncomingOutcome.NOT_OURS)
    clock.shift(LEASE + SECOND)
    (done,) = await core.receiving.accept([_arrival("a")])
    assert (done.id, done.fresh, done.done) == (first.id, False, True)
    (row,) = await rows(core, incoming)
    assert (row.state, row.outcome) == (IncomingState.DONE, IncomingOutcome.NOT_OURS)


@ON_SQLITE
async def test_a_message_that_was_given_up_is_not_run_again(core: Core, clock: FakeClock) -> None:
    (first,) = await core.receiving.accept([_arrival("a")])
    await core.receiving.fail(first.id, "a fault of ours")
    clock.shift(LEASE + SECOND)
    assert await core.receiving.take_abandoned(Channel.SMS, 10) == []
    (again,) = await core.receiving.accept([_arrival("a")])
    assert again.done
    stored = [(row.outcome, row.reason) for row in await rows(core, incoming)]
    assert stored == [(IncomingOutcome.FAILED, "a fault of ours")]


async def test_abandoned_messages_are_taken_with_what_they_said(core: Core, clock: FakeClock) -> None:
    accepted = await core.receiving.accept([_arrival("a", "один"), _arrival("b", "два")])
    assert await core.receiving.take_abandoned(Channel.SMS, 10) == []
    clock.shift(LEASE + SECOND)
    assert await core.receiving.take_abandoned(Channel.TELEGRAM, 10) == []
    taken = await core.receiving.take_abandoned(Channel.SMS, 10)
    assert [each.id for each in taken] == [each.id for each in accepted]
    assert [each.arrival for each in taken] == [_arrival("a", "один"), _arrival("b", "два")]
    assert await core.receiving.take_abandoned(Channel.SMS, 10) == []


@ON_POSTGRES
async def test_two_processes_take_each_abandoned_message_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await core.receiving.accept([_arrival(str(i)) for i in range(30)])
    clock.shift(LEASE + SECOND)
    async with processes(settings, clock, provider, count=2) as cores:
        taken = await asyncio.gather(*(each.receiving.take_abandoned(Channel.SMS, 10) for each in cores * 3))
        taken += [await core.receiving.take_abandoned(Channel.SMS, 30)]
    ids = [each.id for batch in taken for each in batch]
    assert len(ids) == len(set(ids)) == 30


@ON_POSTGRES
async def test_messages_at_ten_doors_are_each_handled_by_one(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    there = [_arrival(f"{i:03d}") for i in range(120)]
    back = there[::-1]  # each locks first what the other comes to last
    async with processes(settings, clock, provider, count=2) as (one, other):
        groups = await asyncio.gather(
            *(door.receiving.accept(group) for door, group in ((one, there), (other, back)) * 5)
        )
    fresh = [each.arrival.external_id for group in groups for each in group if each.fresh]
    assert sorted(fresh) == [each.external_id for each in there]


@ON_SQLITE
async def test_a_card_number_is_masked_before_it_is_stored(core: Core) -> None:
    arrival = Arrival(
        Channel.SMS, "smsc", "a", PHONE.address, {"text": "4111 1111 1111 1111 100", "raw": "3431", "part": 1}
    )
    (accepted,) = await core.receiving.accept([arrival])
    stored = {"text": "••••••••••••1111 100", "part": 1, "card_masked": True}
    assert accepted.arrival.payload == stored
    assert [row.payload for row in await rows(core, incoming)] == [stored]


async def test_a_message_has_one_reply(core: Core) -> None:
    answering = await arrives(core)
    await core.receiving.finish(answering, reply=Help(), to=PHONE, locale="en")
    await core.receiving.finish(answering, reply=NoCards(), to=PHONE)
    await core.receiving.finish(answering, silent=IncomingOutcome.NOT_OURS)
    (said,) = await rows(core, notice)
    assert (said.template, said.locale, said.incoming_id) == ("help", "en", answering)
    assert [row.outcome for row in await rows(core, incoming)] == ["reply"]


@ON_POSTGRES
async def test_replies_at_once_are_one_reply(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    answering = await arrives(core)
    async with processes(settings, clock, provider, count=2) as cores:
        await asyncio.gather(
            *(cores[i % 2].receiving.finish(answering, reply=Help(), to=PHONE) for i in range(10))
        )
    assert await told(core, PHONE) == ["help"]


@ON_SQLITE
async def test_replies_are_counted_a_person_and_a_window(core: Core, clock: FakeClock) -> None:
    for payer in (PHONE, PHONE, MTS):
        await core.receiving.finish(await arrives(core, payer), reply=Help(), to=payer)
        clock.shift(timedelta(minutes=1))
    writing = core.subscribers.writing
    assert await writing(PHONE) == Writing(None, unvouched=Replies(2, 2))
    clock.shift(timedelta(minutes=57, seconds=30))
    assert await writing(PHONE) == Writing(None, unvouched=Replies(1, 2))
    clock.shift(timedelta(days=1))
    assert await writing(PHONE) == Writing(None)
    assert await writing(Payer.telegram(1)) == Writing(None)


async def test_replies_to_what_is_vouched_for_are_counted_apart(core: Core) -> None:
    for payer, vouched in ((PHONE, True), (PHONE, False), (PHONE, True), (MTS, False)):
        await core.receiving.finish(await arrives(core, payer, vouched=vouched), reply=Help(), to=payer)
    writing = await asyncio.gather(*(core.subscribers.writing(payer) for payer in (PHONE, MTS)))
    assert writing == [
        Writing(None, vouched=Replies(2, 2), unvouched=Replies(1, 1)),
        Writing(None, unvouched=Replies(1, 1)),
    ]


@ON_SQLITE
async def test_a_language_that_was_chosen_is_told_with_the_replies(core: Core) -> None:
    await core.subscribers.set_locale(PHONE, "en")
    assert await core.subscribers.writing(PHONE) == Writing("en")
    await core.subscribers.set_reachable(MTS, reachable=True)  # known, and nothing chosen
    assert await core.subscribers.writing(MTS) == Writing(None)


@pytest.mark.parametrize("text", ["", None])
@ON_SQLITE
async def test_a_message_without_text_is_stored_as_it_is(core: Core, text: str | None) -> None:
    (accepted,) = await core.receiving.accept([Arrival(Channel.TELEGRAM, "bot", "1", "100", {"text": text})])
    assert accepted.arrival.payload == {"text": text}


async def test_a_chats_message_is_forgotten_once_it_is_answered(core: Core) -> None:
    texts = [Arrival(Channel.TELEGRAM, "bot", name, "100", {"text": "123456"}) for name in ("a", "b")]
    answered, troubled = await core.receiving.accept(texts)
    await core.receiving.finish_and_forget(answered.id)
    await core.receiving.finish_and_forget(troubled.id, failed="a fault of ours")
    stored = await rows(core, incoming)
    assert [(row.state, row.outcome, row.reason) for row in stored] == [
        (IncomingState.DONE, IncomingOutcome.ANSWERED, None),
        (IncomingState.FAILED, IncomingOutcome.FAILED, "a fault of ours"),
    ]
    assert "123456" not in repr(stored)
