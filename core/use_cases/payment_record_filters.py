"""Which payments staff look for: by account, payer's phone, state, provider and time, each by an index."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, union

from core.messages.masking import mask_phone
from core.states import Channel, PaymentState
from core.storage.queue import unfinished
from core.storage.staff_tables import assignment
from core.storage.tables import payment, top_up

MOST = 10_000  # lines at once
UNFINISHED = (PaymentState.INTENT, PaymentState.SENDING, PaymentState.PENDING, PaymentState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class WantedPayments:
    """What fits all of these."""

    account: str | None = None  # its number: paid to it, or moved there by staff
    phone: str | None = None  # the payer's, in E.164 digits
    state: PaymentState | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50

    def facts(self) -> dict[str, Any]:
        """As the audit trail keeps it: a whole number is nobody's business there."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return said if self.phone is None else said | {"phone": mask_phone(self.phone)}


def of_payments(
    rows: Select[Any], wanted: WantedPayments, account_id: UUID | None, providers: Sequence[str]
) -> Select[Any]:
    """`providers`: all that there are."""
    conditions: list[ColumnElement[bool]] = []
    if account_id is not None:
        conditions.append(payment.c.id.in_(_of_account(account_id)))
    if wanted.phone is not None:
        conditions.append(payment.c.id.in_(_of_phone(wanted.phone)))
    if wanted.state is not None:
        conditions.append(payment.c.state == wanted.state)
    if wanted.state in UNFINISHED:
        conditions.append(payment.c.id.in_(select(payment.c.id).where(unfinished(payment)).correlate(None)))
    if wanted.since is not None or wanted.until is not None or wanted.provider is not None:
        # The index of time begins with the provider.
        named = providers if wanted.provider is None else [wanted.provider]
        conditions.append(payment.c.provider.in_(named))
    if wanted.since is not None:
        conditions.append(payment.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(payment.c.created_at < wanted.until)
    # Ids rise with time: the newest are read off the end of the table, a stretch of time by its index.
    bounded = wanted.since is not None and wanted.until is not None
    newest = [payment.c.created_at.desc(), payment.c.id.desc()][0 if bounded else 1 :]
    return rows.where(*conditions).order_by(*newest).limit(min(wanted.limit, MOST))


def _of_account(account_id: UUID) -> Any:
    return union(
        select(payment.c.id)
        .join(top_up, top_up.c.id == payment.c.top_up_id)
        .where(top_up.c.account_id == account_id),
        select(assignment.c.payment_id).where(assignment.c.to_account == account_id),
    )


def _of_phone(msisdn: str) -> Any:
    return (
        select(payment.c.id)
        .join(top_up, top_up.c.id == payment.c.top_up_id)
        .where(top_up.c.channel == Channel.SMS, top_up.c.payer == msisdn)
    )
