"""The moves of a top-up: each writes its event row in the same transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select, update

from core.ids import AccountId, Payer, TopUpId, new_id
from core.states import TOP_UP_MOVES, Method, TopUpState
from core.storage.database import Transaction
from core.storage.tables import account, top_up, top_up_event

NEWEST_FIRST = (top_up.c.created_at.desc(), top_up.c.id.desc())


async def move(
    tx: Transaction, row: Any, state: TopUpState, *, at: datetime, why: str, **values: Any
) -> None:
    """Take a locked top-up to another state; the table of moves decides whether it may."""
    assert state in TOP_UP_MOVES[row.state], f"{row.state} -> {state}"
    await tx.execute(update(top_up).where(top_up.c.id == row.id).values(state=state, **values))
    await record(tx, row.id, state, at=at, why=why)


async def record(tx: Transaction, top_up_id: TopUpId, state: TopUpState, *, at: datetime, why: str) -> None:
    await tx.execute(
        insert(top_up_event).values(id=new_id(), top_up_id=top_up_id, state=state, at=at, why=why[:64])
    )


async def alone_by_sms(tx: Transaction, payer: Payer) -> None:
    """Wait for who else makes, confirms or cancels a quote of this phone; before anything of it is read."""
    await tx.alone(f"quotes:{payer.address}")


async def newest_by_sms(tx: Transaction, payer: Payer) -> Any:
    """The phone's newest top-up from its own account, whatever became of it, locked; None: there is none.

    A card that autopay charges for the same person meanwhile is no quote that a yes could mean.
    """
    return await tx.first(
        select(top_up).where(by_sms(payer)).order_by(*NEWEST_FIRST).limit(1).with_for_update()
    )


async def ask_for_sum(tx: Transaction, payer: Payer) -> None:
    """Something else was written since the phone's open quote, and a plain yes may mean that."""
    is_open = (by_sms(payer), top_up.c.state == TopUpState.QUOTED)
    await tx.execute(update(top_up).where(*is_open).values(needs_sum=True))


def by_sms(payer: Payer) -> Any:
    return and_(by(payer), top_up.c.method == Method.MOBILE)


def by(payer: Payer) -> Any:
    return and_(top_up.c.channel == payer.channel, top_up.c.payer == payer.address)


async def number_of(tx: Transaction, account_id: AccountId) -> str:
    return str(await tx.scalar(select(account.c.number).where(account.c.id == account_id)))
