"""Which SMS staff look for: by phone, account, state, outcome and time, as conditions on inbox and outbox."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, union

from core.messages.masking import mask_phone
from core.sms_states import SMS_STATE_OF_NOTICE
from core.states import IncomingOutcome, IncomingState, NoticeState
from core.storage.message_tables import incoming, notice
from core.storage.tables import account, account_phone, top_up

MOST = 10_000  # lines at once


@dataclass(frozen=True, slots=True)
class Wanted:
    """What fits all of these. A state may be one of the inbox's, of the outbox's, or a status of an SMS."""

    phone: str | None = None  # E.164 digits, or a sender of letters
    account: str | None = None  # its number
    state: str | None = None
    outcome: str | None = None  # what an incoming message's begins with
    since: datetime | None = None
    until: datetime | None = None
    came: bool = True
    went: bool = True
    limit: int = 50

    def facts(self) -> dict[str, Any]:
        """As the audit trail keeps it: a whole number is nobody's business there."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return said if self.phone is None else said | {"phone": mask_phone(self.phone)}


def of_incoming(rows: Select[Any], wanted: Wanted, account_id: UUID | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = _between(incoming.c.received_at, wanted)
    if wanted.phone is not None:
        conditions.append(incoming.c.sender == wanted.phone)
    if wanted.state is not None:
        conditions.append(incoming.c.state.in_([each for each in IncomingState if each == wanted.state]))
    if wanted.outcome is not None:
        conditions.append(incoming.c.outcome.in_(_beginning(wanted.outcome)))
    if account_id is not None:
        conditions.append(
            or_(incoming.c.sender.in_(_phones(account_id)), incoming.c.id.in_(_asked(account_id)))
        )
    # Ids rise with time: the newest are read off the end of the table.
    return rows.where(*conditions).order_by(incoming.c.id.desc()).limit(min(wanted.limit, MOST))


def of_notices(rows: Select[Any], wanted: Wanted, account_id: UUID | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = _between(notice.c.created_at, wanted)
    if wanted.phone is not None:
        conditions.append(notice.c.address == wanted.phone)
    if wanted.state is not None:
        conditions.append(notice.c.state.in_(_of_status(wanted.state)))
    if wanted.outcome is not None:
        answered = select(incoming.c.id).where(incoming.c.outcome.in_(_beginning(wanted.outcome)))
        conditions.append(notice.c.incoming_id.in_(answered))
    if account_id is not None:
        number = select(account.c.number).where(account.c.id == account_id).scalar_subquery()
        conditions.append(
            or_(
                notice.c.account_id == account_id,
                notice.c.address.in_(_phones(account_id)),
                notice.c.incoming_id.in_(_asked(account_id)),
                notice.c.params["number"].as_string() == number,
            )
        )
    return rows.where(*conditions).order_by(notice.c.id.desc()).limit(min(wanted.limit, MOST))


def _beginning(said: str) -> list[IncomingOutcome]:
    return [outcome for outcome in IncomingOutcome if outcome.startswith(said)]


def _between(at: ColumnElement[Any], wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [] if wanted.since is None else [at >= wanted.since]
    return conditions if wanted.until is None else [*conditions, at < wanted.until]


def _of_status(said: str) -> list[NoticeState]:
    """The states that a word stands for: its own, and those which as an SMS have that status."""
    return [state for state, status in SMS_STATE_OF_NOTICE.items() if said in (state, status)]


def _phones(account_id: UUID) -> Select[Any]:
    return select(account_phone.c.msisdn).where(account_phone.c.account_id == account_id)


def _asked(account_id: UUID) -> Any:
    """The messages that asked for a top-up of the account, or confirmed one."""
    mine = top_up.c.account_id == account_id
    return union(
        select(top_up.c.quoted_by).where(mine, top_up.c.quoted_by.is_not(None)),
        select(top_up.c.confirmed_by).where(mine, top_up.c.confirmed_by.is_not(None)),
    )
