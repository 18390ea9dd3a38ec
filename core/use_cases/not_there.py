"""Not there: what we have booked of a period and the provider's register does not show."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, not_, or_, select

from core.ledger.transfer import clearing
from core.states import LineKind, RefundState, TransferKind
from core.storage.autopay_tables import refund
from core.storage.staff_tables import register_line
from core.storage.tables import ledger_transfer, payment
from core.use_cases.assignments import BOOKED
from core.use_cases.payment_names import SAID_PAID
from core.use_cases.register_sources import Period, Source


def payments_not_there(provider: str, source: Source, period: Period, ripe: datetime) -> Select[Any]:
    """Booked payments without a line; `ripe`: only what was booked before then."""
    columns = (
        payment.c.id,
        ledger_transfer.c.at,
        payment.c.provider_ref,
        payment.c.state,
        payment.c.total,
        payment.c.id.label("of"),
    )
    missing = (
        payment.c.provider == provider,
        payment.c.state.in_(BOOKED),
        # What staff settled was there before they looked: nothing of it is still on its way to the list.
        or_(ledger_transfer.c.at < ripe, payment.c.reason == SAID_PAID),
        _is_not_listed(provider, LineKind.PAYMENT, payment.c.provider_ref),
    )
    if source.covers is not None:
        booked = payment.join(ledger_transfer, ledger_transfer.c.id == payment.c.transfer_id)
        return select(*columns).select_from(booked).where(source.covers, *missing)
    booked = ledger_transfer.join(payment, payment.c.transfer_id == ledger_transfer.c.id)
    return (
        select(*columns)
        .select_from(booked)
        .where(
            # The index of what leaves the provider's clearing account: by time.
            ledger_transfer.c.debit == clearing(provider).id,
            ledger_transfer.c.at >= period.since,
            ledger_transfer.c.at < period.until,
            ledger_transfer.c.kind.in_([TransferKind.TOP_UP, TransferKind.SUSPENSE]),
            *missing,
        )
    )


def refunds_not_there(provider: str, period: Period, ripe: datetime) -> Select[Any]:
    """Refunds that were made, by the time when they were asked for, without a line."""
    return select(
        refund.c.id,
        refund.c.created_at.label("at"),
        refund.c.provider_ref,
        refund.c.state,
        refund.c.amount.label("total"),
        refund.c.payment_id.label("of"),
    ).where(
        refund.c.provider == provider,
        refund.c.state == RefundState.DONE,
        refund.c.created_at >= period.since,
        refund.c.created_at < min(period.until, ripe),
        _is_not_listed(provider, LineKind.REFUND, refund.c.provider_ref),
    )


def _is_not_listed(provider: str, kind: LineKind, reference: Any) -> ColumnElement[bool]:
    return not_(
        select(register_line.c.reference)
        .where(
            register_line.c.provider == provider,
            register_line.c.kind == kind,
            register_line.c.reference == reference,
        )
        .exists()
    )
