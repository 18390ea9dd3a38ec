"""Stopping: what an unlinked card ends at once, in the transaction that unlinks it."""

from collections.abc import Sequence

from sqlalchemy import select

from core.ids import CardId, Payer
from core.messages.autopay_notices import AutopayCardNeeded
from core.money import Money
from core.states import LIVE_MANDATE, MandateState
from core.storage.autopay_tables import mandate, mandate_charge
from core.storage.database import Transaction
from core.storage.queue import unfinished
from core.storage.tables import payment
from core.use_cases.asking import Moment
from core.use_cases.mandates import cancel_intents, in_flight, move, tell_payer
from core.use_cases.top_up_moves import number_of


async def stop_cards(
    tx: Transaction, cards: Sequence[CardId], owner: Payer, now: Moment
) -> tuple[list[str], bool]:
    """Pause the mandates that charge these cards; their accounts, and whether a charge is under way."""
    rows = await tx.all(
        select(mandate)
        .where(mandate.c.card_id.in_(cards), mandate.c.state.in_(LIVE_MANDATE))
        .order_by(mandate.c.id)
        .with_for_update()
    )
    numbers = []
    for row in rows:
        number = await number_of(tx, row.account_id)
        numbers.append(number)
        if row.state != MandateState.ACTIVE:
            continue
        values = {"reason": "card_needed", "retry_on": None, "retry_period": None, "next_at": None}
        await move(tx, row, MandateState.PAUSED, at=now.at, why="card unlinked", **values)
        if Payer(row.channel, row.payer) != owner:
            said = AutopayCardNeeded(number, Money(row.amount), None, "unlinked")
            await tell_payer(tx, row, said, key=f"unlinked:{row.card_id}", now=now)
    stopped = [row.id for row in rows]
    await cancel_intents(tx, mandate_charge.c.mandate_id.in_(stopped), at=now.at)
    # Also of a mandate that has another card by now.
    of = payment.alias()
    open_ones = select(of.c.id).where(unfinished(payment), of.c.card_id.in_(cards))
    return numbers, await in_flight(tx, mandate_charge.c.payment_id.in_(open_ones))
