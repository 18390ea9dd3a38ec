"""What makes a text with our keyword, an account and a sum no request for a top-up after all.

A top-up is taken where every word beside the digits is known to be harmless, or is somebody's name: one that
is not known may say that the sum was paid, shall wait, or is wanted back.
"""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import pairwise

from handlers.sms.letters import Kind, Token, fold, one_slip_apart, other_layout
from handlers.sms.meaning import Meaning
from handlers.sms.names import is_name, is_surname
from handlers.sms.numbers import meaning_of
from handlers.sms.vocabulary import NO_SIGNS
from handlers.sms.words import ADVERTISING, OTHERS, RHYTHMS


class Doubt(IntEnum):
    NONE = 0
    STRANGE = 1  # something that nobody listed
    CLEAR = 2  # it says itself that it is another matter


_HARMLESS = frozenset(
    {
        Meaning.ACCOUNT,
        Meaning.AGREE,
        Meaning.AMOUNT,
        Meaning.BOUND,
        Meaning.CONFIRM,
        Meaning.COURTESY,
        Meaning.DEPOSITS,
        Meaning.FILLER,
        Meaning.KEYWORD,
        Meaning.KOPECKS,
        Meaning.MAILING,
        Meaning.ME,
        Meaning.MONEY,
        Meaning.NEED,
        Meaning.NUMERAL,
        Meaning.PAY,
        Meaning.POLITE,
        Meaning.ROUBLES,
        Meaning.SPOILER,
        Meaning.SUFFIX_SPOILER,
        Meaning.SURE,
        Meaning.TIMES,
    }
)
_STRANGE = frozenset(
    {
        None,
        Meaning.BALANCE,
        Meaning.CODE,
        Meaning.HELP,
        Meaning.OTHER_NUMBER,
        Meaning.PERIOD,
        Meaning.START,
    }
)
# A rhythm and a consent to advertising are other commands.
_OTHER_COMMANDS = frozenset(fold(word) for word in f"{RHYTHMS} {ADVERTISING}".split())
_FOR = frozenset(fold(word) for word in ("за", "for", "za"))  # "за месяц", but not "в месяц"
_PLACES = frozenset(
    fold(word) for word in ["кв", "квартира", "квартиру", "дом", "ул", "улица", "flat", "apt", "house"]
)
_IN = (
    fold("в"),
    frozenset(fold(word) for word in ("размере", "сумме")),
)  # "в размере 100", but not "в пятницу"
_A_LOT = ("a", "lot")  # "thanks a lot"
_UNITS = (fold("у"), fold("е"))  # "у.е.": dollars
# Said of a sum, these tell it and ask for none: "на балансе 100", "100 - это спам".
_UNASKED = frozenset(fold(word) for word in ["балансе", "реклама", "рекламу", "рекламы", "спам", "ads"])
# One slip in these is forgiven; in a verb it is not: "оплати" and "оплатил" are one letter apart.
SLIP_SHORTEST = 5  # letters
_FORGIVEN = [
    fold(word)
    for meaning in (Meaning.POLITE, Meaning.COURTESY, Meaning.ACCOUNT, Meaning.AMOUNT, Meaning.ROUBLES)
    for word in OTHERS[meaning].split()
    if len(word) >= SLIP_SHORTEST
] + [fold("интернет"), fold("руб")]
_VERB_ENDINGS = (
    "ила ала яла ела ула ыла или али яли ели ули ыли ило ало яло ело уло ыло ал ял"  # it was
    " лся лась лись лось шла шло шли ено ано яно ято ены аны яты"
    " ите айте ейте ойте уйте яйте ьте итесь айтесь"  # do it
    " ать ять ить еть уть ыть оть аться яться иться еться"  # to do it
)
_VERB = re.compile(
    "(?:" + "|".join(fold(each) for end in _VERB_ENDINGS.split() for each in (end, other_layout(end))) + ")$"
)
VERB_SHORTEST = 4  # letters


def doubt_in(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> Doubt:
    """How far the words and signs beside the digits go beyond a person's way to ask for a top-up."""
    if any(token.text in NO_SIGNS for token in tokens) or _is_contracted(tokens):
        return Doubt.CLEAR
    asks = any(token.text == "?" for token in tokens)
    places = [at for at, token in enumerate(tokens) if token.kind is Kind.WORD]
    if any((tokens[a].text, tokens[b].text) == _UNITS for a, b in pairwise(places)):
        return Doubt.CLEAR
    dotted = {at for at in places if _is_dotted(tokens, at)}
    beside = ["", *(_as_neighbour(tokens[at].text, at in dotted, lexicon) for at in places), ""]
    return max(
        (
            _doubt_of(
                beside[n],
                tokens[at].text,
                beside[n + 2],
                meaning=meaning_of(tokens[at], _next(tokens, at), lexicon),
                asks=asks,
                dotted=at in dotted,
            )
            for n, at in enumerate(places)
        ),
        default=Doubt.NONE,
    )


def _is_contracted(tokens: Sequence[Token]) -> bool:
    """ "can't", "wouldn't", with whatever sign for the apostrophe."""
    return any(
        (word.kind, sign.kind, end.text) == (Kind.WORD, Kind.SIGN, "t") and sign.tight and end.tight
        for word, sign, end in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if word.text.endswith("n")
    )


def _is_dotted(tokens: Sequence[Token], at: int) -> bool:
    after = _next(tokens, at)
    return len(tokens[at].text) == 1 and after is not None and after.text == "." and after.tight


def _as_neighbour(word: str, dotted: bool, lexicon: Mapping[str, Meaning]) -> str:
    """A word as it tells of the one beside it: "с" and "и" are no initials unless a dot follows."""
    return "" if len(word) == 1 and not dotted and word in lexicon else word


def _doubt_of(
    before: str, word: str, after: str, *, meaning: Meaning | None, asks: bool, dotted: bool
) -> Doubt:
    if word in _OTHER_COMMANDS:
        return Doubt.CLEAR
    if word in _UNASKED:
        return Doubt.STRANGE
    if meaning in _HARMLESS:
        return Doubt.CLEAR if asks and meaning is Meaning.AGREE else Doubt.NONE
    if (
        (meaning is Meaning.PERIOD and before in _FOR)
        or word in _PLACES
        or (word == _IN[0] and after in _IN[1])
        or (word, after) == _A_LOT
    ):
        return Doubt.NONE
    if meaning not in _STRANGE:
        return Doubt.CLEAR
    if meaning is None and (_is_of_a_name(before, word, after, dotted=dotted) or _is_slip(word)):
        return Doubt.NONE
    if word == _IN[0] and dotted and _is_initial(before, after, dotted=True):
        return Doubt.NONE  # "Смирнов А.В."
    return Doubt.CLEAR if asks or is_verb(word) else Doubt.STRANGE


def _is_of_a_name(before: str, word: str, after: str, *, dotted: bool) -> bool:
    """A first name, an initial, or a surname beside one of them."""
    if len(word) == 1:
        return _is_initial(before, after, dotted=dotted)
    if is_name(word):
        return True
    return is_surname(word) and any(len(each) == 1 or is_name(each) for each in (before, after))


def _is_initial(before: str, after: str, *, dotted: bool) -> bool:
    """One letter with its dot, or beside a name: others may be a unit, or a word in pieces: "н е надо"."""
    return dotted or any(is_name(each) or is_surname(each) for each in (before, after))


def is_verb(word: str) -> bool:
    """Whether a folded word has the shape of a verb. Some things do, and are then asked back."""
    return len(word) >= VERB_SHORTEST and _VERB.search(word) is not None


def _is_slip(word: str) -> bool:
    return not is_verb(word) and any(one_slip_apart(word, known) for known in _FORGIVEN)


def _next(tokens: Sequence[Token], at: int) -> Token | None:
    return tokens[at + 1] if at + 1 < len(tokens) else None
