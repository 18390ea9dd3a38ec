"""Links by SMS: a chat is joined to an account by a code that goes to the account's registered phone."""

from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.ids import Payer
from core.messages import outbox
from core.profile import Profile
from core.states import Access, Purpose
from core.storage.database import Database
from core.storage.tables import account, account_phone
from core.use_cases import codes
from core.use_cases.codes import Codes
from core.use_cases.joining import join
from core.use_cases.subscribers import locale_of

PHONES = 3  # of one account that a code goes to


class LinksBySms:
    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock, codes: Codes) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._codes = codes

    async def start(self, payer: Payer, number: str) -> None:
        """Send a code to the account's registered phones; says the same, as slowly, where there are none.

        Raises TooManyTries (of the person, or for this number whether it exists), MethodUnavailable.
        """
        number = number.strip().lstrip("0")[:10]
        sent = await self._codes.make()
        async with self._database.transaction() as tx:
            await self._codes.count(tx, payer, f"sms_code_for:{number}")
            phones = await tx.all(
                select(account.c.id, account_phone.c.msisdn)
                .join(account_phone, account_phone.c.account_id == account.c.id)
                .where(account.c.number == number)
                .order_by(account_phone.c.msisdn)
                .limit(PHONES)
            )
            known = phones[0] if phones else None
            await self._codes.store(
                tx,
                payer,
                sent,
                Purpose.LINK,
                account_id=None if known is None else known.id,
                phone=known.msisdn if known is not None and len(phones) == 1 else None,
            )
            for row in phones:
                await self._send(tx, Payer.sms(row.msisdn), sent, number)

    async def _send(self, tx: Any, phone: Payer, sent: codes.Sent, number: str) -> None:
        said = codes.sms(sent, Purpose.LINK, number)
        locale = await locale_of(tx, phone, self._profile)
        key = f"sms_code:{sent.hashed[-40:]}:{phone.address}"
        await outbox.add(tx, phone, said, key=key, locale=locale, now=self._wall.now())

    async def complete(self, payer: Payer, code: str) -> str:
        """Link the account by the code; its number. Raises CodeExpired, CodeWrong; the others are told."""
        row = await self._codes.prove(payer, code, Purpose.LINK)
        async with self._database.transaction() as tx:
            await self._codes.take(tx, row)
            number = str(await tx.scalar(select(account.c.number).where(account.c.id == row.account_id)))
            await join(
                tx, self._profile, payer, row.account_id,
                number=number, access=Access.FULL, now=self._clock.now(), phone=row.phone,
            )  # fmt: skip
        return number
