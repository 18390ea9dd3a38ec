"""What people do to words that are known: letters held down or apart, greetings, what a phone signs with."""

import re
from collections.abc import Mapping, Sequence

from handlers.sms.letters import Kind, Token, fold, one_slip_apart
from handlers.sms.meaning import Meaning

NEAR_SHORTEST = 6  # letters; with fewer, one slip makes another word
_HELD_DOWN = re.compile(r"(.)\1+")
_GREETINGS = frozenset(
    fold(word)
    for word in [
        "добрый",
        "доброе",
        "доброго",
        "доброй",
        "хорошего",
        "good",
        "dobry",
        "dobryj",
        "dobriy",
        "dobroe",
    ]
)
_TIMES_OF_DAY = frozenset(
    fold(word)
    for word in [
        "день",
        "дня",
        "вечер",
        "вечера",
        "утро",
        "утра",
        "ночи",
        "времени",
        "morning",
        "evening",
        "afternoon",
        "day",
        "den",
        "vecher",
        "utro",
    ]
)
_OF_DAY = fold("суток")
_AS_EVER = {(fold(one), fold(two)) for one, two in (("как", "обычно"), ("как", "всегда"), ("as", "usual"))}
_SIGNED = (tuple(fold(word) for word in ("отправлено", "с")), ("sent", "from", "my"))
# What a phone names itself by: "отправлено с ошибкой" is no signature, and takes the text back.
_DEVICE_NAMES = (
    "моего моей мобильного my iphone айфона айфон ipad айпада samsung самсунга galaxy android андроида"
    " huawei honor xiaomi redmi poco realme oppo nokia sony pixel телефона смартфона планшета устройства"
    " mobile phone smartphone tablet device"
)
_DEVICES = frozenset(fold(word) for word in _DEVICE_NAMES.split())
SIGNED_LONGEST = 5  # words of a signature: "отправлено с моего Samsung Galaxy"
_SPELT_OUT = (Meaning.KEYWORD, Meaning.CONFIRM)


def respelt(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> list[Token]:
    """The tokens without a greeting, "as usual", a signature, and with no letter held down."""
    kept: list[Token] = []
    for token in _unsigned(_together(tokens, lexicon)):
        word = token
        if token.kind is Kind.WORD and token.text not in lexicon:
            short = _HELD_DOWN.sub(r"\1", token.text)
            word = Token(token.kind, short, token.gap) if short in lexicon else token
        last = kept[-1].text if kept else ""
        if (last in _GREETINGS and word.text in _TIMES_OF_DAY) or (last, word.text) in _AS_EVER:
            kept[-1] = Token(Kind.SIGN, ",", kept[-1].gap)
        elif not (last == "," and word.text == _OF_DAY):
            kept.append(word)
    return kept


def with_near_keyword(
    tokens: Sequence[Token], lexicon: Mapping[str, Meaning], near: Sequence[str]
) -> list[Token] | None:
    """The tokens with the first unknown word taken for the keyword, where it is one slip apart from that."""
    for at, token in enumerate(tokens):
        if token.kind is Kind.DIGITS:
            return None
        if token.kind is Kind.WORD and token.text not in lexicon:
            meant = next((each for each in near if one_slip_apart(token.text, each)), None)
            return (
                None
                if meant is None
                else [*tokens[:at], Token(token.kind, meant, token.gap), *tokens[at + 1 :]]
            )
    return None


def _together(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> list[Token]:
    """A text that begins letter by letter: "д а", "а л ь я н с 100080 100"."""
    begin = next((at for at, token in enumerate(tokens) if token.kind is not Kind.SIGN), 0)
    letters, end = "", 0
    for at, token in enumerate(tokens[begin:], begin):
        if token.kind is Kind.WORD and len(token.text) == 1:
            letters, end = letters + token.text, at + 1
        elif not (token.text == "-" and letters):
            break
    if len(letters) < 2 or lexicon.get(letters) not in _SPELT_OUT:
        return list(tokens)
    return [*tokens[:begin], Token(Kind.WORD, letters, tokens[begin].gap), *tokens[end:]]


def _unsigned(tokens: list[Token]) -> list[Token]:
    for at in range(max(1, len(tokens) - 2 * SIGNED_LONGEST), len(tokens)):
        words = tuple(token.text for token in tokens[at:] if token.kind is Kind.WORD)
        is_short = len(words) <= SIGNED_LONGEST and all(t.kind is not Kind.DIGITS for t in tokens[at:])
        signed = next((each for each in _SIGNED if words[: len(each)] == each), None)
        if is_short and signed is not None and _DEVICES.issuperset(words[len(signed) :]):
            return tokens[:at]
    return tokens
