"""What an SMS set going: its parts on their way, and what staff did."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.ids import NoticeId
from core.sms_states import SmsState
from core.storage.database import Transaction
from core.storage.message_tables import sms_submission
from core.storage.staff_tables import audit

RESEND = "sms_resend"  # the action, in the audit trail


@dataclass(frozen=True, slots=True)
class Submission:
    """A part of a text as an SMSC was given it; a text that was tried again has those of each try."""

    at: datetime
    part: int
    parts: int
    bind: str
    message_id: str | None  # the SMSC's, by which a receipt finds it
    state: SmsState
    reason: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Resend:
    """A member of staff sent a notice again: as which, and why."""

    at: datetime
    by: str
    why: str
    of: UUID
    resent_as: UUID


async def submissions_of(
    tx: Transaction, notices: Sequence[NoticeId]
) -> Mapping[NoticeId, Sequence[Submission]]:
    """What SMSCs were given of these notices, and what became of each part; the oldest first."""
    found: dict[NoticeId, list[Submission]] = defaultdict(list)
    for row in await tx.all(
        select(sms_submission)
        .where(sms_submission.c.notice_id.in_(notices))
        .order_by(sms_submission.c.trial, sms_submission.c.part)
    ):
        found[row.notice_id].append(
            Submission(
                at=row.submitted_at,
                part=row.part,
                parts=row.parts,
                bind=row.bind,
                message_id=row.message_id,
                state=row.state,
                reason=row.reason,
                settled_at=row.settled_at,
            )
        )
    return found


async def resends(tx: Transaction, notices: Sequence[NoticeId]) -> list[Resend]:
    """What staff did with these notices, the oldest first."""
    rows = await tx.all(
        select(audit).where(audit.c.key.in_([resend_key(each) for each in notices])).order_by(audit.c.number)
    )
    return [
        Resend(row.at, row.by, row.why, UUID(row.subject), UUID(json.loads(row.facts)["resent_as"]))
        for row in rows
    ]


def resend_key(notice_id: UUID) -> str:
    """A notice is sent again once; what was sent again is a notice of its own."""
    return f"{RESEND}:{notice_id}"
