"""Saved cards: remembered by a payment, chosen, unlinked at once, forgotten at the provider afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import and_, or_, select, update

from core.clock import Clock
from core.errors import NotYours
from core.ids import AccountId, CardId, Payer, new_id
from core.messages import outbox
from core.messages.autopay_notices import CardSaved, CardUnlinked
from core.payments.provider import Provider, SavedMethod
from core.profile import Profile
from core.states import Access, Channel
from core.storage.autopay_tables import card
from core.storage.database import Database, Transaction
from core.storage.new_rows import NewRows
from core.storage.tables import link
from core.use_cases.asking import Moment
from core.use_cases.stopping import stop_cards
from core.use_cases.subscribers import locale_of

if TYPE_CHECKING:
    from core.payments.seal import Seal  # its import costs 30 ms: only who has a key pays them

_NEW = NewRows(card, "saved_by", returning="id")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CardView:
    """A saved card as its owner may see it."""

    id: CardId
    mask: str
    expires: date | None  # the last day on which it works
    default: bool
    expired: bool


@dataclass(frozen=True, slots=True)
class Unlinked:
    """`numbers`: the accounts whose autopay is paused by it; `in_flight`: a charge of theirs is under way."""

    mask: str
    numbers: list[str]
    in_flight: bool


class Cards:
    def __init__(
        self,
        database: Database,
        profile: Profile,
        providers: Sequence[Provider],
        clock: Clock,
        wall: Clock,
        seal: "Seal | None",
    ) -> None:
        self._database = database
        self._profile = profile
        self._providers = {provider.name: provider for provider in providers}
        self._clock = clock
        self._wall = wall
        self._seal = seal

    @property
    def enabled(self) -> bool:
        """Whether a card can be remembered and charged later."""
        return any(self.saved_at(name) for name in self._providers)

    def saved_at(self, provider: str) -> bool:
        """Whether cards can be remembered at this provider."""
        held = self._providers.get(provider)
        return self._seal is not None and held is not None and held.capabilities.charges_saved

    async def mask(self, tx: Transaction, card_id: CardId | None) -> str | None:
        found: str | None = await tx.scalar(select(card.c.mask).where(card.c.id == card_id))
        return found

    async def tokens(self, tx: Transaction, payments: Sequence[Any]) -> dict[Any, str]:
        """What the cards of these payments are charged with; one whose key is gone is left out."""
        wanted = {row.card_id for row in payments if row.card_id is not None}
        if not wanted:
            return {}
        rows = await tx.all(select(card.c.id, card.c.token).where(card.c.id.in_(wanted)))
        return {row.id: token for row in rows if (token := self.token(row)) is not None}

    def token(self, row: Any) -> str | None:
        """What a card is charged with; None where no key of ours opens it."""
        if self._seal is None:
            return None
        from core.payments.seal import SealBroken  # who has a seal has paid for the import

        try:
            return self._seal.open(row.token)
        except SealBroken:
            log.error("a card's token cannot be read: was its key changed?", card=str(row.id))
            return None

    async def of(self, payer: Payer) -> list[CardView]:
        """The person's cards, the newest first; one that was saved twice is one."""
        async with self._database.read() as tx:
            rows = await tx.all(select(card).where(_live_of(payer)).order_by(card.c.id.desc()))
        seen: dict[tuple[Any, ...], CardView] = {}
        for row in rows:
            view = self.view(row)
            known = seen.setdefault((row.provider, row.mask, row.expires), view)
            if view.default and not known.default:
                seen[row.provider, row.mask, row.expires] = view
        return list(seen.values())

    def view(self, row: Any) -> CardView:
        today = self._clock.now().astimezone(self._profile.zone).date()
        expired = row.expires is not None and row.expires < today
        return CardView(row.id, row.mask, row.expires, row.is_default, expired)

    async def choose(self, payer: Payer, card_id: CardId) -> None:
        """Make a card the one that is offered first; raises NotYours."""
        async with self._database.transaction() as tx:
            mine = _live_of(payer)
            if await tx.first(_held(card.c.id == card_id, mine)) is None:
                raise NotYours
            await tx.execute(update(card).where(mine, card.c.is_default).values(is_default=False))
            await tx.execute(update(card).where(card.c.id == card_id).values(is_default=True))

    async def unlink(self, payer: Payer, card_id: CardId, *, screen: str | None = None) -> Unlinked:
        """From the commit on no charge of this card starts; raises NotYours. A repeat says the same mask."""
        async with self._database.transaction() as tx:
            own = and_(card.c.channel == payer.channel, card.c.payer == payer.address)
            held = await tx.first(_held(card.c.id == card_id, own))
            if held is None:
                raise NotYours
            if held.revoked_at is not None:
                return Unlinked(held.mask, [], in_flight=False)
            ended = await self._revoke(tx, held, own)
            await self._default_to_newest(tx, payer)
            now = Moment(self._clock.now(), self._wall.now())
            numbers, under_way = await stop_cards(tx, ended, payer, now)
            said = CardUnlinked(held.mask, numbers, under_way)
            locale = await locale_of(tx, payer, self._profile)
            key = f"card:{card_id}:unlinked"
            await outbox.add(tx, payer, said, key=key, locale=locale, now=now.wall, edit=screen)
            tx.wake("cards")
        return Unlinked(held.mask, numbers, under_way)

    async def _revoke(self, tx: Transaction, held: Any, own: Any) -> list[CardId]:
        """All that were saved of this card: one UPDATE."""
        provider = self._providers.get(held.provider)
        told = provider is None or provider.capabilities.revokes
        values: dict[str, Any] = {"next_at": self._wall.now()} if told else {"token": b""}
        same = and_(
            own,
            card.c.provider == held.provider,
            card.c.mask == held.mask,
            card.c.expires.is_not_distinct_from(held.expires),
            card.c.revoked_at.is_(None),
        )
        ended = await tx.execute(
            update(card)
            .where(same)
            .values(revoked_at=self._clock.now(), is_default=False, **values)
            .returning(card.c.id)
        )
        return list(ended.scalars())

    async def _default_to_newest(self, tx: Transaction, payer: Payer) -> None:
        mine = _live_of(payer)
        if await tx.first(select(card.c.id).where(mine, card.c.is_default)) is not None:
            return
        newest = select(card.c.id).where(mine).order_by(card.c.id.desc()).limit(1).scalar_subquery()
        await tx.execute(update(card).where(card.c.id == newest).values(is_default=True))

    async def keep(
        self, tx: Transaction, asked: Any, payment_id: Any, provider: str, saved: SavedMethod, now: Moment
    ) -> CardId | None:
        """Remember what a payment was made with, once a payment, where its payer wished it."""
        if not (asked.save_card and self.saved_at(provider)):
            return None
        assert self._seal is not None
        payer, card_id = Payer(asked.channel, asked.payer), CardId(new_id())
        fresh = await _NEW.add_one(
            tx,
            id=card_id,
            channel=payer.channel,
            payer=payer.address,
            provider=provider,
            token=self._seal.close(saved.token),
            mask=saved.mask[:32],
            expires=saved.expires,
            is_default=False,
            saved_by=payment_id,
            saved_at=now.at,
        )
        if not fresh:
            return None
        await self._default_to_newest(tx, payer)
        key = f"card:{card_id}:saved"
        said = CardSaved(saved.mask)
        await outbox.add(tx, payer, said, key=key, locale=asked.locale, now=now.wall)
        return card_id

    async def usable(
        self, tx: Transaction, payer: Payer, account_id: AccountId, card_id: CardId | None
    ) -> Any:
        """A live card that the person may charge, held against unlinking; the default one without an id."""
        mine = or_(*(_live_of(each) for each in await same_person(tx, payer, account_id)))
        wanted = select(card).where(mine, card.c.provider.in_(self._chargeable))
        if card_id is not None:
            wanted = wanted.where(card.c.id == card_id)
        today = self._clock.now().astimezone(self._profile.zone).date()
        wanted = wanted.where(or_(card.c.expires.is_(None), card.c.expires >= today))
        order = (card.c.is_default.desc(), card.c.id.desc())
        return await tx.first(wanted.order_by(*order).limit(1).with_for_update(read=True))

    @property
    def _chargeable(self) -> list[str]:
        return [name for name in self._providers if self.saved_at(name)]


def _held(*where: Any) -> Any:
    """A card to be changed: who charges it waits. Its id stays, so a round may still write payments by it."""
    return select(card).where(*where).with_for_update(key_share=True)


async def same_person(tx: Transaction, payer: Payer, account_id: AccountId) -> list[Payer]:
    """The person, and for a registered phone the chats that it has proven to be the same person's."""
    if payer.channel != Channel.SMS:
        return [payer]
    same = select(link.c.channel, link.c.address).where(
        link.c.account_id == account_id,
        link.c.phone == payer.address,
        link.c.access == Access.FULL,
        link.c.ended_at.is_(None),
    )
    return [payer, *(Payer(row.channel, row.address) for row in await tx.all(same))]


def _live_of(payer: Payer) -> Any:
    return and_(card.c.channel == payer.channel, card.c.payer == payer.address, card.c.revoked_at.is_(None))
