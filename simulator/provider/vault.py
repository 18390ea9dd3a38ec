"""The cards that payers asked to remember: a token for the product, a CVC alone for the payer, no number."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simulator.provider.cards import is_valid_on, mask


class Mood(StrEnum):
    """What the banks of all remembered cards answer now; but for PAYS it is the reason of their decline."""

    PAYS = "pays"
    NO_MONEY = "insufficient_funds"
    LOST = "card_lost"


@dataclass(frozen=True, slots=True)
class SavedCard:
    mask: str
    fingerprint: str  # a keyed hash tells two cards apart
    expires: tuple[int, int]

    @property
    def valid_to(self) -> str:
        return "{:04}-{:02}".format(*self.expires)


class Vault:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self.mood = Mood.PAYS
        self._now = now
        self._kept: dict[str, tuple[str, SavedCard]] = {}  # payer and card by token, the newest last
        self._salt = secrets.token_bytes(32)

    def read(self, number: str, expires: tuple[int, int]) -> SavedCard:
        fingerprint = hmac.digest(self._salt, number.encode(), hashlib.sha256).hex()
        return SavedCard(mask(number), fingerprint, expires)

    def keep(self, payer: str, card: SavedCard) -> str:
        """The card's token; one that is known keeps its own."""
        token = self.token_of(payer, card) or f"card_{secrets.token_urlsafe(18)}"
        self._kept.pop(token, None)
        self._kept[token] = (payer, card)
        return token

    def of(self, payer: str) -> SavedCard | None:
        """The card that the payer had remembered last."""
        return next((card for whose, card in reversed(self._kept.values()) if whose == payer), None)

    def token_of(self, payer: str, card: SavedCard) -> str | None:
        return next((token for token, kept in self._kept.items() if kept == (payer, card)), None)

    def find(self, token: str) -> SavedCard | None:
        kept = self._kept.get(token)
        return None if kept is None else kept[1]

    def forget(self, token: str) -> None:
        self._kept.pop(token, None)

    def why_declined(self, card: SavedCard) -> str | None:
        if not is_valid_on(card.expires, self._now().date()):
            return "card_expired"
        return None if self.mood is Mood.PAYS else str(self.mood)
