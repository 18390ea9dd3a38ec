"""How a top-up can be paid in the chat: on the card page, with a saved card, by a bank's application."""

from dataclasses import dataclass, field

from core.ids import Payer
from core.profile import Profile
from core.states import Method
from core.use_cases.cards import Cards, CardView
from core.use_cases.payments import Payments

IN_A_CHAT = (Method.CARD, Method.SBP)  # a phone's own account is charged by SMS alone
CARDS_SHOWN = 3  # a keyboard with more hides the rest of the screen; /cards chooses the first


@dataclass(frozen=True, slots=True)
class Choice:
    """`remembers`: the card page may be asked to remember the card."""

    methods: tuple[Method, ...] = (Method.CARD,)
    cards: list[CardView] = field(default_factory=list)
    remembers: bool = False


class Ways:
    def __init__(self, payments: Payments, cards: Cards, profile: Profile) -> None:
        self._payments = payments
        self._cards = cards
        self._profile = profile

    @property
    def methods(self) -> tuple[Method, ...]:
        return tuple(
            each
            for each in IN_A_CHAT
            if self._payments.takes(each) and self._profile.methods.get(each.value) is not None
        )

    @property
    def first(self) -> Method:
        """What is quoted before anybody chose; the core refuses it where nobody takes it."""
        return next(iter(self.methods), Method.CARD)

    async def of(self, payer: Payer) -> Choice:
        """The default card first."""
        if not self._cards.enabled:
            return Choice(self.methods)
        usable = [card for card in await self._cards.of(payer) if not card.expired]
        usable.sort(key=lambda card: not card.default)
        return Choice(self.methods, usable[:CARDS_SHOWN], remembers=True)
