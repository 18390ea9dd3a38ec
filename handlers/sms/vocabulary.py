"""The words a text may hold beside its digits: what each means, in any alphabet, layout or case."""

from collections.abc import Mapping
from functools import lru_cache

from handlers.sms.letters import fold, other_layout
from handlers.sms.meaning import Meaning
from handlers.sms.words import COMMANDS, DOUBTS, OTHERS

# Behind or before a digit without a space these still mean themselves: 100руб, лс100080.
TIGHT = frozenset(
    {
        Meaning.KEYWORD,
        Meaning.CONFIRM,
        Meaning.ROUBLES,
        Meaning.KOPECKS,
        Meaning.ACCOUNT,
        Meaning.AMOUNT,
        Meaning.PAY,
        Meaning.FILLER,
    }
)

# No, or not in earnest: beside a yes they take it back.
NO_SIGNS = frozenset(
    "👎❌✖✗✘🚫⛔🛑🙅❎🤔🤨❓❔😠😡🤬👿😤😈🖕💩🤡🤮🤢🤦🤷🙄😒😑😐😬😕🙁☹😞😟😢😭"
    "😱🥴💔😂🤣😜😝🤪🙃✋🤚🖐⚠🆘💤⌛⏳⏰✕╳☓ⓧ↩🔙✂⏱⏲🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛"
)
SLIPPED_SHORTEST = 3  # letters; shorter ones in the other layout are words of their own
_PUNCTUATION_KEYS = "[];',.`"


@lru_cache(maxsize=8)
def lexicon(keywords: tuple[str, ...]) -> Mapping[str, Meaning]:
    """Folded word → meaning, in both keyboard layouts; a word typed as it should be is never another."""
    natural: dict[str, Meaning] = {fold(word): Meaning.DOUBT for word in DOUBTS.split()}
    for meaning, words in OTHERS.items():
        natural |= {fold(word): meaning for word in words.split()}
    slipped = {
        spelling: meaning
        for meaning, words in (OTHERS | {Meaning.DOUBT: DOUBTS}).items()
        for word in words.split()
        if len(spelling := _in_other_layout(word)) >= SLIPPED_SHORTEST
    }
    commands: dict[str, Meaning] = {}
    for meaning, words in (COMMANDS | {Meaning.KEYWORD: " ".join(keywords)}).items():
        slipped |= {_in_other_layout(word): meaning for word in words.split()}
        commands |= {fold(word): meaning for word in words.split()}
    return slipped | natural | {fold(rest): Meaning.FILLER for rest in _rests(keywords)} | commands


def _rests(keywords: tuple[str, ...]) -> list[str]:
    """What a longer keyword has behind a shorter one: "альянстелеком" is written as two words too."""
    rests = (
        long.removeprefix(short)
        for long in keywords
        for short in keywords
        if long != short and long.startswith(short)
    )
    return [rest for rest in rests if len(rest) >= SLIPPED_SHORTEST]


def _in_other_layout(word: str) -> str:
    # A letter that shares its key with a comma or a dot is lost at the ends: ",fkfyc" is read as "fkfyc".
    return fold(other_layout(word).strip(_PUNCTUATION_KEYS))
