"""What stands against confirming a phone's quote by SMS."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from core.errors import (
    AlreadyConfirmed,
    CodeNeeded,
    LimitReached,
    NoOpenQuote,
    QuoteExpired,
    Refusal,
    SumNeeded,
    TooManyCodes,
    WrongSum,
)
from core.ids import Payer
from core.money import Money
from core.states import TopUpState
from core.storage.database import Transaction
from core.use_cases import limits, quote_codes
from core.use_cases.charge_limits import ChargeLimits
from core.use_cases.limits import Limit
from core.use_cases.top_up_moves import move

EXPIRED_REMEMBERED = timedelta(days=1)  # a late "да" is told that it is late
CODE_TRIES = 5
# Who sends in another's name sees no code, and would try a thousand, quote after quote.
CODES_OF_ONE_PHONE = (Limit(10, timedelta(days=1)),)


async def why_not(
    tx: Transaction,
    row: Any,
    amount: Money | None,
    code: str | None,
    now: datetime,
    *,
    vouched: bool,
) -> Refusal | None:
    """What stands against confirming the phone's newest quote; a late one is closed here."""
    is_known = row is not None and now - row.created_at <= EXPIRED_REMEMBERED
    if not is_known or row.state == TopUpState.CANCELLED:
        return NoOpenQuote()
    if row.state == TopUpState.QUOTED and row.expires_at <= now:
        await move(tx, row, TopUpState.EXPIRED, at=now, why="window passed")
        return QuoteExpired()
    if row.state == TopUpState.EXPIRED:
        return QuoteExpired()
    if row.state != TopUpState.QUOTED:
        return AlreadyConfirmed(row.id)
    is_word = code is None or code in quote_codes.sums_as_typed(row.amount, row.total)
    if row.code is not None and not (vouched and is_word and await quote_codes.does_word_stand(tx, row)):
        # The code is this quote's alone, and so says which one is meant.
        return await _why_not_by_code(tx, row, None if is_word else code, now, vouched=vouched)
    named = amount in (Money(row.amount), Money(row.total))
    if amount is not None and not named:
        return WrongSum(Money(row.amount))
    if amount is None and code is not None:
        return SumNeeded(Money(row.amount))  # three digits, and none were asked for
    return SumNeeded(Money(row.amount)) if row.needs_sum and not named else None


async def past_limit(
    tx: Transaction, row: Any, now: datetime, charge_limits: ChargeLimits
) -> LimitReached | None:
    """The limit that the confirmed charge would pass; the quote is cancelled.

    Else the same yes, given again when there is room, would charge what we called not charged.
    """
    reached = await charge_limits.why_no_charge(tx, Payer.sms(row.payer), row.account_id, Money(row.amount))
    if reached is not None:
        await move(tx, row, TopUpState.CANCELLED, at=now, why=f"limit: {reached.whose}, {reached.period}")
    return reached


async def _why_not_by_code(
    tx: Transaction, row: Any, code: str | None, now: datetime, *, vouched: bool
) -> Refusal | None:
    of_phone = limits.subject(Payer.sms(row.payer), "quote_codes", vouched=vouched)
    if await limits.reached(tx, of_phone, CODES_OF_ONE_PHONE, now=now) is not None:
        return TooManyCodes()
    if code is None:
        return CodeNeeded()  # a word is no guess, and no code looks like the sum
    if secrets.compare_digest(row.code, code):
        return None
    await limits.hit(tx, of_phone, now=now)
    if not vouched and await quote_codes.was_vouched(tx, row):
        return CodeNeeded()  # not theirs to end
    await limits.hit(tx, f"quote_code:{row.id}", now=now)
    if await limits.count(tx, f"quote_code:{row.id}") >= CODE_TRIES:
        await move(tx, row, TopUpState.CANCELLED, at=now, why="too many codes")
        return NoOpenQuote()
    return CodeNeeded()
