"""Between a press and the screens of autopay: which accounts a person may see, how autopay stands on one."""

from collections.abc import Sequence

from core.errors import NotLinked
from core.ids import AccountId, Payer
from core.profile import Profile
from core.states import Access
from core.use_cases.accounts import Accounts, LinkedAccount
from core.use_cases.autopay import Autopay, AutopayScreen
from core.use_cases.cards import Cards, CardView
from core.use_cases.provider_mandates import ProviderMandate, ProviderMandates
from handlers.telegram import buttons_autopay as to
from handlers.telegram import texts, texts_autopay, texts_draft
from handlers.telegram.chosen import of_number
from handlers.telegram.html import Html
from handlers.telegram.screen import Screen


class AutopayScreens:
    def __init__(
        self,
        accounts: Accounts,
        autopay: Autopay,
        cards: Cards,
        provider_mandates: ProviderMandates,
        profile: Profile,
    ) -> None:
        self._accounts = accounts
        self._autopay = autopay
        self._cards = cards
        self._provider_mandates = provider_mandates
        self._profile = profile

    async def places(self, payer: Payer) -> list[LinkedAccount]:
        """The linked accounts, and those unlinked since whose autopay is the person's own."""
        linked = await self._accounts.linked(payer)
        known = {one.id for one in linked}
        return linked + [one for one in await self._autopay.agreed_on(payer) if one.id not in known]

    async def place(
        self, payer: Payer, number: str | None, current: AccountId | None = None
    ) -> LinkedAccount:
        """The account of this number, else the one chosen last, else the first; raises NotLinked."""
        return of_number(await self.places(payer), number, current)

    async def show(
        self, words: Html, payer: Payer, number: str | None = None, current: AccountId | None = None
    ) -> Screen:
        places = await self.places(payer)
        if not places:
            return texts.accounts(words, places)
        place, several = of_number(places, number, current), len(places) > 1
        kept = await self._kept(payer, place)
        if not self._cards.enabled:
            return texts_autopay.provider_s(words, place, kept) if kept else texts_autopay.unavailable(words)
        held = await self._autopay.state(payer, place.id)
        if held is not None:
            return texts_autopay.state(words, place, held, kept, several=several)
        if place.access != Access.FULL:
            return texts_autopay.none_for_reader(words, place, kept, several=several)
        return await self._offer(words, payer, place, kept)

    async def draft(self, words: Html, payer: Payer, draft: to.Draft) -> Screen:
        """The terms with the date that follows from them; refuses what could not be agreed to."""
        place = await self.place(payer, draft.number)
        next_on = await self._autopay.preview(payer, place.id, draft.terms)
        held = await self._autopay.state(payer, place.id)
        facts = texts_draft.facts_of(draft.terms, await self._card(payer, draft, held), next_on)
        consent = self._profile.autopay.consent
        kind = to.Connect if held is None else to.Change
        agree = to.to(kind, draft, mark=to.mark_of(consent))
        return texts_draft.draft(words, draft, agree, facts, consent=consent)

    async def accounts_charging(self, payer: Payer, card: CardView) -> list[str]:
        """The numbers of the accounts whose autopay charges this card."""
        return [
            held.number
            for place in await self.places(payer)
            if (held := await self._autopay.state(payer, place.id)) is not None
            and held.mine
            and held.card is not None
            and (held.card.mask, held.card.expires) == (card.mask, card.expires)
        ]

    async def _offer(
        self, words: Html, payer: Payer, place: LinkedAccount, kept: Sequence[ProviderMandate]
    ) -> Screen:
        offer = await self._autopay.offer(payer, place.id)
        draft = to.draft(offer.number, offer.terms)
        agree = to.to(to.Connect, draft, mark=to.mark_of(offer.consent))
        facts = texts_draft.facts_of(offer.terms, offer.card, offer.next_on)
        return texts_draft.offer(words, draft, agree, facts, kept, consent=offer.consent)

    async def _card(self, payer: Payer, draft: to.Draft, held: AutopayScreen | None) -> CardView | None:
        """The card that these terms would charge."""
        if draft.card is None and held is not None:
            return held.card
        usable = [card for card in await self._cards.of(payer) if not card.expired]
        if draft.card is None:
            return next((card for card in usable if card.default), None)
        if held is not None and held.card is not None and held.card.id == draft.card:
            return held.card
        return next((card for card in usable if card.id == draft.card), None)

    async def _kept(self, payer: Payer, place: LinkedAccount) -> list[ProviderMandate]:
        try:
            return await self._provider_mandates.of_account(payer, place.id)
        except NotLinked:  # his own autopay is all that he sees of an account unlinked since
            return []
