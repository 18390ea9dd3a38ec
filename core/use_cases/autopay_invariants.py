"""Invariants of cards, mandates and refunds: I3, I5, I8 and their part of I13 (reliability.md)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import and_, case, func, literal, or_, select

from core.states import (
    CHARGE_IN_FLIGHT,
    CHARGE_OF_PAYMENT,
    LIVE_MANDATE,
    ChargeState,
    EventState,
    MandateState,
    PaymentState,
    RefundState,
    TransferKind,
)
from core.storage.autopay_tables import card, mandate, mandate_charge, provider_mandate, refund
from core.storage.database import Transaction
from core.storage.queue import unfinished
from core.storage.tables import ledger_transfer, payment, provider_event
from core.use_cases.asking import Moment
from core.use_cases.autopay_charging import ACTIVE_WITHIN
from core.use_cases.violations import SETTLED_WITHIN, Violation, violations

A_DAY = timedelta(days=1)  # charges wait for the operator's hour


async def successes(tx: Transaction, now: Moment) -> list[Violation]:
    """I3: a success that we were told of and could not book."""
    refused = select(provider_event.c.id).where(
        provider_event.c.state == EventState.REFUSED,
        provider_event.c.reason == "succeeded not booked",
        provider_event.c.received_at < now.wall - SETTLED_WITHIN,
    )
    return await violations(tx, "I3", refused, "the success of provider event {} is in no book")


async def refunds(tx: Transaction, _now: Moment) -> list[Violation]:
    """I5: more given back than was paid, and a refund whose legs are not its sum."""
    too_much = (
        select(payment.c.id)
        .join(refund, refund.c.payment_id == payment.c.id)
        .where(refund.c.state != RefundState.DECLINED)
        .group_by(payment.c.id, payment.c.total)
        .having(func.sum(refund.c.amount) > payment.c.total)
    )
    done = func.coalesce(
        select(func.sum(refund.c.amount))
        .where(refund.c.payment_id == ledger_transfer.c.payment_id, refund.c.state == RefundState.DONE)
        .scalar_subquery(),
        0,
    )
    unequal = (
        select(ledger_transfer.c.payment_id)
        .where(ledger_transfer.c.kind == TransferKind.REFUND)
        .group_by(ledger_transfer.c.payment_id)
        .having(func.sum(ledger_transfer.c.amount) != done)
    )
    legs = select(ledger_transfer.c.payment_id).where(ledger_transfer.c.kind == TransferKind.REFUND)
    without = select(refund.c.id).where(refund.c.state == RefundState.DONE, refund.c.payment_id.not_in(legs))
    return [
        *await violations(tx, "I5", too_much, "more than was paid is given back of payment {}"),
        *await violations(tx, "I5", unequal, "the refunds of payment {} and their transfers differ"),
        *await violations(tx, "I5", without, "refund {} is done and in no book"),
    ]


async def mandates(tx: Transaction, _now: Moment) -> list[Violation]:
    """I8: two live on an account; two successes in a period; one that began after its end."""
    two = (
        select(mandate.c.account_id)
        .where(mandate.c.state.in_(LIVE_MANDATE))
        .group_by(mandate.c.account_id)
        .having(func.count() > 1)
    )
    paid_twice = (
        select(mandate_charge.c.mandate_id)
        .join(payment, payment.c.id == mandate_charge.c.payment_id)
        .where(payment.c.state == PaymentState.SUCCEEDED)
        .group_by(mandate_charge.c.mandate_id, mandate_charge.c.period)
        .having(func.count() > 1)
    )
    deleted = mandate.c.state == MandateState.DELETED
    late = (
        select(mandate_charge.c.id)
        .join(mandate, mandate.c.id == mandate_charge.c.mandate_id)
        .join(payment, payment.c.id == mandate_charge.c.payment_id)
        .join(card, card.c.id == payment.c.card_id)
        .where(
            or_(
                and_(deleted, mandate_charge.c.sending_at > mandate.c.ended_at),
                mandate_charge.c.sending_at > card.c.revoked_at,
            )
        )
    )
    mirrored = case(
        *[(payment.c.state == of.value, literal(is_.value)) for of, is_ in CHARGE_OF_PAYMENT.items()]
    )
    unlike = (
        select(mandate_charge.c.id)
        .join(payment, payment.c.id == mandate_charge.c.payment_id)
        .where(
            mandate_charge.c.state != mirrored,
            or_(mandate_charge.c.state != ChargeState.CANCELLED, payment.c.state != PaymentState.DECLINED),
        )
    )
    return [
        *await violations(tx, "I8", two, "account {} has two live mandates"),
        *await violations(tx, "I8", paid_twice, "mandate {} has two successes in a period"),
        *await violations(tx, "I8", late, "charge {} began after a deletion or an unlinking"),
        *await violations(tx, "I8", unlike, "charge {} and its payment do not agree"),
    ]


async def deadlines(tx: Transaction, now: Moment) -> list[Violation]:
    """I13: mandates, refunds and cards whose time has come and passed."""
    late, deadline = now.wall - SETTLED_WITHIN, now.at - ACTIVE_WITHIN - SETTLED_WITHIN
    requested = select(mandate.c.id).where(
        mandate.c.state == MandateState.REQUESTED, mandate.c.requested_at < deadline
    )
    overdue = select(mandate.c.id).where(unfinished(mandate), mandate.c.next_at < now.at - A_DAY)
    open_charges = mandate_charge.c.state.in_([ChargeState.INTENT, *CHARGE_IN_FLIGHT])
    under_way = select(mandate_charge.c.mandate_id).where(open_charges)
    idle = select(mandate.c.id).where(
        mandate.c.state == MandateState.ACTIVE, mandate.c.next_at.is_(None), mandate.c.id.not_in(under_way)
    )
    given = select(refund.c.id).where(unfinished(refund), refund.c.next_at < late)
    kept = select(card.c.id).where(unfinished(card), card.c.next_at < late)
    ending = select(provider_mandate.c.id).where(
        unfinished(provider_mandate), provider_mandate.c.next_at < late
    )
    return [
        *await violations(tx, "I13", requested, "mandate {} is not active 24 hours after its request"),
        *await violations(tx, "I13", overdue, "mandate {} is due since more than a day"),
        *await violations(tx, "I13", idle, "mandate {} is active and waits for nothing"),
        *await violations(tx, "I13", given, "refund {} is left unfinished"),
        *await violations(tx, "I13", kept, "card {} is unlinked and not forgotten"),
        *await violations(tx, "I13", ending, "the provider's mandate {} is not ended"),
    ]


Rule = Callable[[Transaction, Moment], Awaitable[list[Violation]]]
RULES: tuple[Rule, ...] = (successes, refunds, mandates, deadlines)
