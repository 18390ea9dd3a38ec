"""The part of the grammar that reads the consent to advertising: "реклама да", and nothing less clear."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from handlers.sms.bare_words import HARMLESS
from handlers.sms.letters import Kind, Token, fold, other_layout
from handlers.sms.meaning import Meaning
from handlers.sms.words import ADVERTISING, TURN_ON


def _spelt(words: str) -> frozenset[str]:
    return frozenset(fold(each) for word in words.split() for each in (word, other_layout(word)))


_IT = _spelt(ADVERTISING)
_TURN_ON = _spelt(TURN_ON)
_OF_IT = frozenset(fold(word) for word in ("на", "to"))  # "согласен на рекламу"
_PLAIN = frozenset(
    {
        Meaning.ASKING,
        Meaning.BOUND,
        Meaning.COURTESY,
        Meaning.FILLER,
        Meaning.KEYWORD,
        Meaning.ME,
        Meaning.POLITE,
    }
)
_YES = frozenset({Meaning.CONFIRM, Meaning.SURE, Meaning.START, Meaning.ON})
_NO = frozenset({Meaning.CANCEL, Meaning.OFF, Meaning.NOT})
_UNWANTED = frozenset({Meaning.NEED, Meaning.SEND, Meaning.SURE, Meaning.ON})  # behind "не"
_SIGNS = HARMLESS | {"?", "-", "="}


class AdvertisingWish(StrEnum):
    STATE = "state"
    ON = "on"
    OFF = "off"
    UNCLEAR = "unclear"


def read_advertising(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> AdvertisingWish | None:
    """What the text asks for; None for one that is about something else, or has СТОП, which ends more."""
    words = [token.text for token in tokens if token.kind is Kind.WORD]
    if not _IT.intersection(words) or any(token.kind is Kind.DIGITS for token in tokens):
        return None
    signs = {token.text for token in tokens if token.kind is Kind.SIGN}
    said = [lexicon.get(word) for word in words if word not in _IT]
    if not signs <= _SIGNS or not set(said) <= _PLAIN | _YES | _NO | _UNWANTED:
        return None
    if Meaning.NOT in said:
        is_no = bool(_UNWANTED.intersection(said)) and not (_NO - {Meaning.NOT}).intersection(said)
        return _sure(AdvertisingWish.OFF if is_no else None, signs)
    if _NO.intersection(said):
        return _sure(None if _YES.intersection(said) else AdvertisingWish.OFF, signs)
    if _YES.intersection(said):
        return _sure(AdvertisingWish.ON if _is_plain_yes(words, lexicon) else None, signs)
    return AdvertisingWish.UNCLEAR if _UNWANTED.intersection(said) else AdvertisingWish.STATE


def _sure(wish: AdvertisingWish | None, signs: set[str]) -> AdvertisingWish:
    return AdvertisingWish.UNCLEAR if wish is None or "?" in signs else wish


def _is_plain_yes(words: Sequence[str], lexicon: Mapping[str, Meaning]) -> bool:
    """ "реклама да", "согласен на рекламу"; not "да, реклама", which answers something else."""
    first = next(at for at, word in enumerate(words) if word in _IT)
    for at, word in enumerate(words):
        meaning = lexicon.get(word)
        if meaning is Meaning.CONFIRM and at < first:
            return False
        if meaning is Meaning.FILLER and word not in _OF_IT:  # "по рекламе подключите интернет"
            return False
        if meaning in (Meaning.NEED, Meaning.SEND) or (meaning is Meaning.ON and word not in _TURN_ON):
            return False
    return True
