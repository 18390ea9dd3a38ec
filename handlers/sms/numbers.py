"""Tokens of a top-up text → its groups of digits, and whether the words around them spoil the sum."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from handlers.sms.amounts import Group, Link, Role
from handlers.sms.letters import SPOILED, THOUSAND_GROUP, Kind, Token, fold
from handlers.sms.meaning import Meaning
from handlers.sms.vocabulary import TIGHT

_MARKS = {",": Link.COMMA, ".": Link.DOT}
_OPENING = frozenset("([<=:*")  # a dash behind one of these separates nothing
_SPOILING_SIGNS = {SPOILED, "%", "~", "≈", "^", "±", "½", "≥", "≤", "¬"}
_ROUBLE_SIGN = "₽"
_SHORT_KOPECKS = "k"  # folded: "100р 50к"
_SHORT_FLAT = fold("кв")
FRACTION_LONGEST = 2  # digits: kopecks
_MONTH_NAMES = "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"
_MONTHS = frozenset(fold(word) for word in _MONTH_NAMES.split())
_FOR = frozenset(fold(word) for word in ("за", "for", "za"))
_NUMBER = frozenset(("n", "no", "nr"))  # № where a keyboard has none
_OUT_OF = frozenset(fold(word) for word in ("с", "со"))  # "с 100080 перевести 100" goes the other way
_A_DAY = fold("день")
_IN = fold("в")  # "в размере 100": counts nothing, unlike "12 месяцев"
_DAY = re.compile("[1-9]|0[1-9]|[12][0-9]|3[01]")
_YEAR = re.compile("20[0-9][0-9]")


@dataclass
class Numbers:
    """`spoiled`: the digits mean another sum; `others`: some are announced as a flat, a phone, a tariff.

    `said` are the words that tell a number beside the digits: "100 (сто) рублей".
    """

    groups: list[Group] = field(default_factory=list)
    spoiled: bool = False
    others: bool = False
    said: list[str] = field(default_factory=list)


def scan(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> Numbers:
    """One pass over the tokens behind the keyword."""
    return _Scan(tokens, lexicon).run()


def meaning_of(word: Token, after: Token | None, lexicon: Mapping[str, Meaning]) -> Meaning | None:
    announces = after is not None and (after.kind is Kind.DIGITS or (after.text == "." and after.tight))
    if word.text == "no" and announces:
        return Meaning.ACCOUNT  # "No. 100080", not "no"
    return lexicon.get(word.text)


class _Scan:
    def __init__(self, tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> None:
        self._tokens = tokens
        self._lexicon = lexicon
        self._found = Numbers()
        self._between: list[Token] = []  # since the last group of digits
        self._announced = Role.ANY
        self._numbered = False  # and that by №
        self._other = False  # the next digits are announced as something else

    def run(self) -> Numbers:
        for at, token in enumerate(self._tokens):
            if token.kind is Kind.DIGITS:
                self._other |= self._is_of_a_date(token, self._neighbour(at - 1), self._neighbour(at + 1))
                self._digits(token)
                continue
            if token.kind is Kind.WORD:
                self._word(token, self._neighbour(at - 1), self._neighbour(at + 1))
            else:
                self._sign(token, self._neighbour(at + 1))
            self._between.append(token)
        return self._found

    def _neighbour(self, at: int) -> Token | None:
        return self._tokens[at] if 0 <= at < len(self._tokens) else None

    def _digits(self, token: Token) -> None:
        if self._is_negative(token) or self._is_bare_fraction(token):
            self._found.spoiled = True
        self._found.groups.append(Group(token.text, self._link(token), self._announced, self._numbered))
        self._found.others |= self._other
        self._announced, self._numbered, self._other = Role.ANY, False, False
        self._between = []

    def _is_of_a_date(self, token: Token, before: Token | None, after: Token | None) -> bool:
        """ "за апрель 2026", "15 апрель", "за 2026", "12 месяцев": a time, where no roubles are named."""
        meaning = None if after is None else self._lexicon.get(after.text)
        if meaning is Meaning.PERIOD and after is not None and after.text != _IN:
            return True
        is_day, is_year = _DAY.fullmatch(token.text), _YEAR.fullmatch(token.text)
        goes_on = after is not None and after.kind is Kind.DIGITS and len(after.text) == THOUSAND_GROUP
        if not (is_day or is_year) or goes_on or meaning in (Meaning.ROUBLES, Meaning.KOPECKS):
            return False
        beside = {each.text for each in (before, after) if each is not None}
        return bool(beside & _MONTHS) or bool(is_year and before is not None and before.text in _FOR)

    def _link(self, token: Token) -> Link:
        if not self._found.groups:
            return Link.APART
        if not self._between:
            return Link.SPACE if token.gap == " " else Link.APART
        mark = self._between[0]
        if len(self._between) == 1 and mark.tight and token.tight:
            return _MARKS.get(mark.text, Link.APART)
        return Link.APART

    def _is_negative(self, token: Token) -> bool:
        """A minus that belongs to the number, not a dash that separates: " -100" but not "100080-100"."""
        if not (self._between and self._between[-1].text == "-" and token.tight):
            return False
        stands_before = self._between[-2:-1]
        return not self._between[-1].tight or any(each.text in _OPENING for each in stands_before)

    def _is_bare_fraction(self, token: Token) -> bool:
        """ " ,50": half a rouble, or fifty behind a comma that lost its place."""
        mark = self._between[-1] if self._between else None
        return (
            mark is not None
            and mark.text in _MARKS
            and not mark.tight
            and token.tight
            and len(token.text) <= FRACTION_LONGEST
        )

    def _word(self, word: Token, before: Token | None, after: Token | None) -> None:
        meaning = meaning_of(word, after, self._lexicon)
        behind_digits = before is not None and before.kind is Kind.DIGITS
        before_digits = after is not None and after.kind is Kind.DIGITS
        touches = (behind_digits and word.tight) or (before_digits and after is not None and after.tight)
        self._other = meaning is Meaning.OTHER_NUMBER
        match meaning:
            case Meaning.OTHER_NUMBER if word.text == _SHORT_FLAT:
                self._found.spoiled |= behind_digits and not before_digits  # "100 кв" is a flat, and no sum
            case Meaning.SPOILER:
                self._found.spoiled = True
            case Meaning.BOUND:
                self._found.spoiled |= before_digits
            case Meaning.SUFFIX_SPOILER if word.text == _SHORT_KOPECKS and self._may_be_kopecks(
                behind_digits
            ):
                self._kopecks(behind=behind_digits)
                return
            case Meaning.SUFFIX_SPOILER:
                # "5 к", "5 к рублей" and "5 т р", but not "5 к оплате".
                next_means = None if after is None else self._lexicon.get(after.text)
                ends_phrase = after is None or after.kind is not Kind.WORD or next_means is Meaning.ROUBLES
                self._found.spoiled |= touches or (behind_digits and ends_phrase)
            case Meaning.NUMERAL | Meaning.TIMES:
                self._found.said.append(word.text)
            case Meaning.ROUBLES if before_digits and self._leads(word, after):
                self._announced = Role.AMOUNT
            case Meaning.ROUBLES:
                self._roubles(behind=behind_digits or self._in_words(before))
            case Meaning.KOPECKS:
                self._kopecks(behind=behind_digits)
            case Meaning.ACCOUNT:
                self._announced, self._numbered = Role.ACCOUNT, word.text in _NUMBER
            case Meaning.AMOUNT:
                self._announced = Role.AMOUNT
        if (touches and meaning not in TIGHT and not self._other) or _is_numeric(word.text):
            self._found.spoiled = True
        is_rate = word.text == _A_DAY and before is not None and before.text == "/"
        takes = word.text in _OUT_OF and before_digits and not word.tight  # "л/с 100080" is an account
        if is_rate or takes:
            self._found.spoiled = True

    def _leads(self, word: Token, after: Token | None) -> bool:
        """ "руб100", and "счёт 100080 руб 100"."""
        groups = self._found.groups
        touches_only_after = after is not None and after.tight and not word.tight
        return touches_only_after or bool(groups and groups[-1].role is Role.ACCOUNT)

    def _in_words(self, before: Token | None) -> bool:
        """Behind a sum in digits and in words: "100 (сто) рублей 50 копеек"."""
        said = before is not None and bool(self._found.said) and before.text == self._found.said[-1]
        return said and len(self._found.groups) > 1

    def _sign(self, sign: Token, after: Token | None) -> None:
        text = sign.text
        is_quote_inside = text == "'" and sign.tight and after is not None and after.tight
        touches_digits = is_quote_inside and after is not None and after.kind is Kind.DIGITS
        if text == _ROUBLE_SIGN:
            self._rouble_sign(sign, after)
        elif text == "№":
            self._announced, self._numbered = Role.ACCOUNT, True
        elif text in _SPOILING_SIGNS or unicodedata.category(text) == "Sc" or _is_numeric(text):
            self._found.spoiled = True
        elif touches_digits and self._found.groups and not self._between:
            self._found.spoiled = True  # 1'000

    def _rouble_sign(self, sign: Token, after: Token | None) -> None:
        """Before its number or behind it, whichever it touches."""
        leads = after is not None and after.kind is Kind.DIGITS and after.tight and not sign.tight
        if leads:
            self._announced = Role.AMOUNT
        else:
            self._roubles(behind=not self._between)

    def _roubles(self, *, behind: bool) -> None:
        if behind and self._found.groups:
            self._found.groups[-1] = replace(self._found.groups[-1], role=Role.AMOUNT)

    def _kopecks(self, *, behind: bool) -> None:
        """Understood only behind roubles: "100 руб 50 коп"."""
        groups = self._found.groups
        if not self._may_be_kopecks(behind):
            self._found.spoiled = True
            return
        groups[-1] = replace(groups[-1], link=Link.ROUBLES, role=Role.AMOUNT)

    def _may_be_kopecks(self, behind_digits: bool) -> bool:
        groups = self._found.groups
        return (
            behind_digits
            and len(groups) > 1
            and groups[-2].role is Role.AMOUNT
            and len(groups[-1].digits) <= FRACTION_LONGEST
        )


def _is_numeric(text: str) -> bool:
    """Holds ½, ² or Ⅷ: a number that is not written in digits."""
    return any(unicodedata.category(char) in ("No", "Nl") for char in text)
