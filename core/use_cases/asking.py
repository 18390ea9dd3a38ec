"""Asking: when a provider is asked after a payment, and the two times that a settlement goes by."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.states import ON_A_PAGE

# Asking after a payment whose outcome we do not know.
ASK_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=1),) * 5,
)
CHECKOUT_ASK_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))
NEVER_ARRIVED_ASKS = 3  # the provider knows nothing after 5 s, 30 s and 5 min: nothing was charged


@dataclass(frozen=True, slots=True)
class Moment:
    """Both times of a settlement: the business's and the queues'."""

    at: datetime
    wall: datetime


def on_a_page(row: Any) -> bool:
    """Whether the payer pays on a page of the provider's: it stays open after a decline."""
    return bool(row.method in ON_A_PAGE and row.card_id is None)
