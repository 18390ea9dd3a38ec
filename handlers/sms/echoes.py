"""Our own words coming back: a machine that quotes us is not answered."""

import re
from collections.abc import Iterable

from handlers.sms.command import CommandKind
from handlers.sms.letters import TEXT_LARGEST, fold, normal
from handlers.sms.short_code import Dialect, parse

# Letters of ours that nobody writes by chance: in one piece, or in all the pieces of one text.
PIECE_SHORTEST = 19
PIECES_SHORTEST = 14
# A text that is no command may be made of shorter pieces: so many letters, and the half of all that it holds.
WORDS_SHORTEST = 4
WORDS_TOGETHER = 20
FACT_LONGEST = 60  # letters that may stand between two pieces: a sum, a day, a card

_LETTERS = re.compile(r"[^\W\d_]+")
_FACT = re.compile(r"\{[^{}]*\}")
_SOME_NUMBER = "100080"


class Echoes:
    """`said` are our texts, with their facts in braces. Those that people may send as commands are none."""

    def __init__(self, said: Iterable[str], dialect: Dialect) -> None:
        pieces, wholes, words = set[str](), dict[str, tuple[str, re.Pattern[str]]](), set[str]()
        for text in said:
            words |= {_letters(piece) for piece in _FACT.split(text)}
            if parse(_FACT.sub(_SOME_NUMBER, text), dialect).kind is not CommandKind.UNKNOWN:
                continue
            own = [_letters(piece) for piece in _FACT.split(text)]
            pieces |= {_letters(piece) for piece in _FACT.split(text) if _is_piece(piece, dialect)}
            if len(own) > 1 and sum(map(len, own)) >= PIECES_SHORTEST:
                between = f".{{0,{FACT_LONGEST}}}?"
                wholes[text] = max(own, key=len), re.compile(between.join(own))
        self._pieces = tuple(pieces)
        self._wholes = tuple(wholes.values())
        self._words = sorted((word for word in words if len(word) >= WORDS_SHORTEST), key=len, reverse=True)

    def heard_in(self, text: str) -> bool:
        """Whether a text holds one of ours, or enough of its words."""
        heard = _letters(text[:TEXT_LARGEST])
        return any(piece in heard for piece in self._pieces) or any(
            longest in heard and whole.search(heard) for longest, whole in self._wholes
        )

    def mostly_ours(self, text: str) -> bool:
        """Whether a text that is no command is pieced together of our words, as one with many facts is."""
        heard, ours = _letters(text[:TEXT_LARGEST]), 0
        rest = heard
        for word in self._words:
            ours += len(word) * rest.count(word)
            rest = rest.replace(word, " ")
        return ours >= WORDS_TOGETHER and 2 * ours >= len(heard)


def _is_piece(piece: str, dialect: Dialect) -> bool:
    return len(_letters(piece)) >= PIECE_SHORTEST and parse(piece, dialect).kind is CommandKind.UNKNOWN


def _letters(text: str) -> str:
    return "".join(fold(word) for word in _LETTERS.findall(normal(text)))
