"""The facts that a broadcast's fields name: of each account as of the moment that its message is worded."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select

from core.profile import Profile
from core.storage.database import Transaction
from core.storage.tables import account, ledger_account
from core.use_cases.accounts import screen_of

Facts = dict[str, Any]

_ACCOUNTS = select(
    account.c.id, account.c.number, account.c.holder, account.c.city, account.c.street, account.c.tariff,
    account.c.tariff_next, account.c.state, account.c.accrued_until, account.c.negative_since,
    ledger_account.c.balance, literal(0).label("fees"),
).join(ledger_account, ledger_account.c.id == account.c.id)  # fmt: skip


async def facts_of(
    tx: Transaction, accounts: Collection[UUID], profile: Profile, now: datetime
) -> dict[UUID, Facts]:
    """By account; none for one whose tariff has left the profile: its balance cannot be reckoned."""
    rows = await tx.all(_ACCOUNTS.where(account.c.id.in_(accounts)))
    known = [row for row in rows if profile.has_tariffs(row.tariff, row.tariff_next)]
    return {row.id: _facts(row, profile, now) for row in known}


def _facts(row: Any, profile: Profile, now: datetime) -> Facts:
    screen = screen_of(row, profile, now)
    return {
        "name": row.holder,
        "account": row.number,
        "balance": screen.balance.kopecks,
        "days": screen.days_until_block,
        "sum": None if screen.recommended is None else screen.recommended.kopecks,
        "tariff": screen.tariff,
        "city": row.city,
        "street": row.street,
    }
