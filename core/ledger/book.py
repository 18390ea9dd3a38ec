"""The book: the only place that writes transfers and the balances that follow from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, insert, or_, select, text, update

from core.ids import TransferId, new_id
from core.ledger.transfer import LedgerAccountId, SystemAccount, Transfer
from core.money import ZERO, Money
from core.states import LedgerAccountKind, TransferKind
from core.storage.database import Transaction
from core.storage.new_rows import NewRows
from core.storage.tables import ledger_account, ledger_transfer

_NEW_ACCOUNTS = NewRows(ledger_account, returning="id")


class KeyReused(Exception):
    """One key asked for two different transfers: a fault of ours, nothing was posted."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The stored transfer; `fresh` tells whether this call stored it."""

    transfer: Transfer
    fresh: bool


# The insert comes first and the balance moves by what it returned, so a replay moves nothing.
_POST = text(
    """
    WITH posted AS (
        INSERT INTO ledger_transfer (id, debit, credit, amount, kind, key, reverses, payment_id, at)
        VALUES (:id, :debit, :credit, :amount, :kind, :key, :reverses, :payment_id, :at)
        ON CONFLICT (key) DO NOTHING
        RETURNING debit, credit, amount
    ), moved AS (
        UPDATE ledger_account
        SET balance = balance + CASE WHEN ledger_account.id = posted.credit THEN amount ELSE -amount END,
            version = version + 1
        FROM posted
        WHERE ledger_account.id IN (posted.debit, posted.credit) AND balance IS NOT NULL
        RETURNING ledger_account.id
    )
    SELECT count(*) AS fresh FROM posted
    """
)


async def post(tx: Transaction, transfer: Transfer) -> Posted:
    """Store a transfer and move the subscribers' balances with it, once a key.

    A replay returns the stored transfer with `fresh` false. Raises KeyReused where the key
    stands for other accounts or another amount.
    """
    fresh = await (_post_on_sqlite(tx, transfer) if tx.sqlite else _post_on_postgresql(tx, transfer))
    if fresh:
        return Posted(transfer, fresh=True)
    stored = await by_key(tx, transfer.key)
    if stored is None or not stored.same_money(transfer):
        raise KeyReused(transfer.key)
    return Posted(stored, fresh=False)


async def _post_on_postgresql(tx: Transaction, transfer: Transfer) -> bool:
    row = (await tx.execute(_POST, _values(transfer))).one()
    return bool(row.fresh)


async def _post_on_sqlite(tx: Transaction, transfer: Transfer) -> bool:
    # One writer holds the database: a look before the insert cannot be overtaken.
    if await by_key(tx, transfer.key) is not None:
        return False
    await tx.execute(insert(ledger_transfer).values(_values(transfer)))
    amount = transfer.amount.kopecks
    await tx.execute(
        update(ledger_account)
        .where(
            ledger_account.c.id.in_([transfer.debit, transfer.credit]),
            ledger_account.c.balance.is_not(None),
        )
        .values(
            balance=ledger_account.c.balance
            + case((ledger_account.c.id == transfer.credit, amount), else_=-amount),
            version=ledger_account.c.version + 1,
        )
    )
    return True


def _values(transfer: Transfer) -> dict[str, Any]:
    return {
        "id": transfer.id,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount.kopecks,
        "kind": transfer.kind.value,
        "key": transfer.key,
        "reverses": transfer.reverses,
        "payment_id": transfer.payment_id,
        "at": transfer.at,
    }


async def reverse(tx: Transaction, transfer_id: TransferId, *, key: str, at: datetime) -> Posted:
    """Correct a whole transfer by its opposite, once; LookupError where there is no such transfer.

    A second reversal under another key meets the unique index on `reverses`.
    """
    row = await tx.first(select(ledger_transfer).where(ledger_transfer.c.id == transfer_id))
    if row is None:
        raise LookupError(transfer_id)
    wrong = _transfer(row)
    return await post(
        tx,
        Transfer(
            id=TransferId(new_id()),
            debit=wrong.credit,
            credit=wrong.debit,
            amount=wrong.amount,
            kind=TransferKind.REVERSAL,
            key=key,
            at=at,
            payment_id=wrong.payment_id,
            reverses=wrong.id,
        ),
    )


async def by_key(tx: Transaction, key: str) -> Transfer | None:
    row = await tx.first(select(ledger_transfer).where(ledger_transfer.c.key == key))
    return None if row is None else _transfer(row)


async def balance(tx: Transaction, of: LedgerAccountId) -> Money:
    """The posted balance of a subscriber's ledger account."""
    kopecks = await tx.scalar(select(ledger_account.c.balance).where(ledger_account.c.id == of))
    if kopecks is None:
        raise LookupError(of)
    return Money(kopecks)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A transfer as one side sees it: `change` signed, `after` the posted balance behind it."""

    transfer: Transfer
    change: Money
    after: Money


async def statement(
    tx: Transaction,
    of: LedgerAccountId,
    *,
    limit: int,
    before: TransferId | None = None,
    kinds: frozenset[TransferKind] | None = None,
) -> list[StatementRow]:
    """The newest transfers of an account first.

    `after` is exact only from the newest on (no `before`) and while no `kinds` are left out.
    """
    own = or_(ledger_transfer.c.debit == of, ledger_transfer.c.credit == of)
    query = select(ledger_transfer).where(own).order_by(ledger_transfer.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ledger_transfer.c.id < before)
    if kinds is not None:
        query = query.where(ledger_transfer.c.kind.in_(kinds))
    rows = await tx.all(query)
    after = await balance(tx, of) if before is None else ZERO
    lines = []
    for row in rows:
        transfer = _transfer(row)
        change = transfer.amount if transfer.credit == of else -transfer.amount
        lines.append(StatementRow(transfer, change, after))
        after -= change
    return lines


async def open_system_account(tx: Transaction, system: SystemAccount) -> None:
    """Make sure that an account of the house is in the book; processes that start together may race."""
    await _NEW_ACCOUNTS.add_one(tx, id=system.id, kind=system.kind, name=system.name)


async def open_subscriber_account(tx: Transaction, account: LedgerAccountId, *, number: str) -> None:
    await tx.execute(
        insert(ledger_account).values(
            id=account, kind=LedgerAccountKind.SUBSCRIBER, name=f"subscriber:{number}", balance=0
        )
    )


def _transfer(row: Any) -> Transfer:
    return Transfer(
        id=row.id,
        debit=row.debit,
        credit=row.credit,
        amount=Money(row.amount),
        kind=row.kind,
        key=row.key,
        at=row.at,
        payment_id=row.payment_id,
        reverses=row.reverses,
    )
