"""Limits that money or privacy depends on: counted in the database, so no restart forgives them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select

from core.clock import Clock
from core.ids import Payer, new_id
from core.storage.database import Database, Transaction
from core.storage.proof_tables import limit_hit

LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    count: int
    window: timedelta


# Replies to one sender; to what came by ways that vouch for nobody apart from the others. Two machines that
# answer each other stop there, and a person never comes near.
REPLIES_AN_HOUR = 20
REPLIES_A_DAY = 100

# Account numbers are guessable (reliability.md, "Security" 2).
UNKNOWN_ACCOUNTS = (Limit(5, timedelta(minutes=10)), Limit(20, timedelta(days=1)))
LOGINS_OF_ONE_ACCOUNT = (Limit(5, timedelta(minutes=15)), Limit(20, timedelta(days=1)))
LOGINS_OF_ONE_ADDRESS = (Limit(20, timedelta(minutes=15)), Limit(100, timedelta(days=1)))
CODES_OF_ONE_PERSON = (Limit(3, timedelta(minutes=15)), Limit(10, timedelta(days=1)))


def subject(payer: Payer, what: str, *, vouched: bool = True) -> str:
    """What came by a way that vouches for nobody counts apart: it would use up another's tries."""
    return f"{what}{'' if vouched else ':unvouched'}:{payer.channel}:{payer.address}"


async def hit(tx: Transaction, subject: str, *, now: datetime) -> None:
    await tx.execute(insert(limit_hit).values(id=new_id(), subject=subject[:160], at=now))


async def reached(
    tx: Transaction, subject: str, limits: tuple[Limit, ...], *, now: datetime
) -> timedelta | None:
    """How long to wait until the subject is below all its limits; None where it is.

    Who asks at the same time waits until this transaction has counted its hit.
    """
    await tx.alone(f"limit:{subject}")
    waits = []
    for limit in limits:
        newest = await tx.all(
            select(limit_hit.c.at)
            .where(limit_hit.c.subject == subject[:160], limit_hit.c.at > now - limit.window)
            .order_by(limit_hit.c.at.desc())
            .limit(limit.count)
        )
        if len(newest) == limit.count:
            waits.append(newest[-1].at + limit.window - now)
    return max(waits, default=None)


def past(limits: tuple[Limit, ...]) -> ColumnElement[bool]:
    """Whether one of the limits is reached, as a condition of a statement that asks for something else.

    For who adds no hit, and so need not wait for others; `past_params` has its values.
    """
    return or_(
        *(
            select(func.count())
            .where(
                limit_hit.c.subject == bindparam("limit_subject"),
                limit_hit.c.at > bindparam(f"limit_since_{n}", type_=limit_hit.c.at.type),
            )
            .scalar_subquery()
            >= limit.count
            for n, limit in enumerate(limits)
        )
    )


def past_params(subject: str, limits: tuple[Limit, ...], *, now: datetime) -> dict[str, Any]:
    since = {f"limit_since_{n}": now - limit.window for n, limit in enumerate(limits)}
    return {"limit_subject": subject[:160], **since}


async def count(tx: Transaction, subject: str) -> int:
    return int(await tx.scalar(select(func.count()).where(limit_hit.c.subject == subject[:160])) or 0)


class LimitsKeeper:
    """Forgets what no limit looks at any more."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget_once(self) -> int:
        old = limit_hit.c.at < self._clock.now() - LONGEST
        async with self._database.read() as tx:
            if await tx.scalar(select(limit_hit.c.id).where(old).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            return (await tx.execute(delete(limit_hit).where(old))).rowcount
