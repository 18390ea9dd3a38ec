"""Card keeping, by the clock: unlinked cards are forgotten at their providers, ending ones are told of."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select, update

from core.clock import Clock
from core.ids import Payer
from core.messages import outbox
from core.messages.autopay_notices import CardExpiring
from core.payments.provider import Done, Provider
from core.profile import Profile
from core.states import LIVE_MANDATE
from core.storage.autopay_tables import card, mandate
from core.storage.database import Database, Transaction
from core.storage.queue import claim, unfinished
from core.storage.tables import account
from core.use_cases.cards import Cards
from core.use_cases.subscribers import locale_of

LEASE = timedelta(seconds=20)
REVOKE_AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
TOLD_AHEAD = timedelta(days=31)  # of a card's last day

log = structlog.get_logger()


class CardKeeping:
    def __init__(
        self,
        database: Database,
        profile: Profile,
        cards: Cards,
        providers: Sequence[Provider],
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._database = database
        self._profile = profile
        self._cards = cards
        self._providers = {provider.name: provider for provider in providers}
        self._clock = clock
        self._wall = wall

    async def revoke_once(self, n: int) -> int:
        """Have unlinked cards forgotten at their providers, and forget their tokens here."""
        now = self._wall.now()
        due = and_(
            card.c.next_at <= now,
            card.c.provider.in_(self._providers),
            or_(card.c.lease_until.is_(None), card.c.lease_until < now),
        )
        async with self._database.read() as tx:
            if await tx.scalar(select(card.c.id).where(unfinished(card), due).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await claim(
                tx, card, due, order=card.c.next_at, limit=n, now=now, lease=LEASE, asked=card.c.asked + 1
            )
        for row in rows:
            await self._forget(row)
        return len(rows)

    async def _forget(self, row: Any) -> None:
        token = self._cards.token(row)
        outcome: object = None  # the key to its token is not here
        if token is not None:
            outcome = await self._providers[row.provider].revoke_method(token)
        again = REVOKE_AGAIN[min(row.asked, len(REVOKE_AGAIN)) - 1]
        done = isinstance(outcome, Done)
        values = {"next_at": None, "token": b""} if done else {"next_at": self._wall.now() + again}
        if not done:
            log.warning("card not yet forgotten", card=str(row.id), provider=row.provider, attempt=row.asked)
        async with self._database.transaction() as tx:
            await tx.execute(
                update(card)
                .where(card.c.id == row.id, card.c.lease == row.lease)
                .values(lease=None, lease_until=None, **values)
            )

    async def expiring_once(self, n: int) -> int:
        """Tell the owners of cards that end within a month, once a card."""
        today = self._clock.now().astimezone(self._profile.zone).date()
        soon = and_(
            card.c.revoked_at.is_(None), card.c.expiry_told.is_(False), card.c.expires < today + TOLD_AHEAD
        )
        async with self._database.read() as tx:
            if await tx.scalar(select(card.c.id).where(soon).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await tx.all(select(card).where(soon).limit(n).with_for_update(skip_locked=True))
            for row in rows:
                await self._tell_expiry(tx, row)
            told = [row.id for row in rows]
            await tx.execute(update(card).where(card.c.id.in_(told)).values(expiry_told=True))
        return len(rows)

    async def _tell_expiry(self, tx: Transaction, row: Any) -> None:
        numbers = await tx.all(
            select(account.c.number)
            .join(mandate, mandate.c.account_id == account.c.id)
            .where(mandate.c.card_id == row.id, mandate.c.state.in_(LIVE_MANDATE))
            .order_by(account.c.number)
        )
        payer = Payer(row.channel, row.payer)
        locale = await locale_of(tx, payer, self._profile)
        said = CardExpiring(row.mask, row.expires, [each.number for each in numbers])
        key = f"card:{row.id}:expiring"
        await outbox.add(tx, payer, said, key=key, locale=locale, now=self._wall.now())
