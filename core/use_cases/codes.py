"""One-time codes: six digits to a registered phone, stored hashed, bound to person, account and purpose."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import argon2
from sqlalchemy import and_, insert, select, update

from core.clock import Clock
from core.errors import CodeExpired, CodeWrong, MethodUnavailable, TooManyTries
from core.ids import AccountId, Payer, new_id
from core.messages.autopay_notices import SmsCode
from core.money import Money
from core.states import Purpose
from core.storage.database import Database, Transaction
from core.storage.proof_tables import one_time_code
from core.use_cases import limits

if TYPE_CHECKING:
    from core.payments.seal import Seal  # its import costs 30 ms: only who has a key pays them

LIVES = timedelta(minutes=5)
TOLD_LATE = timedelta(hours=1)  # so long a code that comes too late is told so, and not taken for chatter
SENT_JUST_NOW = timedelta(minutes=1)
TRIES = 5
DIGITS = 6

_hasher = argon2.PasswordHasher()


@dataclass(frozen=True, slots=True)
class Sent:
    """A code to be: its hash to store, and its notice with the code sealed."""

    hashed: str
    sealed: str


class Codes:
    def __init__(self, database: Database, clock: Clock, seal: "Seal | None") -> None:
        self._database = database
        self._clock = clock
        self._seal = seal

    @property
    def enabled(self) -> bool:
        return self._seal is not None

    async def make(self) -> Sent:
        """A code that nobody has seen; takes as long for whomever. Raises MethodUnavailable without a key."""
        if self._seal is None:
            raise MethodUnavailable
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        hashed = await asyncio.to_thread(_hasher.hash, code)
        return Sent(hashed, self._seal.close(code).decode())

    async def count(self, tx: Transaction, payer: Payer, *more: str) -> None:
        """Count a sending against the person and whatever else; raises TooManyTries."""
        now = self._clock.now()
        subjects = [f"sms_code:{payer.channel}:{payer.address}", *more]
        for subject in subjects:
            wait = await limits.reached(tx, subject, limits.CODES_OF_ONE_PERSON, now=now)
            if wait is not None:
                raise TooManyTries(wait)
        for subject in subjects:
            await limits.hit(tx, subject, now=now)

    async def store(
        self,
        tx: Transaction,
        payer: Payer,
        sent: Sent,
        purpose: Purpose,
        *,
        account_id: AccountId | None,
        phone: str | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        """The person's one open code of this purpose; an earlier one ends."""
        now = self._clock.now()
        await self.end(tx, payer, purpose)
        await tx.execute(
            insert(one_time_code).values(
                id=new_id(),
                channel=payer.channel,
                address=payer.address,
                purpose=purpose,
                account_id=account_id,
                phone=phone,
                code_hash=sent.hashed,
                facts=facts or {},
                created_at=now,
                expires_at=now + LIVES,
            )
        )

    async def end(self, tx: Transaction, payer: Payer, *purposes: Purpose) -> None:
        open_ones = update(one_time_code).where(_open(payer, purposes))
        await tx.execute(open_ones.values(ended_at=self._clock.now()))

    async def is_awaited(self, payer: Payer, *purposes: Purpose) -> bool:
        """Whether the person may be answering a code: an open one, or one that has just run out."""
        since = self._clock.now() - TOLD_LATE
        async with self._database.read() as tx:
            wanted = and_(_open(payer, purposes), one_time_code.c.expires_at > since)
            return await tx.scalar(select(one_time_code.c.id).where(wanted).limit(1)) is not None

    async def was_just_sent(
        self, tx: Transaction, payer: Payer, purpose: Purpose, account_id: AccountId
    ) -> bool:
        """Whether a code for the same thing has hardly left: a second tap sends no second one."""
        since = self._clock.now() - SENT_JUST_NOW
        wanted = and_(
            _open(payer, [purpose]),
            one_time_code.c.account_id == account_id,
            one_time_code.c.created_at > since,
            one_time_code.c.tries < TRIES,
        )
        return await tx.scalar(select(one_time_code.c.id).where(wanted).limit(1)) is not None

    async def prove(self, payer: Payer, said: str, *purposes: Purpose) -> Any:
        """The row of the code that the person has said; raises CodeExpired, CodeWrong.

        Each look counts as a try before the code is compared. The row is still to be `taken`.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            row = await tx.first(
                select(one_time_code)
                .where(_open(payer, purposes))
                .order_by(one_time_code.c.id.desc())
                .limit(1)
                .with_for_update()
            )
            late = row is None or row.expires_at < now or row.tries >= TRIES
            if row is not None and not late:
                counted = update(one_time_code).where(one_time_code.c.id == row.id)
                await tx.execute(counted.values(tries=one_time_code.c.tries + 1))
        if row is None or late:
            raise CodeExpired
        right = await asyncio.to_thread(_verify, row.code_hash, said.strip())
        if not right or row.account_id is None:
            raise CodeWrong(TRIES - row.tries - 1)
        return row

    async def take(self, tx: Transaction, row: Any) -> None:
        """Use the code up; raises CodeExpired where somebody did before."""
        now: datetime = self._clock.now()
        ours = await tx.execute(
            update(one_time_code)
            .where(one_time_code.c.id == row.id, one_time_code.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        if ours.rowcount == 0:
            raise CodeExpired


def sms(sent: Sent, purpose: Purpose, number: str, amount: Money | None = None) -> SmsCode:
    return SmsCode(sealed=sent.sealed, purpose=purpose.value, number=number, amount=amount)


def _open(payer: Payer, purposes: Any) -> Any:
    return and_(
        one_time_code.c.channel == payer.channel,
        one_time_code.c.address == payer.address,
        one_time_code.c.purpose.in_(purposes),
        one_time_code.c.ended_at.is_(None),
    )


def _verify(known: str, said: str) -> bool:
    try:
        return _hasher.verify(known, said)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
