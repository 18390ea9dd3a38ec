"""Settling: an outcome becomes postings, a state and a notice, all in one transaction."""

from typing import Any

import structlog
from sqlalchemy import insert, select, update

from core.ids import Payer, PaymentId, TransferId, new_id
from core.messages import notices, outbox
from core.messages.notices import Notice
from core.money import Money
from core.payments.provider import Declined, Outcome, Pending, Succeeded, Unknown
from core.profile import Profile
from core.states import PAYMENT_MOVES, Method, PaymentState, TopUpState
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.tables import payment, top_up
from core.use_cases import booking, early_refunds
from core.use_cases.asking import ASK_AFTER, CHECKOUT_ASK_AFTER, Moment, on_a_page
from core.use_cases.autopay_outcomes import AutopayOutcomes
from core.use_cases.booking import Source
from core.use_cases.cards import Cards
from core.use_cases.mandates import cancel_intent
from core.use_cases.top_up_moves import move, number_of

BOOKED = (PaymentState.SUCCEEDED, PaymentState.HELD)

log = structlog.get_logger()


class Settling:
    """Works inside its caller's transaction."""

    def __init__(self, profile: Profile, cards: Cards, autopay: AutopayOutcomes) -> None:
        self._profile = profile
        self._cards = cards
        self._autopay = autopay

    async def succeeded(
        self,
        tx: Transaction,
        provider: str,
        payment_id: PaymentId,
        success: Succeeded,
        method: Method,
        now: Moment,
    ) -> bool:
        """Book a success once a provider's reference: to the account, or to suspense if it does not fit.

        False where it cannot be booked at all: not in roubles, or under another payment's reference.
        """
        if success.currency != "RUB":
            log.error("success in another currency: for staff", payment=str(payment_id), provider=provider)
            return False
        row = await tx.first(select(payment).where(payment.c.id == payment_id).with_for_update())
        holder = await tx.first(
            select(payment.c.id, payment.c.state).where(
                payment.c.provider == provider, payment.c.provider_ref == success.reference
            )
        )
        if holder is not None and holder.state in BOOKED:
            if holder.id == payment_id and holder.state == PaymentState.SUCCEEDED:
                await self._keep_card(tx, row, success, now)  # who told first may not have named it
            return True
        if holder is not None and holder.id != payment_id:
            # To hold it here would keep that payment's own success from being credited.
            log.error("success under another payment's reference: for staff", payment=str(holder.id))
            return False
        if row is None or row.provider != provider or row.state in BOOKED:
            # Nobody asked for it, or a second charge under one key: it is no payment of ours to spend.
            await self._stray(tx, provider, row, success, method, now)
        else:
            await self._fit(tx, row, success, now)
        await early_refunds.release(tx, provider, success.reference, now.wall)
        return True

    async def _fit(self, tx: Transaction, row: Any, success: Succeeded, now: Moment) -> None:
        """To the account, where it is what was asked for; else to suspense."""
        asked = await self._top_up(tx, row)
        number = await number_of(tx, asked.account_id)
        fits = (success.total.kopecks, success.number) == (row.total, number)
        cycle = await self._autopay.lock(tx, row)
        if not fits or not (cycle is None or await self._autopay.has_room(tx, cycle, now)):
            await self._hold(tx, row, asked, success, now)
            if cycle is not None:
                await self._autopay.held(tx, cycle, now)
        else:
            await self._credit(tx, row, asked, success, number, now)
            if cycle is not None:
                await self._autopay.paid(tx, cycle, row, now)
            elif row.method == Method.CARD:
                await self._after_card(tx, row, asked, success, now)

    async def declined(
        self, tx: Transaction, provider: str, payment_id: PaymentId, outcome: Declined, now: Moment
    ) -> None:
        """Close an undecided payment without money; a decided one stays as it is."""
        row = await self._undecided(tx, payment_id)
        if row is None or row.provider != provider:
            return
        asked = await self._top_up(tx, row)
        cycle = await self._autopay.lock(tx, row)
        await self._set(tx, row, PaymentState.DECLINED, reason=outcome.reason, next_at=None)
        if asked.state not in (TopUpState.CONFIRMED, TopUpState.UNKNOWN):
            return
        await move(tx, asked, TopUpState.DECLINED, at=now.at, why=outcome.reason)
        if cycle is not None:
            await self._autopay.declined(tx, cycle, row, outcome, now)
            return
        if outcome.reason == "abandoned":
            return  # who left the card page knows it
        number = await number_of(tx, asked.account_id)
        said = notices.Declined(number, Money(asked.amount), outcome.reason)
        await self._tell(tx, asked, said, f"payment:{row.id}:declined", now)

    async def stopped(self, tx: Transaction, row: Any, now: Moment) -> None:
        """A payment with a saved card that may not begin: unlinked, deleted or paused meanwhile."""
        if row.asked > 1:
            # An earlier call may have reached the provider: it is asked, and nothing is repeated.
            await self.undecided(tx, row.id, Unknown("stopped"), now)
        elif await self._autopay.lock(tx, row) is not None:
            await cancel_intent(tx, row.id, row.top_up_id, at=now.at)
        else:
            await self.declined(tx, row.provider, row.id, Declined("card_unlinked"), now)

    async def undecided(
        self,
        tx: Transaction,
        payment_id: PaymentId,
        outcome: Outcome,
        now: Moment,
        *,
        inline: bool = False,
    ) -> None:
        """Pending or unknown: when to ask next, and a word to the payer who waits by SMS.

        `inline`: the payer is on the line and sees the card page's address in the answer itself.
        """
        row = await self._undecided(tx, payment_id)
        if row is None:
            return
        asked = await self._top_up(tx, row)
        if isinstance(outcome, Pending):
            await self._pending(tx, row, asked, outcome, now, inline=inline)
        else:
            reason = getattr(outcome, "reason", "undecided")
            next_at = now.wall + ASK_AFTER[0]
            await self._set(tx, row, PaymentState.UNKNOWN, reason=reason[:64], asked=0, next_at=next_at)
            if asked.state == TopUpState.CONFIRMED:
                await move(tx, asked, TopUpState.UNKNOWN, at=now.at, why=reason)
        if row.method == Method.MOBILE:
            said = notices.Pending(await number_of(tx, asked.account_id), Money(asked.amount))
            await self._tell(tx, asked, said, f"payment:{row.id}:pending", now)

    async def _pending(
        self, tx: Transaction, row: Any, asked: Any, outcome: Pending, now: Moment, *, inline: bool
    ) -> None:
        waits = CHECKOUT_ASK_AFTER if on_a_page(row) else ASK_AFTER
        await self._set(
            tx,
            row,
            PaymentState.PENDING,
            provider_ref=outcome.reference or row.provider_ref,
            checkout_url=outcome.checkout_url or row.checkout_url,
            asked=0,
            next_at=now.wall + waits[0],
        )
        if outcome.checkout_url is not None and not inline:
            number = await number_of(tx, asked.account_id)
            said = notices.CheckoutReady(number, Money(asked.amount), outcome.checkout_url)
            await self._tell(tx, asked, said, f"payment:{row.id}:checkout", now)

    async def _credit(
        self, tx: Transaction, row: Any, asked: Any, success: Succeeded, number: str, now: Moment
    ) -> None:
        source = Source(row.provider, row.id, success.reference, now.at)
        credited = await booking.credit(tx, source, asked, self._profile)
        await self._book(tx, row, PaymentState.SUCCEEDED, success, credited)
        late = asked.state == TopUpState.DECLINED
        await move(tx, asked, TopUpState.PAID, at=now.at, why="late success" if late else "success")
        said = notices.Paid(
            number=number,
            amount=Money(asked.amount),
            commission=Money(asked.total - asked.amount),
            total=Money(asked.total),
            method=row.method,
            card_mask=success.card_mask,
            transaction=success.reference,
            at=now.at,
            late=late,
        )
        await self._tell(tx, asked, said, f"top_up:{asked.id}:paid", now)
        tx.wake("ledger")
        log.info("top-up paid", top_up=str(asked.id), payment=str(row.id), provider=row.provider)

    async def _after_card(
        self, tx: Transaction, row: Any, asked: Any, success: Succeeded, now: Moment
    ) -> None:
        """The card is kept where its payer wished it; who has no autopay is offered one."""
        activated = await self._keep_card(tx, row, success, now)
        if not activated and self._cards.saved_at(row.provider):
            await self._autopay.offer(tx, asked, now)

    async def _keep_card(self, tx: Transaction, row: Any, success: Succeeded, now: Moment) -> bool:
        """Once a payment; true where an agreement to autopay had waited for a card."""
        if row is None or success.saved is None or row.top_up_id is None:
            return False
        asked = await self._top_up(tx, row)
        kept = await self._cards.keep(tx, asked, row.id, row.provider, success.saved, now)
        return kept is not None and await self._autopay.activate(tx, asked, kept, success.saved.mask, now)

    async def _hold(self, tx: Transaction, row: Any, asked: Any, success: Succeeded, now: Moment) -> None:
        source = Source(row.provider, row.id, success.reference, now.at)
        transfer_id = await booking.suspend(tx, source, success.vouched or success.total)
        await self._book(tx, row, PaymentState.HELD, success, transfer_id)
        log.error("payment does not fit its intent: held", payment=str(row.id), provider=row.provider)
        if asked.state == TopUpState.CONFIRMED:
            await move(tx, asked, TopUpState.UNKNOWN, at=now.at, why="held for staff")
        said = notices.Held(await number_of(tx, asked.account_id), Money(asked.amount))
        await self._tell(tx, asked, said, f"payment:{row.id}:held", now)

    async def _stray(
        self,
        tx: Transaction,
        provider: str,
        row: Any,
        success: Succeeded,
        method: Method,
        now: Moment,
    ) -> None:
        stray_id = PaymentId(new_id())
        total = success.vouched or success.total
        source = Source(provider, stray_id, success.reference, now.at)
        transfer_id = await booking.suspend(tx, source, total)
        await tx.execute(
            insert(payment).values(
                id=stray_id,
                top_up_id=None if row is None else row.top_up_id,
                provider=provider,
                provider_ref=success.reference,
                method=method,
                total=total.kopecks,
                state=PaymentState.HELD,
                reason="second success" if row is not None else "unknown payment",
                card_mask=success.card_mask,
                transfer_id=transfer_id,
                created_at=now.wall,
            )
        )
        log.error("stray money held in suspense", payment=str(stray_id), provider=provider)

    async def _book(
        self, tx: Transaction, row: Any, state: PaymentState, success: Succeeded, transfer_id: TransferId
    ) -> None:
        await self._set(
            tx,
            row,
            state,
            provider_ref=success.reference,
            card_mask=success.card_mask,
            transfer_id=transfer_id,
            next_at=None,
        )

    async def _set(self, tx: Transaction, row: Any, state: PaymentState, **values: Any) -> None:
        assert state == row.state or state in PAYMENT_MOVES[row.state], f"{row.state} -> {state}"
        await tx.execute(
            update(payment)
            .where(payment.c.id == row.id)
            .values(state=state, lease=None, lease_until=None, **values)
        )
        await self._autopay.follow(tx, row, state)

    async def _undecided(self, tx: Transaction, payment_id: PaymentId) -> Any:
        row = await tx.first(select(payment).where(payment.c.id == payment_id).with_for_update())
        decided = row is None or row.state in (*BOOKED, PaymentState.DECLINED)
        return None if decided else row

    async def _top_up(self, tx: Transaction, row: Any) -> Any:
        return await tx.one(select(top_up).where(top_up.c.id == row.top_up_id).with_for_update())

    async def _tell(self, tx: Transaction, asked: Any, said: Notice, key: str, now: Moment) -> None:
        """Store the notice; the first after an SMS confirmation is the reply to it."""
        answers = asked.confirmed_by
        if answers is not None:
            told = select(notice.c.id).where(notice.c.incoming_id == answers)
            answers = None if await tx.scalar(told) is not None else answers
        await outbox.add(
            tx,
            Payer(asked.channel, asked.payer),
            said,
            key=key,
            locale=asked.locale,
            now=now.wall,
            answers=answers,
            edit=asked.screen,
            account_id=asked.account_id,
            by_clock=asked.mandate_id is not None,
        )
