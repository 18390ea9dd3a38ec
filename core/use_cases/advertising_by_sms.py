"""`реклама` by SMS: whether a registered phone wants advertising, with the words that were agreed to."""

from sqlalchemy import select

from core.clock import Clock
from core.errors import NoRegisteredPhone
from core.ids import IncomingId, Payer
from core.messages import incoming
from core.messages.notices import Advertising
from core.states import IncomingOutcome
from core.storage.database import Database, Transaction
from core.storage.tables import account_phone, subscriber
from core.use_cases import consents

WORDS = 1  # the version of what is agreed to (handlers/sms/texts_advertising.py): one up when that changes


class AdvertisingBySms:
    """Each reply is stored with what it tells of. СТОП ends the consent, and no consent outweighs a СТОП."""

    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def tell(self, payer: Payer, *, locale: str, answering: IncomingId) -> None:
        async with self._database.transaction() as tx:
            await self._reply(tx, payer, locale, answering)

    async def give(self, payer: Payer, *, locale: str, answering: IncomingId) -> None:
        """Raises NoRegisteredPhone. The consent keeps the moment, the words' version and the message."""
        async with self._database.transaction() as tx:
            registered = select(account_phone.c.msisdn).where(account_phone.c.msisdn == payer.address)
            if await tx.scalar(registered.limit(1)) is None:
                raise NoRegisteredPhone
            await consents.alone(tx, payer)
            if not await _stopped(tx, payer):
                how = f"sms, words {WORDS}, message {answering}"
                await consents.give(tx, payer, how, self._wall.now())
            await self._reply(tx, payer, locale, answering)

    async def end(
        self, payer: Payer, *, locale: str, answering: IncomingId, silent: IncomingOutcome | None = None
    ) -> None:
        """`silent` says why the reply is not said; the end holds all the same."""
        async with self._database.transaction() as tx:
            await consents.end(tx, payer, self._wall.now())
            if silent is None:
                await self._reply(tx, payer, locale, answering)
            else:
                await incoming.finish(tx, answering, outcome=silent)

    async def _reply(self, tx: Transaction, payer: Payer, locale: str, answering: IncomingId) -> None:
        said = Advertising(wanted=await consents.lives(tx, payer), stopped=await _stopped(tx, payer))
        await incoming.answer(tx, answering, payer, said, locale=locale, now=self._wall.now())


async def _stopped(tx: Transaction, payer: Payer) -> bool:
    stopped = select(subscriber.c.stopped).where(
        subscriber.c.channel == payer.channel, subscriber.c.address == payer.address
    )
    return bool(await tx.scalar(stopped))
