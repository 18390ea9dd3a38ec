"""First reading of a text: what the phone sent → lower-case letters, digits and signs, as tokens."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

TEXT_LARGEST = 2_000  # some thirty segments; a longer text is no command, and is not looked at
SPOILED = "\N{REPLACEMENT CHARACTER}"  # stands where what the eye sees and what was sent may differ
THOUSAND_GROUP = 3  # digits

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_SHIFT = 0xFEE0
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_KEYCAP = {"\N{VARIATION SELECTOR-16}", "\N{COMBINING ENCLOSING KEYCAP}"}
_RIGHT_TO_LEFT = {
    "\N{RIGHT-TO-LEFT EMBEDDING}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{RIGHT-TO-LEFT ISOLATE}",
}
_SAME = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{PRIME}": "'",
        "`": "'",
        "\N{HEAVY PLUS SIGN}": "+",
    }
)
# Cyrillic letters that look like Latin ones in one case or the other.
_LOOK_ALIKE = str.maketrans("авеікмнорстухѕјһԁԛԝӏ", "abeikmhopctyxsjhdqwl")
_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC_KEYS = "йцукенгшщзхъфывапролджэячсмитьбюё"
_OTHER_LAYOUT = str.maketrans(_LATIN_KEYS + _CYRILLIC_KEYS, _CYRILLIC_KEYS + _LATIN_KEYS)

_TOKEN = re.compile(r"(?P<gap>\s*)(?:(?P<word>[^\W\d_]+)|(?P<digits>[0-9]+)|(?P<sign>\S))")
_ZEROS = re.compile(r"o+")
# Inside a number these are the digits that they look like; at its ends they may be a word's.
_INSIDE = ((re.compile(r"(?<=[0-9])з(?=[0-9oо])"), "3"), (re.compile(r"(?<=[0-9])[liі](?=[0-9])"), "1"))


class Kind(StrEnum):
    WORD = "word"
    DIGITS = "digits"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is folded; `gap` is what stood before it: nothing, one space, or more than that."""

    kind: Kind
    text: str
    gap: str

    @property
    def tight(self) -> bool:
        return not self.gap


def fold(word: str) -> str:
    """One spelling for all words that look the same: Latin where Cyrillic looks like it, no accents."""
    bare = "".join(char for char in unicodedata.normalize("NFD", word.lower()) if _category(char) != "Mn")
    return bare.translate(_LOOK_ALIKE)


def other_layout(word: str) -> str:
    """The word as it comes out when the keyboard stands in the other language: aliance → фдшфтсу."""
    return word.lower().translate(_OTHER_LAYOUT)


def one_slip_apart(word: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong, or two swapped make one of the other (both folded)."""
    short, long = sorted((word, other), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, beyond = short[same:], long[same:]
    if len(short) < len(long):
        return rest == beyond[1:]
    return rest[1:] == beyond[1:] or (rest[1::-1] + rest[2:] == beyond)


def tokens(text: str) -> list[Token]:
    """Words, digits and signs in their order; nothing for a text too long to be a command."""
    if len(text) > TEXT_LARGEST:
        return []
    return _zeros_for_letters(
        [
            Token(Kind(str(found.lastgroup)), fold(found[str(found.lastgroup)]), found["gap"])
            for found in _TOKEN.finditer(normal(text))
        ]
    )


def normal(text: str) -> str:
    """The text with one form for each character that a person cannot tell from another."""
    shown: list[str] = []
    for char in unicodedata.normalize("NFD", text.translate(_SAME)):
        if seen := _shown(char, after=shown[-1] if shown else ""):
            shown.append(seen)
    seen = "".join(shown).lower()
    for letter, digit in _INSIDE:
        seen = letter.sub(digit, seen)
    return seen


def _shown(char: str, *, after: str) -> str:
    category = _category(char)
    if char in _RIGHT_TO_LEFT:
        return SPOILED
    if category == "Cf" or char in _KEYCAP or ord(char) in _SKIN_TONES:
        return ""
    if category in ("Mn", "Me"):  # an accent on a letter says nothing; a stroke through a digit may
        return SPOILED if after.isdecimal() else ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if ord(char) in _FULL_WIDTH:
        return chr(ord(char) - _FULL_WIDTH_SHIFT)
    if category == "Zs" or char == "\t":
        return " "
    if category in ("Cc", "Zl", "Zp"):
        return "\n"
    return "-" if category == "Pd" else char


def _zeros_for_letters(read: list[Token]) -> list[Token]:
    """The letter O where a zero is meant: inside and at the ends of numbers, and as a group of three."""
    whole: list[Token] = []
    for at, token in enumerate(read):
        last = whole[-1] if whole else None
        following = read[at + 1] if at + 1 < len(read) else None
        for part in _zeros_apart(token, last, following):
            if whole and whole[-1].kind is part.kind is Kind.DIGITS and part.tight:
                whole[-1] = Token(Kind.DIGITS, whole[-1].text + part.text, whole[-1].gap)
            else:
                whole.append(part)
    return whole


def _zeros_apart(token: Token, last: Token | None, following: Token | None) -> list[Token]:
    letters = _ZEROS.match(token.text)
    if letters is None:
        return [token]
    zeros, rest = Token(Kind.DIGITS, "0" * len(letters[0]), token.gap), token.text[letters.end() :]
    if last and last.kind is Kind.DIGITS and token.tight:
        return [zeros, Token(Kind.WORD, rest, "")] if rest else [zeros]
    is_group = (
        bool(last and last.kind is Kind.DIGITS) and token.gap == " " and len(zeros.text) == THOUSAND_GROUP
    )
    begins_number = bool(following and following.kind is Kind.DIGITS and following.tight)
    return [zeros] if not rest and (is_group or begins_number) else [token]


def _category(char: str) -> str:
    return unicodedata.category(char)
