"""What the phone's quote before means for a request: it is the same, is to be replaced, or stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.ids import AccountId, IncomingId, Payer
from core.states import Channel, TopUpState
from core.storage.database import Transaction
from core.storage.tables import top_up
from core.use_cases import quote_codes
from core.use_cases.top_up_moves import ask_for_sum, move, newest_by_sms


@dataclass(slots=True)
class Asked:
    """A request on its way to a quote; what is found out about the phone is added."""

    payer: Payer
    number: str
    values: dict[str, Any]
    answering: IncomingId | None
    why: str
    vouched: bool
    by_code: bool  # a plain yes will not confirm it
    replaces: Any = None  # the phone's open quote, where it is another


async def quoted_before(
    tx: Transaction, account_id: AccountId, asked: Asked, *, now: datetime, wall_now: datetime
) -> Any:
    """The quote that is the answer already: this very message's, or that of an identical request.

    Another open quote of the phone is to be cancelled: from then on a confirmation names the sum, or a code.
    Where it was asked for by a way that vouches, and this request was not, it stands and is the answer.
    """
    if asked.answering is not None:
        same_message = await tx.first(select(top_up).where(top_up.c.quoted_by == asked.answering))
        if same_message is not None:
            return await _as_asked(tx, same_message, asked, now)
    if asked.payer.channel != Channel.SMS:
        return None
    row = await newest_by_sms(tx, asked.payer)
    if row is None:
        return None
    asked.by_code |= await quote_codes.was_just_confirmed(tx, asked.payer, now=wall_now)
    if row.state != TopUpState.QUOTED:
        return None
    if row.expires_at <= now:
        await move(tx, row, TopUpState.EXPIRED, at=now, why="window passed")
        return None
    if (row.account_id, row.amount) == (account_id, asked.values["amount"]):
        return await _as_asked(tx, row, asked, now)
    if not asked.vouched and await quote_codes.was_vouched(tx, row):
        await ask_for_sum(tx, asked.payer)
        return await quote_codes.give_code(tx, row, vouched=False, now=now)
    asked.replaces = row
    asked.values["needs_sum"] = True
    asked.by_code |= row.code is not None  # what spoke against a plain yes may do so still
    return None


async def _as_asked(tx: Transaction, row: Any, asked: Asked, now: datetime) -> Any:
    if asked.by_code and quote_codes.is_open(row, now):
        row = await quote_codes.give_code(tx, row, vouched=asked.vouched, now=now)
    if asked.vouched and row.code is not None and not await quote_codes.was_vouched(tx, row):
        # From now on it is that of a sender who is vouched for, and nobody else's to end.
        await tx.execute(update(top_up).where(top_up.c.id == row.id).values(quoted_by=asked.answering))
    return row
