"""The part of the grammar that reads a wish for another language: "язык en", "english please"."""

from collections.abc import Mapping, Sequence

from handlers.sms.amounts import Problem
from handlers.sms.command import Command, CommandKind
from handlers.sms.letters import SPOILED, Kind, Token
from handlers.sms.meaning import Meaning
from handlers.sms.vocabulary import NO_SIGNS

_LANGUAGES = {Meaning.ENGLISH: "en", Meaning.RUSSIAN: "ru"}
_BESIDE = frozenset(
    {
        Meaning.ASKING,
        Meaning.COURTESY,
        Meaning.FILLER,
        Meaning.KEYWORD,
        Meaning.LANGUAGE,
        Meaning.NEED,
        Meaning.ON,
        Meaning.POLITE,
    }
)
_UNCLEAR = Command(CommandKind.LANGUAGE, problem=Problem.NOT_UNDERSTOOD)


def read_language(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> Command | None:
    """What language a text asks for, where it asks for nothing else."""
    words = [lexicon.get(token.text) for token in tokens if token.kind is Kind.WORD]
    wished = {_LANGUAGES[word] for word in words if word in _LANGUAGES}
    others = [word for word in words if word not in _LANGUAGES and word not in _BESIDE]
    says_language = Meaning.LANGUAGE in words
    doubtful = any(token.text in NO_SIGNS or token.text == SPOILED for token in tokens)
    if not (wished or says_language) or doubtful or any(token.kind is Kind.DIGITS for token in tokens):
        return None
    if len(wished) == 1 and not others:
        return Command(CommandKind.LANGUAGE, language=wished.pop())
    # "язык китайский": one that we do not have, or two at once.
    return _UNCLEAR if says_language and len(others) <= 1 else None
