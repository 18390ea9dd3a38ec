"""Invariants: what must never happen, asked of our own records (reliability.md)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import chain

from sqlalchemy import and_, case, func, literal, or_, select, union_all

from core.clock import Clock
from core.states import (
    Channel,
    EventState,
    IncomingState,
    NoticeState,
    PaymentState,
    TopUpState,
    TransferKind,
)
from core.storage.database import Database, Transaction
from core.storage.message_tables import incoming, notice
from core.storage.tables import account, ledger_account, ledger_transfer, payment, provider_event, top_up
from core.use_cases import (
    alert_invariants,
    autopay_invariants,
    broadcast_invariants,
    reconciliation_invariants,
)
from core.use_cases.asking import Moment
from core.use_cases.violations import NIGHT, SETTLED_WITHIN, Violation, violations

FEES_POSTED_WITHIN = timedelta(days=1) + SETTLED_WITHIN
CREDITS = (TransferKind.TOP_UP, TransferKind.COMMISSION, TransferKind.SUSPENSE)
FINAL_NOTICE = (
    NoticeState.SENT,
    NoticeState.DELIVERED,
    NoticeState.FAILED,
    NoticeState.UNCERTAIN,
    NoticeState.EXPIRED,
)

OTHERS = (alert_invariants, autopay_invariants, broadcast_invariants, reconciliation_invariants)


class Invariants:
    def __init__(self, database: Database, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._clock = clock
        self._wall = wall

    async def check(self) -> list[Violation]:
        """All violations found, empty where there is none."""
        rules: tuple[Callable[[Transaction], Awaitable[list[Violation]]], ...] = (
            self._balances,
            self._credits,
            self._successes,
            self._replies,
            self._intents,
            self._deadlines,
        )
        found: list[Violation] = []
        async with self._database.transaction() as tx:
            if not tx.sqlite:
                # One snapshot for all rules: money that moves meanwhile is no violation.
                await tx.connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for rule in rules:
                found += await rule(tx)
            for law in chain.from_iterable(each.RULES for each in OTHERS):
                found += await law(tx, Moment(self._clock.now(), self._wall.now()))
        return found

    async def _balances(self, tx: Transaction) -> list[Violation]:
        """I1: a materialised balance that is not the sum of its transfers."""
        sides = union_all(
            select(ledger_transfer.c.credit.label("of"), ledger_transfer.c.amount.label("change")),
            select(ledger_transfer.c.debit.label("of"), (-ledger_transfer.c.amount).label("change")),
        ).subquery()
        sums = select(sides.c.of, func.sum(sides.c.change).label("total")).group_by(sides.c.of).subquery()
        wrong = (
            select(ledger_account.c.name)
            .outerjoin(sums, sums.c.of == ledger_account.c.id)
            .where(
                ledger_account.c.balance.is_not(None),
                ledger_account.c.balance != func.coalesce(sums.c.total, 0),
            )
        )
        return await violations(tx, "I1", wrong, "balance of {} is not the sum of its transfers")

    async def _credits(self, tx: Transaction) -> list[Violation]:
        """I2: two credits for one (provider, reference, kind)."""
        twice = (
            select(payment.c.provider + literal(":") + payment.c.provider_ref)
            .join(ledger_transfer, ledger_transfer.c.payment_id == payment.c.id)
            .where(ledger_transfer.c.reverses.is_(None), ledger_transfer.c.kind.in_(CREDITS))
            .group_by(payment.c.provider, payment.c.provider_ref, ledger_transfer.c.kind)
            .having(func.count() > 1)
        )
        return await violations(tx, "I2", twice, "{} was credited twice")

    async def _successes(self, tx: Transaction) -> list[Violation]:
        """I4: a credit without a success or of another sum, and a success whose booking is not there."""
        unfounded = (
            select(ledger_transfer.c.key)
            .outerjoin(payment, payment.c.id == ledger_transfer.c.payment_id)
            .where(
                ledger_transfer.c.kind.in_([TransferKind.TOP_UP, TransferKind.COMMISSION]),
                or_(payment.c.id.is_(None), payment.c.state != PaymentState.SUCCEEDED),
            )
        )
        legs = and_(
            ledger_transfer.c.payment_id == payment.c.id,
            ledger_transfer.c.kind.in_([TransferKind.TOP_UP, TransferKind.COMMISSION]),
        )
        another_sum = (
            select(payment.c.id)
            .outerjoin(ledger_transfer, legs)
            .where(payment.c.state == PaymentState.SUCCEEDED)
            .group_by(payment.c.id, payment.c.total)
            .having(func.coalesce(func.sum(ledger_transfer.c.amount), 0) != payment.c.total)
        )
        unpaid = (
            select(top_up.c.id)
            .outerjoin(
                payment,
                and_(payment.c.top_up_id == top_up.c.id, payment.c.state == PaymentState.SUCCEEDED),
            )
            .where((top_up.c.state == TopUpState.PAID) != payment.c.id.is_not(None))
        )
        return [
            *await violations(tx, "I4", unfounded, "transfer {} has no success behind it"),
            *await violations(tx, "I4", another_sum, "payment {} is booked with another sum"),
            *await violations(tx, "I4", unpaid, "top-up {} and its payment do not agree"),
        ]

    async def _replies(self, tx: Transaction) -> list[Violation]:
        """I6: an accepted SMS without exactly one reply in a final state, or a reason for silence."""
        late = self._wall.now() - SETTLED_WITHIN
        without = (
            select(incoming.c.id)
            .outerjoin(notice, notice.c.incoming_id == incoming.c.id)
            .where(
                incoming.c.channel == Channel.SMS,
                incoming.c.received_at < late,
                incoming.c.outcome == "reply",
                or_(notice.c.id.is_(None), notice.c.state.not_in(FINAL_NOTICE)),
            )
        )
        both = (
            select(incoming.c.id)
            .join(notice, notice.c.incoming_id == incoming.c.id)
            .where(incoming.c.state != IncomingState.NEW, incoming.c.outcome != "reply")
        )
        return [
            *await violations(tx, "I6", without, "SMS {} has no reply in a final state"),
            *await violations(tx, "I6", both, "SMS {} was closed in silence and answered"),
        ]

    async def _intents(self, tx: Transaction) -> list[Violation]:
        """I7: two payments collected for one top-up by our own doing."""
        twice = (
            select(payment.c.top_up_id)
            .where(payment.c.top_up_id.is_not(None), payment.c.reason.is_distinct_from("second success"))
            .group_by(payment.c.top_up_id)
            .having(func.count() > 1)
        )
        one_message = (
            select(top_up.c.quoted_by)
            .where(top_up.c.quoted_by.is_not(None))
            .group_by(top_up.c.quoted_by)
            .having(func.count() > 1)
        )
        return [
            *await violations(tx, "I7", twice, "top-up {} has two payments"),
            *await violations(tx, "I7", one_message, "message {} made two top-ups"),
        ]

    async def _deadlines(self, tx: Transaction) -> list[Violation]:
        """I13: work that is unfinished, past its time, and in nobody's hands."""
        wall, late = self._wall.now(), self._wall.now() - SETTLED_WITHIN
        sending = and_(payment.c.state == PaymentState.SENDING, payment.c.lease_until < late)
        overdue = and_(
            payment.c.state.in_([PaymentState.INTENT, PaymentState.PENDING, PaymentState.UNKNOWN]),
            payment.c.next_at < late,
        )
        quotes = select(top_up.c.id).where(
            top_up.c.state == TopUpState.QUOTED, top_up.c.expires_at < self._clock.now() - SETTLED_WITHIN
        )
        new = select(incoming.c.id).where(
            incoming.c.state == IncomingState.NEW, incoming.c.lease_until < late
        )
        due = select(notice.c.id).where(
            notice.c.state.in_([NoticeState.DUE, NoticeState.TAKEN]),
            # A broadcast takes its time, and may be paused; what is quiet waits for the morning.
            notice.c.broadcast_id.is_(None),
            notice.c.next_at < case((notice.c.quiet, late - NIGHT), else_=late),
            or_(notice.c.expires_at.is_(None), notice.c.expires_at > wall),
        )
        events = select(provider_event.c.id).where(
            provider_event.c.state == EventState.NEW, provider_event.c.received_at < late
        )
        payments = select(payment.c.id).where(or_(sending, overdue))
        fees = select(account.c.number).where(
            account.c.accrued_until < self._clock.now() - FEES_POSTED_WITHIN
        )
        return [
            *await violations(tx, "I13", payments, "payment {} is left unfinished"),
            *await violations(tx, "I13", quotes, "quote {} is past its window and open"),
            *await violations(tx, "I13", new, "message {} was stored and not handled"),
            *await violations(tx, "I13", due, "notice {} was not sent"),
            *await violations(tx, "I13", events, "provider event {} was not applied"),
            *await violations(tx, "I13", fees, "the fees of account {} are not posted"),
        ]
