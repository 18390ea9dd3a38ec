"""Links: the verified tie between a Telegram user and an account (reliability.md, "Security" 3)."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import argon2
from sqlalchemy import and_, insert, or_, select, update

from core.clock import Clock
from core.errors import (
    CodeExpired,
    CodeWrong,
    LinkExpired,
    LoginRefused,
    NoRegisteredPhone,
    TooManyTries,
)
from core.ids import AccountId, Payer, new_id
from core.profile import Profile
from core.states import Access
from core.storage.database import Database, Transaction
from core.storage.proof_tables import link_request
from core.storage.tables import account, account_phone
from core.use_cases import limits
from core.use_cases.joining import join

REQUEST_LIVES = timedelta(minutes=15)
CODE_LIVES = timedelta(minutes=5)
CODE_TRIES = 5
CODE_DIGITS = 6

_hasher = argon2.PasswordHasher()
# Checked where there is no account, so that its absence takes as long as a wrong password. Of random
# bytes that nobody kept; a literal, since making one takes 64 MB.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$gonfBT8Zo8RPHuXmoV3T9A$QfKashkb+GYKfyfuYYZvCzpx+rz9QL10jM+OyU/jaWQ"


@dataclass(frozen=True, slots=True)
class LinkStart:
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the login page tells of who asked for it, lest a sent link phishes an account."""

    display_name: str


class Links:
    def __init__(self, database: Database, profile: Profile, clock: Clock, *, public_url: str) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def start(self, payer: Payer, display_name: str) -> LinkStart:
        """A one-time address of the login page; earlier ones of this person end."""
        token = secrets.token_urlsafe(24)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await self._end_requests(tx, payer, now)
            await tx.execute(
                insert(link_request).values(
                    id=new_id(),
                    token_hash=_hash_token(token),
                    channel=payer.channel,
                    address=payer.address,
                    display_name=display_name[:200],
                    expires_at=now + REQUEST_LIVES,
                )
            )
        return LinkStart(f"{self._public_url}/link/{token}", now + REQUEST_LIVES)

    async def look(self, token: str) -> LinkPage:
        """Who started this link; raises LinkExpired."""
        async with self._database.read() as tx:
            return LinkPage((await self._open_request(tx, token)).display_name)

    async def log_in(self, token: str, login: str, password: str, *, address: str) -> str:
        """Prove an account by login or number and password; the one-time code to type in the chat.

        `address` is the browser's. Raises LinkExpired, TooManyTries, LoginRefused: the last in the
        same words and time whether the account exists.
        """
        login = login.strip()[:64]
        subjects = (
            (f"login:{login.lstrip('0').casefold()}", limits.LOGINS_OF_ONE_ACCOUNT),
            (f"login_from:{address}", limits.LOGINS_OF_ONE_ADDRESS),
        )
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await self._open_request(tx, token)
            for subject, limit in subjects:
                wait = await limits.reached(tx, subject, limit, now=now)
                if wait is not None:
                    raise TooManyTries(wait)
            # Counted before the password is looked at, or a burst of tries would all be the first.
            for subject, _ in subjects:
                await limits.hit(tx, subject, now=now)
            proven = await tx.first(
                select(account.c.id, account.c.password_hash).where(
                    or_(account.c.login == login, account.c.number == login.lstrip("0"))
                )
            )
        known = _NOBODY if proven is None else proven.password_hash
        if not await asyncio.to_thread(_verify, known, password) or proven is None:
            raise LoginRefused
        return await self._issue_code(token, proven.id)

    async def complete(self, payer: Payer, code: str) -> str:
        """Link the account proven on the page by the code shown there; returns its number.

        Raises CodeExpired, CodeWrong. All others who are linked to the account are told.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            request = await tx.first(
                select(link_request)
                .where(_asked_by(payer), link_request.c.code_hash.is_not(None))
                .with_for_update()
            )
            if request is None or request.code_expires_at < now or request.code_tries >= CODE_TRIES:
                raise CodeExpired
            await tx.execute(
                update(link_request)
                .where(link_request.c.id == request.id)
                .values(code_tries=link_request.c.code_tries + 1)
            )
        if not await asyncio.to_thread(_verify, request.code_hash, code.strip()):
            raise CodeWrong(CODE_TRIES - request.code_tries - 1)
        return await self._link_proven(payer, request)

    async def by_contact(self, payer: Payer, phone: str) -> list[str]:
        """Read access to every account that has this phone registered; the numbers linked.

        `phone` is the person's own, vouched for by the messenger. Raises NoRegisteredPhone.
        """
        async with self._database.transaction() as tx:
            rows = await tx.all(
                select(account.c.id, account.c.number)
                .join(account_phone, account_phone.c.account_id == account.c.id)
                .where(account_phone.c.msisdn == phone)
                .order_by(account.c.number)
            )
            if not rows:
                raise NoRegisteredPhone
            for row in rows:
                await join(
                    tx, self._profile, payer, row.id,
                    number=row.number, access=Access.READ, now=self._clock.now(), phone=phone,
                )  # fmt: skip
        return [row.number for row in rows]

    async def _issue_code(self, token: str, account_id: AccountId) -> str:
        now = self._clock.now()
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        hashed = await asyncio.to_thread(_hasher.hash, code)
        async with self._database.transaction() as tx:
            request = await self._open_request(tx, token)
            subject = f"code:{request.channel}:{request.address}"
            wait = await limits.reached(tx, subject, limits.CODES_OF_ONE_PERSON, now=now)
            if wait is not None:
                raise TooManyTries(wait)
            await limits.hit(tx, subject, now=now)
            await tx.execute(
                update(link_request)
                .where(link_request.c.id == request.id)
                .values(
                    account_id=account_id,
                    code_hash=hashed,
                    code_expires_at=now + CODE_LIVES,
                    code_tries=0,
                )
            )
        return code

    async def _link_proven(self, payer: Payer, request: Any) -> str:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            ours = await tx.execute(
                update(link_request)
                .where(link_request.c.id == request.id, link_request.c.ended_at.is_(None))
                .values(ended_at=now, code_hash=None)
            )
            if ours.rowcount == 0:
                raise CodeExpired
            number = str(await tx.scalar(select(account.c.number).where(account.c.id == request.account_id)))
            await join(
                tx, self._profile, payer, request.account_id, number=number, access=Access.FULL, now=now
            )
        return number

    async def _open_request(self, tx: Transaction, token: str) -> Any:
        request = await tx.first(
            select(link_request).where(
                link_request.c.token_hash == _hash_token(token),
                link_request.c.ended_at.is_(None),
                link_request.c.expires_at > self._clock.now(),
            )
        )
        if request is None:
            raise LinkExpired
        return request

    async def _end_requests(self, tx: Transaction, payer: Payer, now: datetime) -> None:
        await tx.alone(f"link:{payer.channel}:{payer.address}")
        await tx.execute(update(link_request).where(_asked_by(payer)).values(ended_at=now))


def _asked_by(payer: Payer) -> Any:
    return and_(
        link_request.c.channel == payer.channel,
        link_request.c.address == payer.address,
        link_request.c.ended_at.is_(None),
    )


def _hash_token(token: str) -> str:
    # 192 random bits need no slow hash; the table alone opens no page.
    return hashlib.sha256(token.encode()).hexdigest()


def _verify(known: str, said: str) -> bool:
    try:
        return _hasher.verify(known, said)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
