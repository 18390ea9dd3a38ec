"""Refunds: money back to where it came from, asked once, never more than was paid."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, func, insert, or_, select, update

from core.clock import Clock
from core.errors import NotRefundable, RefundTooLarge
from core.ids import AccountId, Payer, PaymentId, RefundId, new_id
from core.messages import outbox
from core.messages.autopay_notices import Refunded as RefundedNotice
from core.money import ZERO, Money
from core.payments.capabilities import Operation
from core.payments.charge import Refund
from core.payments.provider import (
    Declined,
    NotSent,
    Pending,
    Provider,
    Refunded,
    RefundOutcome,
    Unknown,
)
from core.profile import Profile
from core.states import EventState, PaymentState, RefundState
from core.storage.autopay_tables import refund
from core.storage.database import Database, Transaction
from core.storage.queue import claim, unfinished
from core.storage.tables import payment, top_up
from core.use_cases import assignments, booking, early_refunds
from core.use_cases.asking import ASK_AFTER, Moment
from core.use_cases.booking import GivenBack
from core.use_cases.top_up_moves import number_of

LEASE = timedelta(seconds=20)
AGAIN = timedelta(seconds=30)  # a refund that certainly, or with its key honoured, may be sent again
BOOKED = (PaymentState.SUCCEEDED, PaymentState.HELD)
OPEN = (RefundState.INTENT, RefundState.SENDING, RefundState.PENDING, RefundState.UNKNOWN)

log = structlog.get_logger()


class Refunds:
    def __init__(
        self, database: Database, profile: Profile, providers: Sequence[Provider], clock: Clock, wall: Clock
    ) -> None:
        self._database = database
        self._profile = profile
        self._providers = {provider.name: provider for provider in providers}
        self._clock = clock
        self._wall = wall

    async def refund(self, payment_id: PaymentId, amount: Money, *, why: str, by: str) -> RefundId:
        """Give back all or a part of a payment; `by` names the member of staff.

        Raises NotRefundable, RefundTooLarge.
        """
        async with self._database.transaction() as tx:
            row = await tx.first(select(payment).where(payment.c.id == payment_id).with_for_update())
            if row is None or row.state not in BOOKED:
                raise NotRefundable
            return await self.ask(tx, row, amount, why=why, by=by)

    async def ask(self, tx: Transaction, row: Any, amount: Money, *, why: str, by: str) -> RefundId:
        """Store the intent to give back, with the payment's row locked by the caller."""
        left = await assignments.credited(tx, row) - await assignments.given_back(tx, row.id)
        if not ZERO < amount <= left:
            raise RefundTooLarge(left)
        refund_id = RefundId(new_id())
        await tx.execute(
            insert(refund).values(
                id=refund_id,
                payment_id=row.id,
                provider=row.provider,
                amount=amount.kopecks,
                state=RefundState.INTENT,
                why=why[:64],
                by=by[:64],
                created_at=self._wall.now(),
                next_at=self._wall.now(),
            )
        )
        tx.wake("refunds")
        return refund_id

    async def refund_once(self, n: int) -> int:
        """Send due refunds, ask after pending ones, and classify what was left by who died."""
        now = self._wall.now()
        due = and_(
            refund.c.provider.in_(self._providers),
            refund.c.next_at <= now,
            or_(refund.c.lease_until.is_(None), refund.c.lease_until < now),
        )
        async with self._database.read() as tx:
            if await tx.scalar(select(refund.c.id).where(unfinished(refund), due).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await claim(
                tx, refund, due, order=refund.c.next_at, limit=n, now=now, lease=LEASE,
                asked=refund.c.asked + 1,
            )  # fmt: skip
            sent = [row for row in rows if self._to_send(row)]
            sending = refund.c.id.in_([row.id for row in sent])
            await tx.execute(update(refund).where(sending).values(state=RefundState.SENDING))
        for row in rows:
            await self._write(row, await (self._send(row) if row in sent else self._look(row)))
        return len(rows)

    def _to_send(self, row: Any) -> bool:
        """An intent; or one that was left in `sending`, where its key makes a repeat harmless."""
        honoured = self._honours(row)
        return row.state == RefundState.INTENT or (row.state == RefundState.SENDING and honoured)

    def _honours(self, row: Any) -> bool:
        age = self._wall.now() - row.created_at
        return self._providers[row.provider].capabilities.honours(Operation.REFUND, age=age)

    async def _send(self, row: Any) -> RefundOutcome:
        provider = self._providers[row.provider]
        if not provider.capabilities.refunds:
            return Declined("not_capable")
        if row.asked > 1 and provider.capabilities.honours(Operation.REFUND) and not self._honours(row):
            return Unknown("key too old")  # a repeat might give back twice
        outcome = await provider.refund(await self._refund(row))
        if isinstance(outcome, Unknown) and provider.capabilities.honours(Operation.REFUND):
            return NotSent(outcome.reason)  # the same key again gives nothing back twice
        return outcome

    async def _look(self, row: Any) -> RefundOutcome:
        if row.state != RefundState.PENDING or row.provider_ref is None:
            return Unknown("nobody tells")  # a callback or the register will, or staff
        return await self._providers[row.provider].get_refund(await self._refund(row), row.provider_ref)

    async def _refund(self, row: Any) -> Refund:
        async with self._database.read() as tx:
            reference = await tx.scalar(select(payment.c.provider_ref).where(payment.c.id == row.payment_id))
        return Refund(row.id, reference, Money(row.amount))

    async def _write(self, row: Any, outcome: RefundOutcome) -> None:
        now = Moment(self._clock.now(), self._wall.now())
        async with self._database.transaction() as tx:
            paid = await tx.one(select(payment).where(payment.c.id == row.payment_id).with_for_update())
            held = await tx.one(select(refund).where(refund.c.id == row.id).with_for_update())
            if held.state == RefundState.DONE and isinstance(outcome, Refunded):
                await self.told(tx, row.provider, outcome, now)  # who told first may have meant another
            if held.state not in OPEN or held.lease != row.lease:
                return
            match outcome:
                case Refunded() if await self._is_booked(tx, held, outcome.reference):
                    # A callback told of it before we could know that it was ours.
                    await self._set(tx, held, RefundState.DECLINED, reason="booked before", next_at=None)
                case Refunded():
                    await self._done(tx, paid, held, outcome.reference, now)
                case Declined():
                    log.error("refund declined: for staff", refund=str(row.id), reason=outcome.reason)
                    await self._set(tx, held, RefundState.DECLINED, reason=outcome.reason, next_at=None)
                case NotSent():
                    await self._set(tx, held, RefundState.INTENT, next_at=now.wall + AGAIN)
                case Pending():
                    state, reference = RefundState.PENDING, outcome.reference or held.provider_ref
                    await self._set(tx, held, state, provider_ref=reference, next_at=self._ask_at(held))
                case Unknown():
                    await self._unknown(tx, held)

    async def _is_booked(self, tx: Transaction, held: Any, reference: str) -> bool:
        other = select(refund.c.id).where(
            refund.c.provider == held.provider, refund.c.provider_ref == reference, refund.c.id != held.id
        )
        return await tx.scalar(other) is not None

    async def _unknown(self, tx: Transaction, held: Any) -> None:
        state = RefundState.PENDING if held.state == RefundState.PENDING else RefundState.UNKNOWN
        log.error("refund unknown: for staff", refund=str(held.id))
        await self._set(tx, held, state, next_at=self._ask_at(held))

    def _ask_at(self, held: Any) -> Any:
        return self._wall.now() + ASK_AFTER[min(held.asked, len(ASK_AFTER) - 1)]

    async def told(self, tx: Transaction, provider: str, said: Refunded, now: Moment) -> EventState:
        """A provider tells of money given back, by our wish or by its own.

        REFUSED where it fits nothing; WAITING where one of ours is under way that may be refused there.
        """
        paid = await tx.first(
            select(payment)
            .where(payment.c.provider == provider, payment.c.provider_ref == said.of)
            .with_for_update()
        )
        if paid is None or paid.state not in BOOKED or said.currency != "RUB":
            return EventState.REFUSED
        credited = paid.state == PaymentState.SUCCEEDED  # suspense has what was vouched for, without the fee
        if credited and said.full is not None and said.full.kopecks == paid.total:
            said = replace(said, amount=said.full)  # the fee that was taken out of the sum came back too
        rows = await tx.all(
            select(refund).where(refund.c.payment_id == paid.id).order_by(refund.c.id).with_for_update()
        )
        if any(row.provider_ref == said.reference and row.state == RefundState.DONE for row in rows):
            return EventState.APPLIED
        ours = [row for row in rows if row.state in OPEN and _is_told(row, said)]
        if ours:
            await self._done(tx, paid, ours[0], said.reference, now)
            return EventState.APPLIED
        state = await self._foreign(tx, paid, said, now)
        under_way = any(row.state in OPEN for row in rows)
        return EventState.WAITING if state == EventState.REFUSED and under_way else state

    async def _foreign(self, tx: Transaction, paid: Any, said: Refunded, now: Moment) -> EventState:
        """The provider gave back by itself."""
        try:
            refund_id = await self.ask(tx, paid, said.amount, why="by provider", by="provider")
        except RefundTooLarge:
            log.error("more given back than was paid: for staff", payment=str(paid.id))
            return EventState.REFUSED
        held = await tx.one(select(refund).where(refund.c.id == refund_id))
        await self._done(tx, paid, held, said.reference, now)
        return EventState.APPLIED

    async def _done(self, tx: Transaction, paid: Any, held: Any, reference: str, now: Moment) -> None:
        before = select(func.coalesce(func.sum(refund.c.amount), 0)).where(
            refund.c.payment_id == paid.id, refund.c.state == RefundState.DONE
        )
        moved = await assignments.of_payment(tx, paid.id)
        asked = await tx.first(select(top_up).where(top_up.c.id == paid.top_up_id))
        home = _home(paid, asked, moved)
        given = GivenBack(
            held.id, paid, Money(held.amount), Money(int(await tx.scalar(before))), home, now.at
        )
        await booking.give_back(tx, given, asked, self._profile)
        await self._set(tx, held, RefundState.DONE, provider_ref=reference, next_at=None)
        tx.wake("ledger")
        if asked is not None:
            number = await number_of(tx, home or asked.account_id)
            said = RefundedNotice(number, Money(held.amount), held.why)
            key, to = f"refund:{held.id}", Payer(asked.channel, asked.payer)
            await outbox.add(tx, to, said, key=key, locale=asked.locale, now=now.wall)

    async def _set(self, tx: Transaction, held: Any, state: RefundState, **values: Any) -> None:
        await tx.execute(
            update(refund)
            .where(refund.c.id == held.id)
            .values(state=state, lease=None, lease_until=None, **values)
        )
        if state not in OPEN:
            paid = select(payment.c.provider_ref).where(payment.c.id == held.payment_id)
            await early_refunds.again(tx, held.provider, paid.scalar_subquery(), self._wall.now())


def _home(paid: Any, asked: Any, moved: Any) -> AccountId | None:
    """The account that has the payment's money; none: suspense has it."""
    if moved is not None:
        return AccountId(moved.to_account)
    return None if asked is None or paid.state == PaymentState.HELD else AccountId(asked.account_id)


def _is_told(row: Any, said: Refunded) -> bool:
    """An open refund of ours that this may be: by its name, or by its sum while it has no name."""
    if row.provider_ref is not None:
        return bool(row.provider_ref == said.reference)
    return bool(row.state != RefundState.INTENT and row.amount == said.amount.kopecks)
