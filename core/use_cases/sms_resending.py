"""Sending an SMS again by the word of staff: never by itself, and never doubled without being told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.clock import Clock
from core.ids import NoticeId, new_id
from core.messages import outbox
from core.messages.notices import Notice, Quoted
from core.notice_states import Role
from core.staff_errors import AlreadyResent, NotResendable, PerhapsTwice, PhoneStopped, UnknownMessage
from core.states import Channel, Lane, NoticeState, TopUpState
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows
from core.storage.tables import subscriber, top_up
from core.use_cases import audit
from core.use_cases.assignments import perhaps
from core.use_cases.sms_stories import RESEND, resend_key
from core.use_cases.staff import require

_NEW = NewRows(notice, "dedupe_key", returning="id")

NEVER_SENT = (NoticeState.FAILED, NoticeState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Resent:
    """The notice that goes out in the place of one that did not arrive."""

    id: NoticeId
    of: NoticeId
    template: str
    was: NoticeState


class SmsResending:
    def __init__(self, database: Database, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._clock = clock
        self._wall = wall

    async def resend(
        self, notice_id: UUID, *, by: str, why: str, perhaps_twice: bool = False, dry_run: bool = False
    ) -> Resent:
        """Send a text again that failed or expired, or, where `perhaps_twice` is agreed to, is uncertain.

        It is a notice of its own, marked as a repeat where the first may have arrived, and it goes at once,
        by night too. Raises NotStaff, NotAllowed, UnknownMessage, NotResendable, PerhapsTwice, AlreadyResent,
        PhoneStopped.
        """
        async with perhaps(self._database, dry_run=dry_run) as tx:
            await tx.alone("audit")
            await require(tx, by, Role.SENDER)
            row = await tx.first(
                select(notice)
                .where(notice.c.id == notice_id, notice.c.channel == Channel.SMS)
                .with_for_update()
            )
            if row is None:
                raise UnknownMessage(str(notice_id))
            await self._check(tx, row, perhaps_twice=perhaps_twice)
            now = self._wall.now()
            resent = NoticeId(new_id())
            await _store(tx, row, resent, now)
            facts = {"resent_as": resent, "template": row.template, "was": row.state, "because": row.reason}
            await audit.record(
                tx, key=resend_key(row.id), action=RESEND, subject=str(row.id), by=by, why=why, at=now,
                facts=facts,
            )  # fmt: skip
        return Resent(resent, row.id, row.template, row.state)

    async def _check(self, tx: Transaction, row: Any, *, perhaps_twice: bool) -> None:
        before = await audit.begin(tx, resend_key(row.id))
        if before is not None:
            raise AlreadyResent(before["resent_as"])
        if row.broadcast_id is not None:
            raise NotResendable("broadcast", row.state)
        if row.state not in (*NEVER_SENT, NoticeState.UNCERTAIN):
            raise NotResendable("state", row.state)
        if "sealed" in row.params:
            raise NotResendable("code", row.state)
        answers = await _answers(tx, row)
        if row.template == Quoted.template and not await self._is_open(tx, answers):
            raise NotResendable("quote", row.state)
        if answers is None and await _stopped(tx, row.address):
            raise PhoneStopped
        if row.state == NoticeState.UNCERTAIN and not perhaps_twice:
            raise PerhapsTwice

    async def _is_open(self, tx: Transaction, answers: UUID | None) -> bool:
        """Whether a quote's text can still be answered with a yes."""
        still = select(top_up.c.id).where(
            top_up.c.quoted_by == answers,
            top_up.c.state == TopUpState.QUOTED,
            top_up.c.expires_at > self._clock.now(),
        )
        return await tx.scalar(still) is not None


async def _answers(tx: Transaction, row: Any) -> UUID | None:
    """The text that a notice answers, or that the one answers which it stands in for."""
    while row.incoming_id is None and row.parent_id is not None:
        row = await tx.one(select(notice).where(notice.c.id == row.parent_id))
    found: UUID | None = row.incoming_id
    return found


async def _stopped(tx: Transaction, phone: str) -> bool:
    said = select(subscriber.c.stopped).where(
        subscriber.c.channel == Channel.SMS, subscriber.c.address == phone
    )
    return bool(await tx.scalar(said))


async def _store(tx: Transaction, row: Any, resent: NoticeId, now: datetime) -> None:
    kind = Notice.kinds.get(row.template)
    await _NEW.add_one(
        tx,
        id=resent,
        dedupe_key=resend_key(row.id),
        channel=row.channel,
        address=row.address,
        template=row.template,
        locale=row.locale,
        params=row.params,
        lane=Lane.PEOPLE,
        state=NoticeState.DUE,
        repeat=row.repeat or row.state == NoticeState.UNCERTAIN,
        created_at=now,
        next_at=now,
        expires_at=None if kind is None or kind.lives is None else now + kind.lives,
        account_id=row.account_id,
        parent_id=row.id,
        quiet=False,
    )
    tx.wake(outbox.topic(Channel.SMS, Lane.PEOPLE))
