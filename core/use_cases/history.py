"""History: what came to an account, and the sums that follow from it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.ids import AccountId, Payer, TransferId
from core.ledger import book
from core.ledger.transfer import of_subscriber
from core.money import Money
from core.profile import Profile
from core.states import Method, TopUpState, TransferKind
from core.storage.database import Transaction
from core.storage.tables import payment, top_up
from core.use_cases.accounts import read_screen
from core.use_cases.top_up_moves import by

SHOWN = frozenset(
    {
        TransferKind.TOP_UP,
        TransferKind.CORRECTION,
        TransferKind.REVERSAL,
        TransferKind.REFUND,
        TransferKind.OPENING,
    }
)


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A transfer as the subscriber sees it; `amount` is negative where it took money."""

    id: TransferId
    at: datetime
    amount: Money
    kind: TransferKind
    method: Method | None
    card_mask: str | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    items: list[HistoryItem]
    next_cursor: TransferId | None


@dataclass(frozen=True, slots=True)
class Chips:
    """Sums to tap on; None where there is nothing to say."""

    recommended: Money | None
    monthly: Money | None
    last: Money | None


async def page(
    tx: Transaction, account_id: AccountId, *, before: TransferId | None, limit: int
) -> HistoryPage:
    rows = await book.statement(tx, of_subscriber(account_id), limit=limit + 1, before=before, kinds=SHOWN)
    paid = {row.transfer.payment_id for row in rows if row.transfer.payment_id is not None}
    found = await tx.all(
        select(payment.c.id, payment.c.method, payment.c.card_mask).where(payment.c.id.in_(paid))
    )
    ways = {row.id: row for row in found}
    items = []
    for row in rows[:limit]:
        way = ways.get(row.transfer.payment_id)
        items.append(
            HistoryItem(
                id=row.transfer.id,
                at=row.transfer.at,
                amount=row.change,
                kind=row.transfer.kind,
                method=None if way is None else way.method,
                card_mask=None if way is None else way.card_mask,
            )
        )
    return HistoryPage(items, items[-1].id if len(rows) > limit else None)


async def chips(
    tx: Transaction, payer: Payer, account_id: AccountId, profile: Profile, now: datetime
) -> Chips:
    screen = await read_screen(tx, account_id, profile, now)
    last = await tx.scalar(
        select(top_up.c.amount)
        .where(by(payer), top_up.c.account_id == account_id, top_up.c.state == TopUpState.PAID)
        .order_by(top_up.c.created_at.desc())
        .limit(1)
    )
    return Chips(
        recommended=screen.recommended or None,
        monthly=screen.monthly or None,
        last=None if last is None else Money(last),
    )
