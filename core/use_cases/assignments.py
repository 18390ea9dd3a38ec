"""Assignments: a payment's money moved by staff, once: from the wrong account, or out of suspense."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from core.errors import (
    AllGivenBack,
    AlreadyAssigned,
    NotAssignable,
    RefundUnderWay,
    SameAccount,
    UnknownAccount,
    UnknownPayment,
)
from core.ids import AccountId, Payer, TransferId, new_id
from core.ledger import book
from core.ledger.transfer import SUSPENSE, LedgerAccountId, Transfer, clearing, of_subscriber
from core.messages import outbox
from core.messages.notices import Paid
from core.money import ZERO, Money
from core.profile import Profile
from core.states import PaymentState, RefundState, TransferKind
from core.storage.autopay_tables import refund
from core.storage.database import Database, Transaction
from core.storage.staff_tables import assignment
from core.storage.tables import account, ledger_transfer, payment, top_up
from core.use_cases import balances, payment_names
from core.use_cases.asking import Moment
from core.use_cases.top_up_moves import number_of

BOOKED = (PaymentState.SUCCEEDED, PaymentState.HELD)
REFUND_OPEN = (RefundState.INTENT, RefundState.SENDING, RefundState.PENDING, RefundState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Moved:
    """What went where; `from_number` is none for money out of suspense; balances as posted after."""

    payment_id: UUID
    amount: Money
    from_number: str | None
    to_number: str
    from_after: Money | None
    to_after: Money
    repeated: bool = False  # it had been done before: nothing was moved now


class _Looked(Exception):
    """A dry look is over: what was done is rolled back."""


@asynccontextmanager
async def perhaps(database: Database, *, dry_run: bool) -> AsyncIterator[Transaction]:
    """A transaction that a dry run rolls back."""
    try:
        async with database.transaction() as tx:
            yield tx
            if dry_run:
                raise _Looked
    except _Looked:
        pass


async def named(tx: Transaction, name: str) -> Any:
    """The payment of an id of ours or of a provider's reference, locked. Raises UnknownPayment."""
    which = await payment_names.which(tx, name)
    found = await tx.all(select(payment).where(which).limit(2).with_for_update())
    if len(found) != 1:  # one reference at two providers is no name either
        raise UnknownPayment
    return found[0]


async def credited(tx: Transaction, row: Any) -> Money:
    """What a booked payment brought: all that was paid, or what of it is vouched for, in suspense."""
    if row.state != PaymentState.HELD:
        return Money(row.total)
    held = select(ledger_transfer.c.amount).where(ledger_transfer.c.id == row.transfer_id)
    return Money(int(await tx.scalar(held)))


async def of_payment(tx: Transaction, payment_id: UUID) -> Any:
    """Where staff put a payment's money; None where they did not."""
    return await tx.first(select(assignment).where(assignment.c.payment_id == payment_id))


async def given_back(tx: Transaction, payment_id: UUID) -> Money:
    """What was given back of a payment, or is about to be."""
    total = select(func.coalesce(func.sum(refund.c.amount), 0)).where(
        refund.c.payment_id == payment_id, refund.c.state != RefundState.DECLINED
    )
    return Money(int(await tx.scalar(total)))


async def move(tx: Transaction, row: Any, to: str, profile: Profile, now: Moment) -> Moved:
    """Move what is left of a locked payment to the account of this number.

    Raises UnknownAccount, NotAssignable, AlreadyAssigned, AllGivenBack, RefundUnderWay, SameAccount.
    """
    if row.state not in BOOKED:
        raise NotAssignable
    target = await tx.scalar(select(account.c.id).where(account.c.number == to))
    if target is None:
        raise UnknownAccount(to)
    before = await of_payment(tx, row.id)
    if before is not None:
        return await _again(tx, before, target)
    asked = await tx.first(select(top_up).where(top_up.c.id == row.top_up_id))
    source = asked.account_id if row.state == PaymentState.SUCCEEDED and asked is not None else None
    if source == target:
        raise SameAccount
    amount = await _left(tx, row, asked if source is not None else None)
    await _post(tx, row, source, target, amount, profile, now.at)
    await tx.execute(
        insert(assignment).values(
            id=new_id(), payment_id=row.id, from_account=source, to_account=target,
            amount=amount.kopecks, at=now.at,
        )
    )  # fmt: skip
    if asked is not None:
        await _tell(tx, row, asked, to, amount, now, late=source is None)
    tx.wake("ledger")
    return await _moved(tx, row.id, amount, source, target)


async def _again(tx: Transaction, before: Any, target: UUID) -> Moved:
    """The same once more moves nothing; another account is refused."""
    if before.to_account != target:
        raise AlreadyAssigned(await number_of(tx, before.to_account))
    amount = Money(before.amount)
    return await _moved(tx, before.payment_id, amount, before.from_account, target, repeated=True)


async def _left(tx: Transaction, row: Any, asked: Any) -> Money:
    """Refunds take the account's part first, then the commission's."""
    under_way = select(refund.c.id).where(refund.c.payment_id == row.id, refund.c.state.in_(REFUND_OPEN))
    if await tx.scalar(under_way.limit(1)) is not None:
        raise RefundUnderWay
    brought = await credited(tx, row) if asked is None else Money(asked.amount)
    left = brought - await given_back(tx, row.id)
    if left <= ZERO:
        raise AllGivenBack
    return left


async def _post(
    tx: Transaction,
    row: Any,
    source: AccountId | None,
    target: AccountId,
    amount: Money,
    profile: Profile,
    at: datetime,
) -> None:
    """Between two subscribers money goes through clearing, their rows locked in the order of their ids."""
    services = []
    for owner in sorted({target} if source is None else {source, target}):
        service = await balances.lock(tx, owner, profile)
        await balances.bring_up(tx, service, at, profile)
        services.append(service)
    between = SUSPENSE.id if source is None else clearing(row.provider).id
    if source is not None:
        await book.post(tx, _leg(row, of_subscriber(source), between, amount, "out", at))
    await book.post(tx, _leg(row, between, of_subscriber(target), amount, "in", at))
    for service in services:
        await balances.moved(tx, service, profile, at=at)


def _leg(
    row: Any, debit: LedgerAccountId, credit: LedgerAccountId, amount: Money, part: str, at: datetime
) -> Transfer:
    return Transfer(
        id=TransferId(new_id()),
        debit=debit,
        credit=credit,
        amount=amount,
        kind=TransferKind.CORRECTION,
        key=f"assignment:{row.id}:{part}",
        at=at,
        payment_id=row.id,
    )


async def _tell(
    tx: Transaction, row: Any, asked: Any, number: str, amount: Money, now: Moment, *, late: bool
) -> None:
    """Who paid gets a receipt that names the account where the money is now."""
    said = Paid(
        number=number,
        amount=amount,
        commission=ZERO,
        total=amount,
        method=row.method,
        card_mask=row.card_mask,
        transaction=row.provider_ref,
        at=now.at,
        late=late,
    )
    key, payer = f"assignment:{row.id}", Payer(asked.channel, asked.payer)
    await outbox.add(tx, payer, said, key=key, locale=asked.locale, now=now.wall)


async def _moved(
    tx: Transaction,
    payment_id: UUID,
    amount: Money,
    source: AccountId | None,
    target: UUID,
    *,
    repeated: bool = False,
) -> Moved:
    to = AccountId(target)
    return Moved(
        payment_id=payment_id,
        amount=amount,
        from_number=None if source is None else await number_of(tx, source),
        to_number=await number_of(tx, to),
        from_after=None if source is None else await book.balance(tx, of_subscriber(source)),
        to_after=await book.balance(tx, of_subscriber(to)),
        repeated=repeated,
    )
