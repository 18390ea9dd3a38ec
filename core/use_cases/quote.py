"""A quote as a value: what the payer is shown before confirming, and by SMS is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ids import TopUpId
from core.messages.notices import Quoted
from core.money import Money
from core.states import Method, TopUpState


@dataclass(frozen=True, slots=True)
class Quote:
    """What the payer is shown before confirming."""

    id: TopUpId
    number: str
    amount: Money
    commission: Money
    total: Money
    commission_from: bool
    method: Method
    expires_at: datetime
    state: TopUpState
    operator: str | None
    code: str | None
    needs_sum: bool


def quote_of(row: Any, number: str) -> Quote:
    return Quote(
        id=row.id,
        number=number.lstrip("0"),
        amount=Money(row.amount),
        commission=Money(row.commission),
        total=Money(row.total),
        commission_from=row.commission_from,
        method=row.method,
        expires_at=row.expires_at,
        state=row.state,
        operator=row.operator,
        code=row.code,
        needs_sum=row.needs_sum,
    )


def said_of(quote: Quote, *, replaces: bool) -> Quoted:
    """The reply by SMS; `replaces`: an earlier quote is cancelled by it."""
    return Quoted(
        number=quote.number,
        amount=quote.amount,
        commission=quote.commission,
        total=quote.total,
        commission_from=quote.commission_from,
        code=quote.code,
        needs_sum=quote.needs_sum,
        replaces=replaces,
    )
