"""An SMS that was perhaps sent, settled by the word of staff who asked the phone or the SMSC."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from core.clock import Clock
from core.ids import NoticeId
from core.notice_states import Role
from core.sms_states import SmsState
from core.staff_errors import NotUncertain, UnknownMessage
from core.states import Channel, NoticeState
from core.storage.database import Database
from core.storage.message_tables import notice, sms_submission
from core.use_cases import audit
from core.use_cases.assignments import perhaps
from core.use_cases.staff import require

SETTLE = "sms_settle"  # the action, in the audit trail
_STATES = {SmsState.DELIVERED: NoticeState.DELIVERED, SmsState.FAILED: NoticeState.FAILED}


@dataclass(frozen=True, slots=True)
class Settled:
    id: NoticeId
    template: str
    became: SmsState


class SmsSettling:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def settle(
        self, notice_id: UUID, *, delivered: bool, by: str, why: str, dry_run: bool = False
    ) -> Settled:
        """Write down what became of a text whose end nobody told us; what SMSCs told of its parts stays.

        Raises NotStaff, NotAllowed, UnknownMessage, NotUncertain.
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
            if row.state != NoticeState.UNCERTAIN:
                raise NotUncertain(row.state)
            now, became = self._wall.now(), SmsState.DELIVERED if delivered else SmsState.FAILED
            said = f"{by}: {why}"[:120]
            await tx.execute(
                update(notice).where(notice.c.id == row.id).values(state=_STATES[became], reason=said)
            )
            await tx.execute(
                update(sms_submission)
                .where(sms_submission.c.notice_id == row.id, sms_submission.c.state == SmsState.UNKNOWN)
                .values(state=became, reason=said, settled_at=now, ask_at=None)
            )
            await audit.record(
                tx, key=f"{SETTLE}:{row.id}", action=SETTLE, subject=str(row.id), by=by, why=why, at=now,
                facts={"became": became, "template": row.template, "because": row.reason},
            )  # fmt: skip
        return Settled(row.id, row.template, became)
