"""Statements: an account's ledger as staff and the demo's page see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.clock import Clock
from core.errors import UnknownAccount
from core.ledger import book
from core.ledger.transfer import of_subscriber
from core.money import Money
from core.profile import Profile
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import account, ledger_account
from core.use_cases.accounts import read_screen


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One transfer: its sides by name, the change signed as the account sees it."""

    at: datetime
    kind: TransferKind
    debit: str
    credit: str
    amount: Money
    change: Money
    balance_after: Money
    key: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    number: str
    balance_posted: Money
    balance: Money  # posted, less what has run up since
    rows: list[LedgerRow]


class Statements:
    def __init__(self, database: Database, profile: Profile, clock: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock

    async def ledger(self, number: str, *, limit: int = 50) -> LedgerView:
        """The newest transfers of an account first; raises UnknownAccount."""
        async with self._database.read() as tx:
            account_id = await tx.scalar(select(account.c.id).where(account.c.number == number))
            if account_id is None:
                raise UnknownAccount(number)
            lines = await book.statement(tx, of_subscriber(account_id), limit=limit)
            sides = {line.transfer.debit for line in lines} | {line.transfer.credit for line in lines}
            named = await tx.all(
                select(ledger_account.c.id, ledger_account.c.name).where(ledger_account.c.id.in_(sides))
            )
            screen = await read_screen(tx, account_id, self._profile, self._clock.now())
            posted = await book.balance(tx, of_subscriber(account_id))
        names = {row.id: row.name for row in named}
        rows = [
            LedgerRow(
                at=line.transfer.at,
                kind=line.transfer.kind,
                debit=names[line.transfer.debit],
                credit=names[line.transfer.credit],
                amount=line.transfer.amount,
                change=line.change,
                balance_after=line.after,
                key=line.transfer.key,
            )
            for line in lines
        ]
        return LedgerView(number, posted, screen.balance, rows)
