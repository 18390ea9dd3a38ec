"""What makes a text with our keyword, an account and a sum no request for a top-up after all.

Words that nobody listed are judged by their shape: a name or a thing changes nothing, a verb may change all.
"""

import re
from collections.abc import Mapping, Sequence

from handlers.sms.letters import Kind, Token, fold, other_layout
from handlers.sms.meaning import Meaning
from handlers.sms.numbers import meaning_of
from handlers.sms.words import RHYTHMS

_REFUSING = frozenset(
    {
        Meaning.ALERTS,
        Meaning.ASKING,
        Meaning.AUTOPAY,
        Meaning.CANCEL,
        Meaning.DOUBT,
        Meaning.ENGLISH,
        Meaning.HISTORY,
        Meaning.HOW_MUCH,
        Meaning.LANGUAGE,
        Meaning.LAST,
        Meaning.MORE,
        Meaning.NOT,
        Meaning.OFF,
        Meaning.ON,
        Meaning.OWED,
        Meaning.RUSSIAN,
        Meaning.SEND,
        Meaning.STOP,
        Meaning.THRESHOLD,
        Meaning.WHEN,
    }
)
# Beside a question mark: with one of these it asks something, without it asks for the quote.
_ASKED_OF = frozenset({None, Meaning.HOW, Meaning.AGREE, Meaning.BALANCE})
_RHYTHMS = frozenset(fold(word) for word in RHYTHMS.split())
_ENDINGS = (
    "ила ала яла ела ула ыла или али яли ели ули ыли ило ало яло ело уло ыло ал ял"  # it was
    " лся лась лись лось шла шло шли ено ано яно ято ены аны яты"
    " ите айте ейте ойте уйте яйте ьте итесь айтесь"  # do it
    " ать ять ить еть уть ыть оть аться яться иться еться"  # to do it
).split()
_VERB = re.compile("(?:" + "|".join(fold(each) for end in _ENDINGS for each in (end, other_layout(end))) + ")$")
VERB_SHORTEST = 5  # letters
_NO_VERBS = frozenset(
    fold(word)
    for word in (
        "людмила данила гаврила камила сеть область часть сайте терминал канал портал материал филиал квартал"
        " урал неделя мать память"
    ).split()
)


def is_doubtful(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> bool:
    """Whether the words and signs beside the digits are more than a person's way to ask for a top-up."""
    words = [at for at, token in enumerate(tokens) if token.kind is Kind.WORD]
    meanings = [meaning_of(tokens[at], _next(tokens, at), lexicon) for at in words]
    asks = any(token.text == "?" for token in tokens)
    return any(
        meaning in _REFUSING
        or (asks and meaning in _ASKED_OF)
        or (meaning is None and is_verb(tokens[at].text))
        or tokens[at].text in _RHYTHMS
        for at, meaning in zip(words, meanings, strict=True)
    )


def is_verb(word: str) -> bool:
    """Whether a folded word has the shape of a verb. Some names do, and are then asked back."""
    return len(word) >= VERB_SHORTEST and word not in _NO_VERBS and _VERB.search(word) is not None


def _next(tokens: Sequence[Token], at: int) -> Token | None:
    return tokens[at + 1] if at + 1 < len(tokens) else None
