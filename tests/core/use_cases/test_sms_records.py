"""What staff see of SMS: what came, what went, what belongs together, and no whole number without a trace."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from core.errors import UnknownAccount
from core.ids import IncomingId, NoticeId, Payer
from core.messages import outbox
from core.messages.incoming import Arrival
from core.messages.notices import Help, Paid
from core.messages.sms_trials import End, PartSent
from core.money import Money
from core.sms_states import SmsState
from core.staff_errors import NotStaff, UnknownMessage
from core.states import Channel, IncomingOutcome, Method, NoticeState, TopUpState
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.use_cases.disclosures import Look
from core.use_cases.sms_record_filters import Wanted
from core.use_cases.sms_records import Received, Sent
from core.wiring import Core
from tests.accounts import open_account
from tests.core.broadcast_scenes import VERA, hire
from tests.core.scenes import MTS, NUMBER, ON_SQLITE, PHONE, quote_by_sms, rows, says_yes
from tests.core.sms_scenes import held, told, trial
from tests.fakes import FakeClock, FakeProvider

STRANGER = Payer.sms("79020000009")


async def _texts(core: Core, payer: Payer, text: str, **told: Any) -> IncomingId:
    arrival = Arrival(Channel.SMS, "mts-bind", str(uuid4()), payer.address, {"text": text, **told})
    (accepted,) = await core.receiving.accept([arrival])
    return accepted.id


async def _says(core: Core, to: Payer, key: str = "k", **about: Any) -> NoticeId:
    paid = Paid(NUMBER, Money(100_00), Money(3_00), Money(103_00), Method.MOBILE)
    async with core.database.transaction() as tx:
        stored = await outbox.add(tx, to, paid, key=key, locale="ru", now=core.wall.now(), **about)
    assert stored is not None
    return stored


async def _becomes(core: Core, notice_id: NoticeId, state: NoticeState, **values: Any) -> None:
    async with core.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == notice_id).values(state=state, **values))


def _told(found: Sequence[Received | Sent]) -> list[str]:
    """What each is: the text of one that came, the template of one that went."""
    return [each.text if isinstance(each, Received) else each.template for each in found]


@ON_SQLITE
async def test_the_log_is_the_newest_first_with_masked_numbers(core: Core, clock: FakeClock) -> None:
    await _texts(core, PHONE, "перезвоните 89141234567")
    clock.shift(timedelta(seconds=1))
    asked = await _texts(core, PHONE, "помощь")
    clock.shift(timedelta(seconds=1))
    await core.receiving.finish(asked, reply=Help(), to=PHONE)
    await _says(core, Payer.telegram(5))  # no SMS
    found = await core.sms_records.log(Wanted())
    assert _told(found) == ["help", "помощь", "перезвоните 8914…67"]
    sent, answered, came = found
    assert isinstance(came, Received)
    assert (came.sender, came.source, came.outcome) == ("7924…67", "mts-bind", None)
    assert isinstance(answered, Received)
    assert (answered.outcome, answered.reply_template, answered.reply) == ("reply", "help", sent.id)
    assert isinstance(sent, Sent)
    assert (sent.address, sent.due.address) == ("7924…67", "7924…67")
    assert _told(await core.sms_records.log(Wanted(limit=1))) == ["help"]
    assert await rows(core, audit) == []


async def test_messages_are_found_by_phone_account_state_outcome_and_time(
    core: Core, clock: FakeClock
) -> None:
    owner = await open_account(core, phones=(MTS.address,))
    began = clock.now()
    await _texts(core, MTS, "of a registered phone")
    silent = await _texts(core, STRANGER, "of nobody")
    await core.receiving.finish(silent, silent=IncomingOutcome.NOT_OURS)
    await quote_by_sms(core)  # of PHONE, to the account
    clock.shift(timedelta(hours=1))
    failed = await _says(core, STRANGER, "1", account_id=owner)
    await _becomes(core, failed, NoticeState.FAILED, reason="smsc 0xb")
    await _says(core, STRANGER, "2")  # names the account's number
    log = core.sms_records.log
    assert _told(await log(Wanted(phone=STRANGER.address))) == ["paid", "paid", "of nobody"]
    assert _told(await log(Wanted(account="0100080"))) == [
        "paid",
        "paid",
        "quoted",
        "",
        "of a registered phone",
    ]
    assert _told(await log(Wanted(state="failed"))) == ["paid"]
    assert _told(await log(Wanted(state="queued"))) == ["paid", "quoted"]
    assert _told(await log(Wanted(state="done"))) == ["", "of nobody"]
    assert _told(await log(Wanted(outcome="silent: not_"))) == ["of nobody"]
    assert _told(await log(Wanted(outcome="reply"))) == ["quoted", ""]
    assert _told(await log(Wanted(since=began + timedelta(minutes=1)))) == ["paid", "paid"]
    assert _told(await log(Wanted(until=began + timedelta(minutes=1), went=False))) == [
        "", "of nobody", "of a registered phone",
    ]  # fmt: skip
    assert _told(await log(Wanted(came=False))) == ["paid", "paid", "quoted"]
    with pytest.raises(UnknownAccount):
        await log(Wanted(account="999"))


@ON_SQLITE
async def test_a_text_is_understood_before_its_numbers_are_masked(core: Core) -> None:
    await _texts(core, PHONE, "8 914 123 45 67")
    (found,) = await core.sms_records.log(Wanted(), reading=lambda text: {"letters": len(text)})
    assert isinstance(found, Received)
    assert (found.text, found.read_as) == ("8914…67", {"letters": 15})


@ON_SQLITE
async def test_whole_numbers_are_for_staff_alone_and_leave_a_trace(core: Core) -> None:
    await hire(core)
    message = await _texts(core, PHONE, "я 89141234567", raw="3839")
    assert "raw" not in (await core.sms_records.show(message)).received.told  # type: ignore[union-attr]
    with pytest.raises(NotStaff):
        await core.sms_records.log(Wanted(), full=Look("Somebody", "curious"))
    (found,) = await core.sms_records.log(Wanted(phone=PHONE.address), full=Look(VERA, "call 12"))
    assert isinstance(found, Received)
    assert (found.sender, found.text) == (PHONE.address, "я 89141234567")
    story = await core.sms_records.show(message, full=Look(VERA, "call 12"))
    assert story.received is not None
    assert story.received.told == {"raw": "3839"}
    entries = [row for row in await rows(core, audit) if row.action == "sms_numbers"]
    assert [(row.by, row.subject, row.why) for row in entries] == [
        (VERA, "log", "call 12"), (VERA, "show", "call 12"),
    ]  # fmt: skip
    assert PHONE.address not in entries[0].facts


async def test_a_story_joins_the_text_its_answer_and_the_money(core: Core, provider: FakeProvider) -> None:
    await open_account(core)
    await quote_by_sms(core, payer=MTS)
    assert await says_yes(core, MTS) is None
    paid, yes, quoted, asked = await core.sms_records.log(Wanted())
    assert _told([paid, yes, quoted, asked]) == ["paid", "", "quoted", ""]
    for either in (yes, paid):
        story = await core.sms_records.show(either.id)
        assert story.received is not None
        assert (story.received.id, [each.id for each in story.sent]) == (yes.id, [paid.id])
        (top_up,) = story.top_ups
        assert (top_up.number, top_up.operator, top_up.total) == (NUMBER, "mts", Money(113_00))
        assert [(move.state, move.why) for move in top_up.moves][:2] == [
            (TopUpState.QUOTED, "asked, mts: prefix"), (TopUpState.CONFIRMED, "by payer"),
        ]  # fmt: skip
        assert [(each.provider, each.state) for each in top_up.payments] == [("fake", "succeeded")]
    with pytest.raises(UnknownMessage):
        await core.sms_records.show(uuid4())


@ON_SQLITE
async def test_a_story_tells_the_status_of_every_part_and_try(core: Core, clock: FakeClock) -> None:
    one = await held(core)
    parts = PartSent(1, SmsState.SENT, "7F", receipt=True), PartSent(2, SmsState.FAILED, reason="smsc 0x8")
    await core.sms_sending.conclude([trial(one, *parts, end=End.LATER, total=2)])
    clock.shift(timedelta(minutes=1))
    (again,) = await core.sending.claim(Channel.SMS, 1)
    await core.sms_sending.conclude([trial(again, PartSent(2, SmsState.SENT, "80", receipt=True), total=2)])
    await core.sms_sending.receipts.take([told("7F"), told("80", state=SmsState.EXPIRED)])
    (sent,) = (await core.sms_records.show(one.id)).sent
    assert sent.status is SmsState.EXPIRED
    assert [(each.part, each.parts, each.bind, each.message_id, each.state) for each in sent.submissions] == [
        (1, 2, "smsc", "7F", "delivered"),
        (2, 2, "smsc", None, "failed"),
        (2, 2, "smsc", "80", "expired"),
    ]
    assert [each.reason for each in sent.submissions] == ["delivered 000", "smsc 0x8", "expired 000"]


@ON_SQLITE
async def test_what_no_text_asked_for_has_a_story_too(core: Core) -> None:
    alone = await _says(core, PHONE)
    story = await core.sms_records.show(alone)
    assert (story.received, story.top_ups, [each.id for each in story.sent]) == (None, [], [alone])
