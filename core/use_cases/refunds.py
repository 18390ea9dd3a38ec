"""Refunds: money that a provider gave back leaves the account that it was credited to, once."""

from typing import Any

import structlog
from sqlalchemy import Select, insert, select, update

from core.ids import Payer, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import COMMISSION, SUSPENSE, LedgerAccountId, Transfer, clearing
from core.messages import notices, outbox
from core.money import ZERO, Money
from core.payments.provider import Refunded
from core.profile import Profile
from core.states import PaymentState, RefundState, TransferKind
from core.storage.database import Transaction
from core.storage.tables import ledger_transfer, payment, top_up
from core.storage.tables_refunds import refund
from core.use_cases import balances
from core.use_cases.asking import Moment
from core.use_cases.top_up_moves import number_of

BOOKED = (PaymentState.SUCCEEDED, PaymentState.HELD)

log = structlog.get_logger()


class Refunds:
    """Works inside its caller's transaction."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    async def told(self, tx: Transaction, provider: str, said: Refunded, now: Moment) -> bool:
        """Book what a provider says it gave back, once a reference; false where it cannot be booked.

        Told before its payment, it waits for that; more than the payment has left is held for staff.
        """
        if said.currency != "RUB":
            log.error("refund in another currency: for staff", provider=provider, refund=said.reference)
            return False
        paid = await self._booked_alone(tx, provider, said.of)
        amount = said.amount
        if paid is not None and said.full is not None and said.full.kopecks == paid.total:
            amount = said.full  # the fee that was taken out of the payment came back with it
        known = await tx.first(
            select(refund)
            .where(refund.c.provider == provider, refund.c.provider_ref == said.reference)
            .with_for_update()
        )
        row_id = await self._insert(tx, provider, said, amount, now) if known is None else known.id
        if known is not None and known.state in (RefundState.DONE, RefundState.HELD):
            return bool(known.state == RefundState.DONE)
        if paid is None:
            log.warning("refund before its payment", provider=provider, refund=said.reference)
            return True
        return await self._book(tx, paid, row_id, amount, now)

    async def arrived(self, tx: Transaction, provider: str, reference: str, now: Moment) -> None:
        """A payment was booked just now: what had been told of giving it back follows."""
        await tx.alone(f"refund:{provider}:{reference}")
        waiting = await tx.all(
            select(refund)
            .where(
                refund.c.provider == provider,
                refund.c.payment_ref == reference,
                refund.c.state == RefundState.WAITING,
            )
            .order_by(refund.c.created_at, refund.c.id)
            .with_for_update()
        )
        for row in waiting:
            paid = await tx.one(_booked(provider, reference).with_for_update())
            await self._book(tx, paid, row.id, Money(row.amount), now)

    async def _booked_alone(self, tx: Transaction, provider: str, reference: str) -> Any:
        """The booked payment, locked; None where it is not there yet, and whoever books it will see us.

        Rows are locked before names, as where payments are booked: else the two could wait for each other.
        """
        wanted = _booked(provider, reference)
        found = await tx.first(wanted.with_for_update())
        await tx.alone(f"refund:{provider}:{reference}")
        if found is None and await tx.first(wanted) is not None:
            found = await tx.first(wanted.with_for_update())
        return found

    async def _insert(
        self, tx: Transaction, provider: str, said: Refunded, amount: Money, now: Moment
    ) -> Any:
        row_id = new_id()
        await tx.execute(
            insert(refund).values(
                id=row_id,
                provider=provider,
                provider_ref=said.reference,
                payment_ref=said.of,
                amount=amount.kopecks,
                state=RefundState.WAITING,
                created_at=now.wall,
            )
        )
        return row_id

    async def _book(self, tx: Transaction, paid: Any, row_id: Any, amount: Money, now: Moment) -> bool:
        """Out of where the payment's money went: the account first, then the commission."""
        sources = await self._left(tx, paid)
        if amount > sum((left for _, left in sources), ZERO):
            log.error("more given back than was paid: for staff", payment=str(paid.id), refund=str(row_id))
            await self._set(tx, row_id, RefundState.HELD, payment_id=paid.id)
            return False
        asked = None
        if paid.state == PaymentState.SUCCEEDED:
            asked = await tx.one(select(top_up).where(top_up.c.id == paid.top_up_id).with_for_update())
        transfer_id = await self._post(tx, paid, asked, row_id, amount, sources, now)
        await self._set(tx, row_id, RefundState.DONE, payment_id=paid.id, transfer_id=transfer_id)
        if asked is not None:
            await self._tell(tx, asked, row_id, amount, now)
        tx.wake("ledger")
        log.info("payment refunded", payment=str(paid.id), refund=str(row_id), provider=paid.provider)
        return True

    async def _left(self, tx: Transaction, paid: Any) -> list[tuple[LedgerAccountId, Money]]:
        """What is left of a payment where it was booked to, after all refunds so far."""
        credit = ledger_transfer.c.credit
        moves = await tx.all(
            select(ledger_transfer.c.kind, ledger_transfer.c.debit, credit, ledger_transfer.c.amount)
            .where(ledger_transfer.c.payment_id == paid.id)
            .order_by(ledger_transfer.c.id)
        )
        left: dict[LedgerAccountId, Money] = {}
        for move in moves:
            if move.kind in (TransferKind.TOP_UP, TransferKind.COMMISSION, TransferKind.SUSPENSE):
                left[move.credit] = left.get(move.credit, ZERO) + Money(move.amount)
            elif move.kind == TransferKind.REFUND:
                left[move.debit] = left.get(move.debit, ZERO) - Money(move.amount)
        return sorted(left.items(), key=lambda item: item[0] in (COMMISSION.id, SUSPENSE.id))

    async def _post(
        self,
        tx: Transaction,
        paid: Any,
        asked: Any,
        row_id: Any,
        amount: Money,
        sources: list[tuple[LedgerAccountId, Money]],
        now: Moment,
    ) -> TransferId:
        service = None
        if asked is not None:
            service = await balances.lock(tx, asked.account_id, self._profile)
            # A balance that falls below zero changes what runs from now on.
            await balances.bring_up(tx, service, now.at, self._profile)
        first: TransferId | None = None
        for source, left in sources:
            part = min(amount, left)
            if not part:
                continue
            amount -= part
            leg = Transfer(
                id=TransferId(new_id()),
                debit=source,
                credit=clearing(paid.provider).id,
                amount=part,
                kind=TransferKind.REFUND,
                key=f"refund:{row_id}:{'account' if first is None else 'commission'}",
                at=now.at,
                payment_id=paid.id,
            )
            posted = await book.post(tx, leg)
            first = first or posted.transfer.id
        if service is not None:
            await balances.moved(tx, service, self._profile)
        assert first is not None, "a refund moves money"
        return first

    async def _set(self, tx: Transaction, row_id: Any, state: RefundState, **values: Any) -> None:
        await tx.execute(
            update(refund)
            .where(refund.c.id == row_id)
            .values(state=state, next_at=None, lease=None, lease_until=None, **values)
        )

    async def _tell(self, tx: Transaction, asked: Any, row_id: Any, amount: Money, now: Moment) -> None:
        said = notices.Refunded(await number_of(tx, asked.account_id), amount)
        payer = Payer(asked.channel, asked.payer)
        await outbox.add(tx, payer, said, key=f"refund:{row_id}", locale=asked.locale, now=now.wall)


def _booked(provider: str, reference: str) -> Select[Any]:
    return select(payment).where(
        payment.c.provider == provider,
        payment.c.provider_ref == reference,
        payment.c.state.in_(BOOKED),
    )
