"""Charging: what is asked of a provider for a payment, and what closes one that brought no money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.ids import Payer
from core.money import Money
from core.payments.capabilities import Capabilities, Operation
from core.payments.charge import Charge
from core.payments.provider import Declined, Outcome, Succeeded, Unknown
from core.states import Channel, Method, PaymentState
from core.storage.autopay_tables import card
from core.storage.database import Transaction
from core.storage.tables import account, top_up
from core.use_cases.asking import CHECKOUT_ASK_AFTER, NEVER_ARRIVED_ASKS, on_a_page
from core.use_cases.receipts import Receipts


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment in `sending`, and what its saved card is charged with."""

    row: Any
    token: str | None


async def charge_of(tx: Transaction, row: Any, receipts: Receipts, *, saves: bool) -> Charge:
    """A payment in the provider's words; `saves`: it may be told to remember the card."""
    asked = await tx.one(
        select(
            top_up.c.channel,
            top_up.c.payer,
            top_up.c.account_id,
            top_up.c.save_card,
            top_up.c.mandate_id,
            account.c.number,
            card.c.channel.label("owner_channel"),
            card.c.payer.label("owner"),
        )
        .join(account, account.c.id == top_up.c.account_id)
        .outerjoin(card, card.c.id == row.card_id)
        .where(top_up.c.id == row.top_up_id)
    )
    payer = Payer(asked.channel, asked.payer)
    owner = payer if asked.owner is None else Payer(asked.owner_channel, asked.owner)
    return Charge(
        id=row.id,
        number=asked.number,
        total=Money(row.total),
        payer=owner.opaque,
        phone=payer.address if payer.channel == Channel.SMS else None,
        method=row.method,
        save=asked.save_card and saves,
        by_mandate=asked.mandate_id is not None,
        receipt=await receipts.of_payer(tx, owner, asked.account_id, asked.number),
    )


def operation_of(row: Any) -> Operation:
    if row.method == Method.MOBILE:
        return Operation.CHARGE_MOBILE
    return Operation.CHECKOUT if row.card_id is None else Operation.CHARGE_SAVED


def is_forgotten(able: Capabilities, row: Any, now: datetime) -> bool:
    """Whether it was sent before under a key that the provider may have forgotten: asked about alone."""
    operation = operation_of(row)
    sent_before = row.asked > 1 and able.honours(operation)
    return sent_before and not able.honours(operation, age=now - row.created_at)


def told_by(row: Any, outcome: Outcome, *, repeatable: bool) -> Outcome:
    """What a call tells of the payment: a repeat that was refused as a request says nothing of the first.

    A decline with a reference is of a payment that the provider has; a page that nobody saw took no money.
    """
    refused = isinstance(outcome, Declined) and outcome.reference is None
    lost = refused and repeatable and row.asked > 1 and not on_a_page(row)
    return Unknown("repeat refused") if lost else outcome


def end_of(row: Any, found: Sequence[Outcome]) -> Declined | None:
    """What closes a payment for which no money is at the provider; None while there may still be some."""
    if any(isinstance(each, Succeeded) for each in found):
        return None
    if not found and row.state == PaymentState.UNKNOWN and row.asked >= NEVER_ARRIVED_ASKS:
        return Declined("unavailable")
    if on_a_page(row):
        # A card page stays open after a decline: the payer may try another card.
        return Declined("abandoned") if row.asked >= len(CHECKOUT_ASK_AFTER) else None
    refusals = [each for each in found if isinstance(each, Declined)]
    return refusals[0] if refusals and len(refusals) == len(found) else None
