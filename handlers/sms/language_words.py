"""The part of the grammar that reads a wish for another language: "язык en", "english please"."""

import re
from collections.abc import Mapping, Sequence

from handlers.sms.amounts import Problem
from handlers.sms.command import Command, CommandKind
from handlers.sms.letters import SPOILED, TEXT_LARGEST, Kind, Token
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
# Words that tell an English speaker: those that all the world's phones send are not among them.
_ENGLISH = frozenset(
    [
        "please",
        "pls",
        "thanks",
        "thank",
        "hello",
        "hi",
        "account",
        "amount",
        "number",
        "payment",
        "payments",
        "pay",
        "balance",
        "history",
        "deposits",
        "yes",
        "yeah",
        "yep",
        "cancel",
        "rubles",
        "roubles",
        "ruble",
        "rouble",
        "alerts",
        "alert",
        "notifications",
        "english",
        "language",
        "unsubscribe",
        "subscribe",
        "what",
        "how",
        "much",
        "my",
        "i",
        "me",
        "want",
        "would",
        "like",
        "can",
        "you",
        "could",
        "show",
        "check",
        "tell",
        "from",
        "for",
        "money",
        "debt",
        "statement",
        "agree",
        "ads",
        "advertising",
        "autopay",
    ]
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_WORDS = re.compile("[a-z]+")
_UNCLEAR = Command(CommandKind.LANGUAGE, problem=Problem.NOT_UNDERSTOOD)


def language_of(text: str) -> str | None:
    """The language that a text is plainly written in: English, or none that can be told from it."""
    lower = text[:TEXT_LARGEST].lower()
    if _CYRILLIC.search(lower):
        return None
    return "en" if any(word in _ENGLISH for word in _WORDS.findall(lower)) else None


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
