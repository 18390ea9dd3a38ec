"""The three digits of a quote by SMS, for where a plain yes is not enough to confirm it."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, select, update

from core.ids import Payer
from core.money import KOPECKS
from core.states import TopUpState
from core.storage.database import Transaction
from core.storage.message_tables import incoming
from core.storage.proof_tables import limit_hit
from core.storage.tables import top_up
from core.use_cases import limits

CONFIRM_WINDOW = timedelta(minutes=15)  # operators keep an unfinished request open as long
# An SMSC that missed our acknowledgement gives a yes again after the door's minute too.
YES_REMEMBERED = CONFIRM_WINDOW

# In what a door stores of a message: it came by a bind of the operator's own, who vouches for the sender.
VOUCHED = "vouched"

# A yes of which nothing came, as a condition of a statement that asks for something else.
YES_IN_VAIN = exists(
    select(limit_hit.c.id).where(
        limit_hit.c.subject == bindparam("yes_in_vain"),
        limit_hit.c.at > bindparam("yes_since", type_=limit_hit.c.at.type),
    )
)


def is_vouched(payload: Mapping[str, Any]) -> bool:
    """Whether the way that a stored message came by vouches for its sender's number."""
    return payload.get(VOUCHED) is True


def yes_in_vain_params(payer: Payer, *, now: datetime) -> dict[str, Any]:
    return {"yes_in_vain": _yes_of(payer), "yes_since": now - YES_REMEMBERED}


async def note_yes_in_vain(tx: Transaction, payer: Payer, *, now: datetime) -> None:
    """The same word within the minute would be lost, as after one that confirmed."""
    await limits.hit(tx, _yes_of(payer), now=now)


async def was_just_confirmed(tx: Transaction, newest: Any, *, now: datetime) -> bool:
    """Whether the yes to the phone's newest top-up, a locked row, came within YES_REMEMBERED (wall clock).

    SMPP gives messages no id: within a minute the door takes the same word for the first one given again, and
    a second yes would be lost; later it is believed, and a first one given again would confirm another quote.
    """
    if newest is None or newest.confirmed_by is None:
        return False
    at = await tx.scalar(select(incoming.c.received_at).where(incoming.c.id == newest.confirmed_by))
    return at is not None and at > now - YES_REMEMBERED


def code_besides(taken: Collection[str]) -> str:
    while (code := f"{secrets.randbelow(1000):03d}") in taken:
        pass
    return code


def sums_as_typed(*kopecks: int) -> set[str]:
    """What no code may look like: "ДА 113" names a sum."""
    return {str(each // KOPECKS) for each in kopecks}


def is_open_by_word(row: Any, now: datetime) -> bool:
    """Whether the phone's newest quote waits for a yes without a code."""
    return row is not None and row.state == TopUpState.QUOTED and row.code is None and row.expires_at > now


async def stands(tx: Transaction, row: Any, now: datetime) -> bool:
    """Whether a quote is open and was asked for by a way that vouches: nothing by another ends it."""
    return row.state == TopUpState.QUOTED and row.expires_at > now and await was_vouched(tx, row)


async def was_vouched(tx: Transaction, row: Any) -> bool:
    """Whether a quote was asked for by a way that vouches for its sender."""
    payload = await tx.scalar(select(incoming.c.payload).where(incoming.c.id == row.quoted_by))
    return payload is not None and is_vouched(payload)


async def let_word_stand(tx: Transaction, row: Any, *, now: datetime) -> None:
    """A yes by a way that vouches is enough for this quote, digits or not."""
    await limits.hit(tx, _word_of(row), now=now)


async def does_word_stand(tx: Transaction, row: Any) -> bool:
    return await limits.count(tx, _word_of(row)) > 0


async def give_code(tx: Transaction, row: Any) -> Any:
    """From now on an open quote is confirmed by its code alone; the row as it is then."""
    code = code_besides(sums_as_typed(row.amount, row.total))
    given = update(top_up).where(top_up.c.id == row.id).values(code=code).returning(*top_up.c)
    return (await tx.execute(given)).one()


def _word_of(row: Any) -> str:
    return f"word_stands:{row.id}"


def _yes_of(payer: Payer) -> str:
    return limits.subject(payer, "yes_in_vain")
