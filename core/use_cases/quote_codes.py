"""The three digits of a quote by SMS, for where a plain yes is not enough to confirm it."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, update

from core.ids import IncomingId, Payer
from core.messages.incoming import is_vouched
from core.money import KOPECKS
from core.states import TopUpState
from core.storage.database import Transaction
from core.storage.message_tables import incoming
from core.storage.proof_tables import limit_hit
from core.storage.tables import top_up
from core.use_cases import limits
from core.use_cases.top_up_moves import NEWEST_FIRST, by_sms

CONFIRM_WINDOW = timedelta(minutes=15)  # operators keep an unfinished request open as long
# An SMSC that missed our acknowledgement gives a yes again after the door's minute too.
YES_REMEMBERED = CONFIRM_WINDOW

# A yes of which nothing came, as a condition of a statement that asks for something else.
YES_IN_VAIN = exists(
    select(limit_hit.c.id).where(
        limit_hit.c.subject == bindparam("yes_in_vain"),
        limit_hit.c.at > bindparam("yes_since", type_=limit_hit.c.at.type),
    )
)


def yes_in_vain_params(payer: Payer, *, now: datetime) -> dict[str, Any]:
    return {"yes_in_vain": _yes_of(payer), "yes_since": now - YES_REMEMBERED}


async def note_yes_in_vain(tx: Transaction, payer: Payer, *, now: datetime) -> None:
    """The same word within the minute would be lost, as after one that confirmed.

    Only the newest is looked at: there is one row a phone. Nobody else may be at the phone's quotes.
    """
    noted = update(limit_hit).where(limit_hit.c.subject == _yes_of(payer)).values(at=now)
    if (await tx.execute(noted)).rowcount == 0:
        await limits.hit(tx, _yes_of(payer), now=now)


async def was_just_confirmed(tx: Transaction, payer: Payer, *, now: datetime) -> bool:
    """Whether the yes to what the phone confirmed last came within YES_REMEMBERED (wall clock).

    SMPP gives messages no id: within a minute the door takes the same word for the first one given again, and
    a second yes would be lost; later it is believed, and a first one given again would confirm another quote.
    """
    at = await tx.scalar(
        select(incoming.c.received_at)
        .join(top_up, top_up.c.confirmed_by == incoming.c.id)
        .where(by_sms(payer))
        .order_by(*NEWEST_FIRST)
        .limit(1)
    )
    return at is not None and at > now - YES_REMEMBERED


async def new_code(tx: Transaction, payer: Payer, *kopecks: int) -> str:
    """Digits for a quote of these sums; not those that the phone was given last, whatever became of them."""
    was_given = (by_sms(payer), top_up.c.code.is_not(None))
    last = select(top_up.c.code).where(*was_given).order_by(*NEWEST_FIRST).limit(1)
    return code_besides(sums_as_typed(*kopecks) | {await tx.scalar(last) or ""})


def code_besides(taken: Collection[str]) -> str:
    while (code := f"{secrets.randbelow(1000):03d}") in taken:
        pass
    return code


def sums_as_typed(*kopecks: int) -> set[str]:
    """What no code may look like: "ДА 113" names a sum."""
    return {str(each // KOPECKS) for each in kopecks}


def is_open(row: Any, now: datetime) -> bool:
    """Whether the phone's newest quote, if there is one, waits for a yes."""
    return row is not None and row.state == TopUpState.QUOTED and row.expires_at > now


def is_no_answer(row: Any, answering: IncomingId, *, vouched: bool, now: datetime) -> bool:
    """Whether a yes, whatever it names, cannot be an answer to the open quote as it stands.

    Ids rise with time: one that was stored before the request was said to an earlier quote, and may be given
    again. One by a way that vouches for nobody may be anybody's.
    """
    is_early = row is not None and row.quoted_by is not None and answering < row.quoted_by
    return is_open(row, now) and (is_early or (not vouched and row.code is None))


async def stands(tx: Transaction, row: Any, now: datetime) -> bool:
    """Whether a quote is open and was asked for by a way that vouches: nothing by another ends it."""
    return is_open(row, now) and await was_vouched(tx, row)


async def was_vouched(tx: Transaction, row: Any) -> bool:
    """Whether a quote was asked for by a way that vouches for its sender."""
    payload = await tx.scalar(select(incoming.c.payload).where(incoming.c.id == row.quoted_by))
    return payload is not None and is_vouched(payload)


async def does_word_stand(tx: Transaction, row: Any) -> bool:
    """Whether a yes by a way that vouches is enough for this quote, though it has digits."""
    return await limits.count(tx, _word_of(row)) > 0


async def give_code(tx: Transaction, row: Any, *, vouched: bool, now: datetime) -> Any:
    """See to it that an open quote has digits; the row as it is then.

    What made them needed came by a way that vouches, and no word is enough from now on; or it may be
    anybody's, and a word that was enough still is.
    """
    if vouched:
        await tx.execute(delete(limit_hit).where(limit_hit.c.subject == _word_of(row)))
    elif row.code is None:
        await limits.hit(tx, _word_of(row), now=now)
    if row.code is not None:
        return row
    code = await new_code(tx, Payer.sms(row.payer), row.amount, row.total)
    given = update(top_up).where(top_up.c.id == row.id).values(code=code).returning(*top_up.c)
    return (await tx.execute(given)).one()


def _word_of(row: Any) -> str:
    return f"word_stands:{row.id}"


def _yes_of(payer: Payer) -> str:
    return limits.subject(payer, "yes_in_vain")
