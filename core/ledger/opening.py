"""New subscribers' accounts, many at once: a balance that nobody else can have moved is its one transfer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from core.ledger.transfer import LedgerAccountId, Transfer
from core.money import ZERO
from core.states import LedgerAccountKind
from core.storage.database import Transaction
from core.storage.tables import ledger_account, ledger_transfer


@dataclass(frozen=True, slots=True)
class Opened:
    """A subscriber's new ledger account, and what it starts with; none: it starts empty."""

    account: LedgerAccountId
    number: str
    opening: Transfer | None


async def open_subscribers(tx: Transaction, opened: Sequence[Opened]) -> None:
    """Put accounts into the book with their opening transfers, two statements for all of them.

    `book.post` one by one would hold SQLite's only writer for minutes in an import of a hundred
    thousand. IntegrityError where one of them is in the book already.
    """
    await tx.execute(
        insert(ledger_account),
        [
            {
                "id": each.account,
                "kind": LedgerAccountKind.SUBSCRIBER,
                "name": f"subscriber:{each.number}",
                "balance": _balance(each),
                "version": int(each.opening is not None),
            }
            for each in opened
        ],
    )
    transfers = [each.opening for each in opened if each.opening is not None]
    if transfers:
        await tx.execute(
            insert(ledger_transfer),
            [
                {
                    "id": transfer.id,
                    "debit": transfer.debit,
                    "credit": transfer.credit,
                    "amount": transfer.amount.kopecks,
                    "kind": transfer.kind,
                    "key": transfer.key,
                    "at": transfer.at,
                }
                for transfer in transfers
            ],
        )


def _balance(opened: Opened) -> int:
    if opened.opening is None:
        return ZERO.kopecks
    amount = opened.opening.amount.kopecks
    return amount if opened.opening.credit == opened.account else -amount
