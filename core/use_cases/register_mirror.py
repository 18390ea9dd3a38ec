"""The mirror of a provider's register, line by line beside our own records, and how the two differ."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from core.payments.provider import RegisterLine, Succeeded
from core.states import DifferenceKind, LineKind, PaymentState, RefundState
from core.storage.autopay_tables import refund
from core.storage.database import Transaction
from core.storage.staff_tables import assignment, register_line
from core.storage.tables import account, ledger_transfer, payment, top_up
from core.use_cases.assignments import BOOKED

REFERENCE_LARGEST = 64
NUMBER_LARGEST = 32
_KEY = ("provider", "kind", "reference")
_NAMES = [column.name for column in register_line.columns if column.name not in _KEY]


def _upsert(insert: Any) -> Any:
    statement = insert(register_line)
    return statement.on_conflict_do_update(
        index_elements=_KEY, set_={name: statement.excluded[name] for name in _NAMES}
    )


_KEEP = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}


async def keep(tx: Transaction, run: Any, lines: Sequence[RegisterLine], now: datetime) -> None:
    """Store lines, or what they say now; one that is there already is the same row."""
    rows = [_row(run, line, now) for line in lines]
    if rows:
        await tx.execute(_KEEP["sqlite" if tx.sqlite else "postgresql"], rows)


def _row(run: Any, line: RegisterLine, now: datetime) -> dict[str, Any]:
    money, paid = line.money, isinstance(line.money, Succeeded)
    total = money.total if isinstance(money, Succeeded) else money.amount
    vouched = money.vouched if isinstance(money, Succeeded) else None
    return {
        "provider": run.provider,
        "kind": LineKind.PAYMENT if paid else LineKind.REFUND,
        "reference": money.reference[:REFERENCE_LARGEST],
        "of": None if isinstance(money, Succeeded) else money.of,
        "payment_id": line.payment_id,
        "number": money.number[:NUMBER_LARGEST] if isinstance(money, Succeeded) else "",
        "total": total.kopecks,
        "vouched": None if vouched is None else vouched.kopecks,
        "currency": money.currency[:8],
        "method": line.method,
        "merchant": line.merchant,
        "at": line.at,
        "run_id": run.id,
        "seen_at": now,
    }


def payments(*where: ColumnElement[bool]) -> Select[Any]:
    """Lines of payments, each beside what we have under its reference."""
    given = (
        select(func.coalesce(func.sum(refund.c.amount), 0))
        .where(refund.c.payment_id == payment.c.id, refund.c.state == RefundState.DONE)
        .scalar_subquery()
    )
    named = and_(
        payment.c.provider == register_line.c.provider, payment.c.provider_ref == register_line.c.reference
    )
    return (
        select(
            register_line,
            payment.c.id.label("our_id"),
            payment.c.state.label("our_state"),
            payment.c.total.label("our_total"),
            payment.c.method.label("our_method"),
            payment.c.reason.label("our_reason"),
            payment.c.top_up_id,
            account.c.number.label("our_number"),
            assignment.c.id.label("assigned"),
            ledger_transfer.c.amount.label("booked"),
            given.label("given"),
        )
        .outerjoin(payment, named)
        .outerjoin(top_up, top_up.c.id == payment.c.top_up_id)
        .outerjoin(account, account.c.id == top_up.c.account_id)
        .outerjoin(assignment, assignment.c.payment_id == payment.c.id)
        .outerjoin(ledger_transfer, ledger_transfer.c.id == payment.c.transfer_id)
        .where(register_line.c.kind == LineKind.PAYMENT, *where)
    )


def disagreeing_payments(*where: ColumnElement[bool]) -> Select[Any]:
    same = and_(
        payment.c.state == PaymentState.SUCCEEDED,
        payment.c.total == register_line.c.total,
        register_line.c.currency == "RUB",
        register_line.c.merchant.is_(None),
        or_(register_line.c.number == "", register_line.c.number == account.c.number),
    )
    return payments(*where, same.is_not(true()))


def refunds(*where: ColumnElement[bool]) -> Select[Any]:
    """Lines of refunds, each beside ours of its reference."""
    named = and_(
        refund.c.provider == register_line.c.provider, refund.c.provider_ref == register_line.c.reference
    )
    return (
        select(
            register_line,
            refund.c.id.label("our_id"),
            refund.c.payment_id.label("our_payment"),
            refund.c.state.label("our_state"),
            refund.c.amount.label("our_total"),
        )
        .outerjoin(refund, named)
        .where(register_line.c.kind == LineKind.REFUND, *where)
    )


def disagreeing_refunds(*where: ColumnElement[bool]) -> Select[Any]:
    same = and_(
        refund.c.state == RefundState.DONE,
        refund.c.amount == register_line.c.total,
        register_line.c.currency == "RUB",
        register_line.c.merchant.is_(None),
    )
    return refunds(*where, same.is_not(true()))


def judge_payment(row: Any) -> DifferenceKind | None:
    """How a line of `payments` differs from ours; None where it does not, or staff have settled it."""
    if row.merchant is not None:
        return DifferenceKind.MERCHANT
    if row.currency != "RUB":
        return DifferenceKind.CURRENCY
    if row.our_id is None or row.our_state not in BOOKED:
        return DifferenceKind.MISSING_HERE
    held = row.our_state == PaymentState.HELD
    if held and (row.assigned is not None or row.given >= row.booked):
        return None
    if held and row.our_reason == "second success":
        return DifferenceKind.SECOND_SUCCESS
    if row.top_up_id is None:
        return DifferenceKind.UNKNOWN_PAYMENT
    if row.number not in ("", row.our_number):
        return DifferenceKind.ACCOUNT
    if row.total != row.our_total:
        return DifferenceKind.AMOUNT
    return DifferenceKind.HELD if held else None


def judge_refund(row: Any) -> DifferenceKind | None:
    if row.merchant is not None:
        return DifferenceKind.MERCHANT
    if row.currency != "RUB":
        return DifferenceKind.CURRENCY
    if row.our_state != RefundState.DONE:
        return DifferenceKind.REFUND_MISSING_HERE
    return DifferenceKind.REFUND_AMOUNT if row.our_total != row.total else None


def theirs(row: Any) -> Mapping[str, Any]:
    """The provider's side of a difference, as it is stored and shown."""
    said = {"total": row.total, "currency": row.currency, "at": row.at.isoformat()}
    more = {"number": row.number, "of": row.of, "merchant": row.merchant}
    return said | {name: value for name, value in more.items() if value}


def ours(row: Any) -> Mapping[str, Any] | None:
    if row.our_id is None:
        return None
    number = getattr(row, "our_number", None)
    return {"id": str(row.our_id), "state": row.our_state, "total": row.our_total} | (
        {} if number is None else {"number": number}
    )
