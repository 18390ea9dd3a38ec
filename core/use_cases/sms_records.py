"""Records of SMS: what came, what went, why each has its outcome; whole numbers for who asks alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from core.clock import Clock
from core.ids import IncomingId, NoticeId
from core.messages.masking import mask_phone, mask_phones
from core.messages.outbox import DueNotice
from core.sms_states import SMS_STATE_OF_NOTICE, SmsState
from core.staff_errors import UnknownMessage
from core.states import Channel, IncomingOutcome, IncomingState, NoticeState
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming, notice
from core.use_cases.accounts import account_asked_for
from core.use_cases.disclosures import Look, disclose, looking
from core.use_cases.sms_record_filters import Wanted, of_incoming, of_notices
from core.use_cases.sms_stories import Resend, Submission, resends, submissions_of
from core.use_cases.top_up_stories import TopUpStory, top_ups_of

Reading = Callable[[str], Mapping[str, Any]]


def _unread(_text: str) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Received:
    """A text that came: its outcome as stored, `because` where that is not all, and its answer."""

    id: IncomingId
    at: datetime
    sender: str
    source: str
    text: str
    read_as: Mapping[str, Any]  # by the grammar of today
    told: dict[str, Any]  # what the door stored beside the text
    state: IncomingState
    outcome: IncomingOutcome | None  # none while it is new
    because: str | None
    attempt: int
    reply: NoticeId | None
    reply_template: str | None
    reply_state: NoticeState | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that goes out; `due` words it. `reason` is what the SMSC or the network said of it.

    `submissions` are its parts as SMSCs were given them: of a story, not of a log.
    """

    id: NoticeId
    at: datetime
    address: str
    state: NoticeState
    reason: str | None
    attempt: int
    sent_at: datetime | None
    next_at: datetime
    expires_at: datetime | None
    message_id: str | None  # the SMSC's, by which a receipt finds it
    due: DueNotice
    submissions: Sequence[Submission] = ()

    @property
    def template(self) -> str:
        return self.due.template

    @property
    def status(self) -> SmsState:
        """Queued, sent, and how it ended: what staff call its state."""
        return SMS_STATE_OF_NOTICE[self.state]


@dataclass(frozen=True, slots=True)
class Story:
    """A message with what belongs to it: the text it answers, its answers, the money, and what staff did."""

    received: Received | None
    sent: Sequence[Sent]
    top_ups: Sequence[TopUpStory]
    resends: Sequence[Resend]


class SmsRecords:
    """`reading` understands a text before its numbers are masked: the core knows no grammar."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def log(
        self, wanted: Wanted, *, reading: Reading = _unread, full: Look | None = None
    ) -> list[Received | Sent]:
        """The messages that fit, the newest first.

        Raises UnknownAccount; NotStaff where `full` is asked for by somebody else.
        """
        async with looking(self._database, full) as tx:
            await self._disclose(tx, full, "log", wanted.facts())
            account_id = await account_asked_for(tx, wanted.account)
            found: list[Received | Sent] = []
            if wanted.came:
                rows = await tx.all(of_incoming(_INCOMING, wanted, account_id))
                found += [_received(row, reading) for row in rows]
            if wanted.went:
                found += [_sent(row) for row in await tx.all(of_notices(_NOTICES, wanted, account_id))]
        found.sort(key=lambda each: (each.at, each.id), reverse=True)
        return [_shown(each, full) for each in found[: wanted.limit]]

    async def show(self, message_id: UUID, *, reading: Reading = _unread, full: Look | None = None) -> Story:
        """One message and what belongs to it. Raises UnknownMessage; NotStaff as `log`."""
        async with looking(self._database, full) as tx:
            came = await tx.first(_INCOMING.where(incoming.c.id == message_id))
            went = await tx.first(_NOTICES.where(notice.c.id == message_id))
            if came is None and went is None:
                raise UnknownMessage(str(message_id))
            await self._disclose(tx, full, "show", {"message": str(message_id)})
            if came is None and went is not None and went.incoming_id is not None:
                came = await tx.first(_INCOMING.where(incoming.c.id == went.incoming_id))
            if went is None and came is not None and came.reply is not None:
                went = await tx.first(_NOTICES.where(notice.c.id == came.reply))
            family = [] if went is None else await _family(tx, went)
            stories = [] if came is None else await top_ups_of(tx, came.id)
            ids = [each.id for each in family]
            parts, done = await submissions_of(tx, ids), await resends(tx, ids)
        return Story(
            received=None if came is None else _masked_in(_received(came, reading), full),
            sent=[_masked_out(_sent(row, parts.get(row.id, ())), full) for row in family],
            top_ups=stories,
            resends=done,
        )

    async def _disclose(self, tx: Transaction, full: Look | None, what: str, facts: dict[str, Any]) -> None:
        await disclose(tx, full, "sms_numbers", what, facts, self._wall.now())


_reply = notice.alias("reply")
_INCOMING = (
    select(
        *incoming.c,
        _reply.c.id.label("reply"),
        _reply.c.template.label("reply_template"),
        _reply.c.state.label("reply_state"),
    )
    .outerjoin(_reply, _reply.c.incoming_id == incoming.c.id)
    .where(incoming.c.channel == Channel.SMS)
)
_NOTICES: Select[Any] = select(notice).where(notice.c.channel == Channel.SMS)


async def _family(tx: Transaction, row: Any) -> list[Any]:
    """A notice, what it stands in for, and what stands in for it, the oldest first."""
    found = [row]
    while found[0].parent_id is not None:
        found.insert(0, await tx.one(select(notice).where(notice.c.id == found[0].parent_id)))
    newest = [found[-1].id]
    while later := await tx.all(
        select(notice).where(notice.c.parent_id.in_(newest), notice.c.parent_id.is_not(None))
    ):
        found += [each for each in later if each.channel == Channel.SMS]
        newest = [each.id for each in later]
    return [each for each in found if each.channel == Channel.SMS]


def _received(row: Any, reading: Reading) -> Received:
    payload = dict(row.payload)
    text = str(payload.pop("text", ""))
    return Received(
        id=row.id,
        at=row.received_at,
        sender=row.sender,
        source=row.source,
        text=text,
        read_as=reading(text) if text else {},
        told=payload,
        state=row.state,
        outcome=row.outcome,
        because=row.reason,
        attempt=row.attempt,
        reply=row.reply,
        reply_template=row.reply_template,
        reply_state=row.reply_state,
    )


def _sent(row: Any, submissions: Sequence[Submission] = ()) -> Sent:
    names = ("id", "channel", "address", "template", "locale", "params", "attempt", "edit", "repeat",
             "incoming_id", "lane", "account_id", "broadcast_id", "parent_id")  # fmt: skip
    facts = {name: getattr(row, name) for name in names}
    return Sent(
        id=row.id,
        at=row.created_at,
        address=row.address,
        state=row.state,
        reason=row.reason,
        attempt=row.attempt,
        sent_at=row.sent_at,
        next_at=row.next_at,
        expires_at=row.expires_at,
        message_id=row.provider_id,
        due=DueNotice(lease=row.id, **facts),
        submissions=submissions,
    )


def _shown(each: Received | Sent, full: Look | None) -> Received | Sent:
    return _masked_in(each, full) if isinstance(each, Received) else _masked_out(each, full)


def _masked_in(each: Received, full: Look | None) -> Received:
    if full is not None:
        return each
    told = {name: value for name, value in each.told.items() if name != "raw"}  # its octets spell numbers too
    return replace(each, sender=_number(each.sender), text=mask_phones(each.text), told=told)


def _masked_out(each: Sent, full: Look | None) -> Sent:
    if full is not None:
        return each
    hidden = _number(each.address)
    return replace(each, address=hidden, due=replace(each.due, address=hidden))


def _number(address: str) -> str:
    return mask_phone(address) if address.isdecimal() else address
