"""Links by SMS: joined, and ended, by a code that goes to the account's registered phones."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.errors import NotLinked
from core.ids import AccountId, Payer
from core.messages import outbox
from core.profile import Profile
from core.states import Access, Purpose
from core.storage.database import Database, Transaction
from core.storage.tables import account, account_phone, link
from core.use_cases import codes
from core.use_cases.codes import Codes
from core.use_cases.joining import join, live, part
from core.use_cases.subscribers import locale_of
from core.use_cases.top_up_moves import number_of

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
            phones = await _phones(tx, account.c.number == number)
            known = phones[0] if phones else None
            await self._codes.store(
                tx,
                payer,
                sent,
                Purpose.LINK,
                account_id=None if known is None else known.id,
                phone=known.msisdn if known is not None and len(phones) == 1 else None,
            )
            await self._send(tx, phones, sent, Purpose.LINK, number)

    async def complete(self, payer: Payer, code: str) -> str:
        """Link the account by the code; its number. Raises CodeExpired, CodeWrong; the others are told."""
        row = await self._codes.prove(payer, code, Purpose.LINK)
        async with self._database.transaction() as tx:
            await self._codes.take(tx, row)
            number = await number_of(tx, row.account_id)
            await join(
                tx, self._profile, payer, row.account_id,
                number=number, access=Access.FULL, now=self._clock.now(), phone=row.phone,
            )  # fmt: skip
        return number

    async def unlink(self, payer: Payer, account_id: AccountId) -> bool:
        """End a link at once (True), or by `complete_unlink`: a code goes to the account's phones.

        At once where the account has no phone, or no codes are sent here. Others linked to it are
        told. Raises NotLinked, TooManyTries.
        """
        sent = await self._codes.make() if self._codes.enabled else None
        async with self._database.transaction() as tx:
            if await tx.first(select(link.c.id).where(live(payer, account_id))) is None:
                raise NotLinked
            number = await number_of(tx, account_id)
            phones = await _phones(tx, account.c.id == account_id)
            if sent is None or not phones:
                await part(tx, self._profile, payer, account_id, number=number, now=self._clock.now())
                return True
            if not await self._codes.was_just_sent(tx, payer, Purpose.UNLINK, account_id):
                await self._codes.count(tx, payer)
                await self._codes.store(tx, payer, sent, Purpose.UNLINK, account_id=account_id)
                await self._send(tx, phones, sent, Purpose.UNLINK, number)
        return False

    async def complete_unlink(self, payer: Payer, code: str) -> str:
        """Unlink by the code; the account's number. Raises CodeExpired, CodeWrong, NotLinked."""
        row = await self._codes.prove(payer, code, Purpose.UNLINK)
        async with self._database.transaction() as tx:
            await self._codes.take(tx, row)
            number = await number_of(tx, row.account_id)
            await part(tx, self._profile, payer, row.account_id, number=number, now=self._clock.now())
        return number

    async def _send(
        self, tx: Transaction, phones: Sequence[Any], sent: codes.Sent, purpose: Purpose, number: str
    ) -> None:
        for row in phones:
            phone, said = Payer.sms(row.msisdn), codes.sms(sent, purpose, number)
            locale = await locale_of(tx, phone, self._profile)
            key = f"sms_code:{sent.hashed[-40:]}:{phone.address}"
            await outbox.add(tx, phone, said, key=key, locale=locale, now=self._wall.now())


async def _phones(tx: Transaction, of: Any) -> Sequence[Any]:
    """The registered phones of one account."""
    return await tx.all(
        select(account.c.id, account_phone.c.msisdn)
        .join(account_phone, account_phone.c.account_id == account.c.id)
        .where(of)
        .order_by(account_phone.c.msisdn)
        .limit(PHONES)
    )
