"""Invariants of the register's mirror, of assigned money and of the audit trail: I3, I5, I11."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from core.states import DifferenceState, LineKind, PaymentState, RefundState, TransferKind
from core.storage.autopay_tables import refund
from core.storage.database import Transaction
from core.storage.staff_tables import assignment, difference, register_line
from core.storage.tables import ledger_transfer, payment
from core.use_cases import audit
from core.use_cases.asking import Moment
from core.use_cases.assignments import BOOKED
from core.use_cases.autopay_invariants import Rule
from core.use_cases.violations import SETTLED_WITHIN, Violation, violations


async def successes(tx: Transaction, now: Moment) -> list[Violation]:
    """I3: a success in the register that is in no book, and that no member of staff has answered for."""
    booked = select(payment.c.id).where(
        payment.c.provider == register_line.c.provider,
        payment.c.provider_ref == register_line.c.reference,
        payment.c.state.in_(BOOKED),
    )
    answered = select(difference.c.id).where(
        difference.c.provider == register_line.c.provider,
        difference.c.reference == register_line.c.reference,
        difference.c.state == DifferenceState.SOLVED,
    )
    nowhere = select(register_line.c.reference).where(
        register_line.c.kind == LineKind.PAYMENT,
        register_line.c.merchant.is_(None),
        register_line.c.seen_at < now.wall - SETTLED_WITHIN,
        ~booked.exists(),
        ~answered.exists(),
    )
    return await violations(tx, "I3", nowhere, "the success {} of the register is in no book")


async def held(tx: Transaction, _now: Moment) -> list[Violation]:
    """I5: more given back of what is in suspense than had come."""
    too_much = (
        select(payment.c.id)
        .join(ledger_transfer, ledger_transfer.c.id == payment.c.transfer_id)
        .join(refund, refund.c.payment_id == payment.c.id)
        .where(payment.c.state == PaymentState.HELD, refund.c.state != RefundState.DECLINED)
        .group_by(payment.c.id, ledger_transfer.c.amount)
        .having(func.sum(refund.c.amount) > ledger_transfer.c.amount)
    )
    return await violations(tx, "I5", too_much, "more than came is given back of payment {}")


async def assignments(tx: Transaction, _now: Moment) -> list[Violation]:
    """I5: money moved by staff that is more than the payment brought, or whose legs are not in the book."""
    too_much = (
        select(assignment.c.payment_id)
        .join(payment, payment.c.id == assignment.c.payment_id)
        .join(ledger_transfer, ledger_transfer.c.id == payment.c.transfer_id)
        .where(or_(assignment.c.amount > ledger_transfer.c.amount, payment.c.state.not_in(BOOKED)))
    )

    def legs(side: ColumnElement[Any], account: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.coalesce(
            select(func.sum(ledger_transfer.c.amount))
            .where(
                ledger_transfer.c.payment_id == assignment.c.payment_id,
                ledger_transfer.c.kind == TransferKind.CORRECTION,
                side == account,
            )
            .scalar_subquery(),
            0,
        )

    into = legs(ledger_transfer.c.credit, assignment.c.to_account)
    out = legs(ledger_transfer.c.debit, assignment.c.from_account)
    unlike = select(assignment.c.payment_id).where(
        or_(
            assignment.c.amount != into,
            (assignment.c.from_account.is_not(None)) & (assignment.c.amount != out),
        )
    )
    return [
        *await violations(tx, "I5", too_much, "more than it brought was moved of payment {}"),
        *await violations(tx, "I5", unlike, "the assignment of payment {} and its transfers differ"),
    ]


async def trail(tx: Transaction, _now: Moment) -> list[Violation]:
    return await audit.holes(tx)


RULES: tuple[Rule, ...] = (successes, held, assignments, trail)
