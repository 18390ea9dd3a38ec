"""Sent again by the word of staff: what did not arrive, once, with who and why; never doubled unasked."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.errors import Refusal
from core.ids import NoticeId, Payer
from core.messages import outbox
from core.messages.autopay_notices import SmsCode
from core.messages.incoming import Arrival
from core.messages.notices import Help, Notice, Paid
from core.money import Money
from core.notice_states import Reach
from core.settings import Settings
from core.staff_errors import (
    AlreadyResent,
    NotAllowed,
    NotResendable,
    NotStaff,
    PerhapsTwice,
    PhoneStopped,
    UnknownMessage,
)
from core.states import Channel, Lane, Method, NoticeState
from core.storage.broadcast_tables import sms_budget
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.use_cases.sms_resending import Resent
from core.wiring import Core
from tests.accounts import open_account
from tests.core.broadcast_scenes import ANNA, VERA, ended, hire, live_at, to_everybody
from tests.core.scenes import ON_POSTGRES, ON_SQLITE, PHONE, arrives, processes, quote_by_sms, rows, says_yes
from tests.fakes import FakeClock, FakeProvider

PAID = Paid("100080", Money(100_00), Money(3_00), Money(103_00), Method.MOBILE)
FAILED, EXPIRED, UNCERTAIN = NoticeState.FAILED, NoticeState.EXPIRED, NoticeState.UNCERTAIN


@pytest.fixture
async def staffed(core: Core) -> Core:
    await hire(core)
    return core


async def _stands(
    core: Core, state: NoticeState, said: Notice = PAID, *, to: Payer = PHONE, **values: Any
) -> NoticeId:
    """A notice that has come to this state."""
    async with core.database.transaction() as tx:
        key = f"k{len(await rows(core, notice))}"
        stored = await outbox.add(tx, to, said, key=key, locale="ru", now=core.wall.now())
        await tx.execute(update(notice).where(notice.c.id == stored).values(state=state, attempt=1, **values))
    assert stored is not None
    return stored


async def _resend(core: Core, of: NoticeId, *, by: str = ANNA, **how: Any) -> Resent:
    return await core.sms_resending.resend(of, by=by, why="call 12", **how)


async def _refused(core: Core, of: NoticeId, *, by: str = ANNA, **how: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await _resend(core, of, by=by, **how)
    return refused.value


async def _row(core: Core, of: NoticeId) -> Any:
    (row,) = await rows(core, notice, id=of)
    return row


@pytest.mark.parametrize("state", [FAILED, EXPIRED])
async def test_what_did_not_go_out_goes_out_as_a_notice_of_its_own(
    staffed: Core, clock: FakeClock, state: NoticeState
) -> None:
    failed = await _stands(staffed, state, reason="smsc 0xb", expires_at=clock.now())
    clock.shift(timedelta(hours=9))  # midnight: a person decided, and it goes
    resent = await _resend(staffed, failed)
    assert (resent.of, resent.was, resent.template) == (failed, state, "paid")
    (held,) = await staffed.sending.claim(Channel.SMS, 10)
    assert (held.id, held.params, held.repeat) == (resent.id, PAID.params(), False)
    assert held.parent_id == failed
    assert (await _row(staffed, failed)).state == state
    assert (await _row(staffed, resent.id)).expires_at == clock.now() + timedelta(days=3)
    assert await staffed.sending.spend([(held, 9999)]) == set()  # no budget of what nobody asked for
    assert await rows(staffed, sms_budget) == []
    entry = (await rows(staffed, audit))[-1]
    assert (entry.action, entry.subject, entry.by, entry.why) == ("sms_resend", str(failed), ANNA, "call 12")
    story = await staffed.sms_records.show(failed)
    assert [each.id for each in story.sent] == [failed, resent.id]
    assert [(each.by, each.of, each.resent_as) for each in story.resends] == [(ANNA, failed, resent.id)]


@ON_SQLITE
async def test_what_may_have_arrived_is_sent_again_only_when_that_is_agreed_to(staffed: Core) -> None:
    uncertain = await _stands(staffed, UNCERTAIN)
    assert isinstance(await _refused(staffed, uncertain), PerhapsTwice)
    resent = await _resend(staffed, uncertain, perhaps_twice=True)
    assert (await _row(staffed, resent.id)).repeat  # its reader is told


@ON_SQLITE
async def test_a_notice_is_sent_again_once_and_its_successor_when_that_fails_too(staffed: Core) -> None:
    failed = await _stands(staffed, FAILED)
    second = await _resend(staffed, failed)
    assert await _refused(staffed, failed) == AlreadyResent(str(second.id))
    assert await _refused(staffed, second.id) == NotResendable("state", NoticeState.DUE)
    async with staffed.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == second.id).values(state=FAILED))
    third = await _resend(staffed, second.id)
    story = await staffed.sms_records.show(second.id)
    assert [each.id for each in story.sent] == [failed, second.id, third.id]


@ON_SQLITE
async def test_a_dry_run_stores_nothing(staffed: Core) -> None:
    failed = await _stands(staffed, FAILED)
    assert (await _resend(staffed, failed, dry_run=True)).of == failed
    assert len(await rows(staffed, notice)) == 1
    assert "sms_resend" not in {row.action for row in await rows(staffed, audit)}


@ON_SQLITE
@pytest.mark.parametrize("state", sorted(set(NoticeState) - {FAILED, EXPIRED, UNCERTAIN}))
async def test_what_is_on_its_way_or_arrived_is_not_sent_again(staffed: Core, state: NoticeState) -> None:
    lease: dict[str, Any] = {"lease_until": staffed.wall.now()} if state is NoticeState.TAKEN else {}
    assert await _refused(staffed, await _stands(staffed, state, **lease), perhaps_twice=True) == (
        NotResendable("state", state)
    )


@ON_SQLITE
async def test_staff_who_send_may_and_nobody_else(staffed: Core) -> None:
    failed = await _stands(staffed, FAILED)
    assert isinstance(await _refused(staffed, failed, by="Somebody"), NotStaff)
    assert isinstance(await _refused(staffed, failed, by=VERA), NotAllowed)
    chat = await _stands(staffed, FAILED, to=Payer.telegram(5))
    assert isinstance(await _refused(staffed, chat), UnknownMessage)


@ON_SQLITE
async def test_codes_and_quotes_that_are_over_are_not_sent_again(staffed: Core, clock: FakeClock) -> None:
    code = await _stands(staffed, FAILED, SmsCode(sealed="x", purpose="link", number="1"))
    assert await _refused(staffed, code) == NotResendable("code", FAILED)
    await open_account(staffed)
    await quote_by_sms(staffed)
    (quoted,) = await rows(staffed, notice, template="quoted")
    async with staffed.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == quoted.id).values(state=FAILED))
    assert (await _resend(staffed, quoted.id, dry_run=True)).template == "quoted"
    clock.shift(timedelta(minutes=15))
    assert await _refused(staffed, quoted.id) == NotResendable("quote", FAILED)


@ON_SQLITE
async def test_who_wants_nothing_unasked_gets_replies_alone(staffed: Core) -> None:
    await open_account(staffed)
    await quote_by_sms(staffed)
    await says_yes(staffed)
    unasked = await _stands(staffed, FAILED)
    (reply,) = [row for row in await rows(staffed, notice, template="paid") if row.incoming_id is not None]
    async with staffed.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == reply.id).values(state=FAILED))
    await staffed.subscribers.stop(PHONE, answering=await arrives(staffed))
    assert isinstance(await _refused(staffed, unasked), PhoneStopped)
    again = await _resend(staffed, reply.id)
    async with staffed.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.id == again.id).values(state=FAILED))
    await _resend(staffed, again.id)  # it still answers what he asked


@ON_SQLITE
async def test_what_answers_a_text_goes_by_the_way_it_came_by_however_often_it_is_sent_again(
    staffed: Core,
) -> None:
    payload = {"text": "help", "bind": "second#2"}
    arrival = Arrival(Channel.SMS, "second", "1", PHONE.address, payload)
    (asked,) = await staffed.receiving.accept([arrival])
    await staffed.receiving.finish(asked.id, reply=Help(), to=PHONE)
    (reply,) = await rows(staffed, notice)
    await _stands(staffed, FAILED)
    for n in range(3):
        (held,) = await staffed.sending.claim(Channel.SMS, 10)
        assert (held.smsc, held.bind) == ("second", "second#2")
        assert (held.incoming_id is None) == (n > 0)  # a text has one reply
        async with staffed.database.transaction() as tx:
            await tx.execute(update(notice).where(notice.c.id == held.id).values(state=FAILED))
        await _resend(staffed, held.id)
    assert reply.incoming_id == asked.id
    assert await staffed.invariants.check() == []


@ON_SQLITE
async def test_what_answers_nothing_has_no_way_of_its_own_when_it_is_sent_again(staffed: Core) -> None:
    await _resend(staffed, await _stands(staffed, FAILED))
    (held,) = await staffed.sending.claim(Channel.SMS, 10)
    assert (held.smsc, held.bind) == (None, None)


@ON_SQLITE
async def test_a_broadcasts_recipient_is_tried_again_by_its_broadcast(staffed: Core) -> None:
    await live_at(staffed, "3", phones=("79140000003",))
    await ended(staffed, {"79140000003": (FAILED, "smsc 0xb")}, **to_everybody(Reach.SMS))
    (row,) = await rows(staffed, notice, channel=Channel.SMS, template="broadcast")
    assert await _refused(staffed, row.id) == NotResendable("broadcast", FAILED)


@ON_POSTGRES
async def test_two_of_the_staff_at_once_send_it_again_once(
    staffed: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    failed = await _stands(staffed, FAILED)
    async with processes(settings, clock, provider, count=2) as cores:
        said = await asyncio.gather(*(_resend(each, failed) for each in cores), return_exceptions=True)
    assert sorted(type(each).__name__ for each in said) == ["AlreadyResent", "Resent"]
    assert len(await rows(staffed, notice, lane=Lane.PEOPLE, state=NoticeState.DUE)) == 1
