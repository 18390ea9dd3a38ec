"""Records of payments: what came of each and why, as staff look at it; whole numbers for who asks alone."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from core.clock import Clock
from core.errors import UnknownPayment
from core.ids import PaymentId
from core.messages.masking import mask_id, mask_phone, mask_phones
from core.money import Money
from core.payments.choice import Providers
from core.states import Channel, Method, PaymentState
from core.storage.database import Database
from core.storage.staff_tables import assignment
from core.storage.tables import account, payment, top_up
from core.use_cases import payment_names
from core.use_cases.accounts import account_asked_for
from core.use_cases.disclosures import Look, disclose, looking
from core.use_cases.payment_callbacks import callbacks_of
from core.use_cases.payment_record_filters import WantedPayments, of_payments
from core.use_cases.payment_stories import Story, audited, legs_of, moved_of, notices_of, refunds_of
from core.use_cases.top_up_stories import top_up_of

NUMBERS = "payment_numbers"  # the action, in the audit trail


@dataclass(frozen=True, slots=True)
class Record:
    """A payment. What nobody asked for has neither payer nor account, amount and commission."""

    id: PaymentId
    at: datetime
    top_up_id: UUID | None
    channel: Channel | None
    payer: str | None
    number: str | None  # of the account that was asked for
    moved_to: str | None  # of the one where staff put it
    amount: Money | None
    commission: Money | None
    total: Money
    method: Method
    provider: str
    reference: str | None
    state: PaymentState
    reason: str | None
    card_mask: str | None
    asked: int  # how often its provider was called or asked, since its state changed last
    next_at: datetime | None
    in_hand_until: datetime | None  # a process is at it


class PaymentRecords:
    """`providers` read the callbacks that they sent."""

    def __init__(self, database: Database, providers: Providers, wall: Clock) -> None:
        self._database = database
        self._providers = providers
        self._wall = wall

    async def log(self, wanted: WantedPayments, *, full: Look | None = None) -> list[Record]:
        """The payments that fit, the newest first.

        Raises UnknownAccount; NotStaff where `full` is asked for by somebody else.
        """
        async with looking(self._database, full) as tx:
            await disclose(tx, full, NUMBERS, "log", wanted.facts(), self._wall.now())
            account_id = await account_asked_for(tx, wanted.account)
            providers = await payment_names.providers(tx)
            rows = await tx.all(of_payments(_PAYMENTS, wanted, account_id, providers))
        return [_record(row, full) for row in rows]

    async def show(self, name: str, *, full: Look | None = None) -> tuple[Record, Story]:
        """A payment by our id or the provider's reference, and all that belongs to it.

        Raises UnknownPayment; NotStaff as `log`.
        """
        async with looking(self._database, full) as tx:
            rows = await tx.all(_PAYMENTS.where(await payment_names.which(tx, name)).limit(2))
            if len(rows) != 1:  # one reference at two providers is no name either
                raise UnknownPayment
            row = rows[0]
            await disclose(tx, full, NUMBERS, str(row.id), {}, self._wall.now())
            refunds = await refunds_of(tx, row.id)
            story = Story(
                top_up=await top_up_of(tx, row.top_up_id),
                callbacks=await callbacks_of(tx, row, self._providers),
                refunds=refunds,
                moved=await moved_of(tx, row.id),
                legs=await legs_of(tx, row.id),
                notices=await notices_of(tx, row, refunds),
                deeds=await audited(tx, row.id),
            )
        return _record(row, full), _shown(story, full)


_to = account.alias("moved_to")
_PAYMENTS: Select[Any] = (
    select(
        payment,
        top_up.c.channel,
        top_up.c.payer,
        top_up.c.amount,
        top_up.c.commission,
        top_up.c.quoted_by,
        top_up.c.confirmed_by,
        account.c.number,
        _to.c.number.label("moved_to"),
    )
    .outerjoin(top_up, top_up.c.id == payment.c.top_up_id)
    .outerjoin(account, account.c.id == top_up.c.account_id)
    .outerjoin(assignment, assignment.c.payment_id == payment.c.id)
    .outerjoin(_to, _to.c.id == assignment.c.to_account)
)


def _record(row: Any, full: Look | None) -> Record:
    return Record(
        id=row.id,
        at=row.created_at,
        top_up_id=row.top_up_id,
        channel=row.channel,
        payer=row.payer if full is not None else _hidden(row.channel, row.payer),
        number=row.number,
        moved_to=row.moved_to,
        amount=None if row.amount is None else Money(row.amount),
        commission=None if row.commission is None else Money(row.commission),
        total=Money(row.total),
        method=row.method,
        provider=row.provider,
        reference=row.provider_ref,
        state=row.state,
        reason=row.reason,
        card_mask=row.card_mask,
        asked=row.asked,
        next_at=row.next_at,
        in_hand_until=row.lease_until,
    )


def _hidden(channel: Channel | None, address: str | None) -> str | None:
    if address is None:
        return None
    return mask_phone(address) if channel == Channel.SMS else mask_id(address)


def _shown(story: Story, full: Look | None) -> Story:
    if full is not None:
        return story
    return replace(
        story,
        notices=[replace(each, address=_hidden(each.channel, each.address) or "") for each in story.notices],
        deeds=[replace(each, why=mask_phones(each.why)) for each in story.deeds],
    )
