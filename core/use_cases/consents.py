"""Consents: who wants advertising. A service notice needs none."""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from core.clock import Clock
from core.ids import Payer, new_id
from core.storage.broadcast_tables import consent
from core.storage.database import Database, Transaction
from core.storage.new_rows import NewRows

_NEW = NewRows(consent, returning="id")


class Consents:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def give(self, payer: Payer, how: str) -> bool:
        """Advertising may be sent from now on; `how` says where that was agreed to. False: it was before."""
        async with self._database.transaction() as tx:
            return await give(tx, payer, how, self._wall.now())

    async def end(self, payer: Payer) -> bool:
        """No advertising any more, what is frozen already included. False: there was no consent."""
        async with self._database.transaction() as tx:
            return await end(tx, payer, self._wall.now())

    async def lives(self, payer: Payer) -> bool:
        async with self._database.read() as tx:
            return await lives(tx, payer)


async def lives(tx: Transaction, payer: Payer) -> bool:
    return await tx.scalar(select(consent.c.id).where(*_live(payer))) is not None


async def give(tx: Transaction, payer: Payer, how: str, now: datetime) -> bool:
    """The same within a transaction that says more."""
    await alone(tx, payer)
    return await _NEW.add_one(
        tx,
        id=new_id(),
        channel=payer.channel,
        address=payer.address,
        given_at=now,
        how=how[:64],
        ended_at=None,
    )


async def end(tx: Transaction, payer: Payer, now: datetime) -> bool:
    """The same within a transaction that says more: a СТОП ends the consent, too."""
    await alone(tx, payer)
    ended = await tx.execute(update(consent).where(*_live(payer)).values(ended_at=now))
    return ended.rowcount > 0


async def alone(tx: Transaction, payer: Payer) -> None:
    """A СТОП that ran beside a consent would not see it, and it would live on."""
    await tx.alone(f"consent:{payer.channel}:{payer.address}")


def _live(payer: Payer) -> list[ColumnElement[bool]]:
    live = consent.c.ended_at.is_(None)
    return [consent.c.channel == payer.channel, consent.c.address == payer.address, live]
