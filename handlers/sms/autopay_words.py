"""The part of the grammar that reads autopay: what a text that begins with the word asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.sms.amounts import Group, Limits, Problem, Reading, Role, account_of, amount_of, read
from handlers.sms.letters import SPOILED, Kind, Token, fold
from handlers.sms.meaning import Meaning
from handlers.sms.numbers import Numbers, meaning_of, scan
from handlers.sms.vocabulary import NO_SIGNS

_APART = frozenset(fold(word) for word in ("авто", "auto", "avto"))  # "авто платеж", "авто-платеж"
_NO = frozenset(fold(word) for word in ("нет", "no"))  # "автоплатеж нет" may be a complaint
_DOUBTS = NO_SIGNS | {"?", SPOILED}
_OFF = frozenset({Meaning.OFF, Meaning.STOP, Meaning.CANCEL})
_ANYWHERE = frozenset(
    {Meaning.COURTESY, Meaning.FILLER, Meaning.KEYWORD, Meaning.ME, Meaning.PAY, Meaning.POLITE}
)
_PLAIN = _ANYWHERE | {Meaning.ACCOUNT}
_BEFORE = _ANYWHERE | {Meaning.NEED, Meaning.ON} | _OFF
_BESIDE_AMOUNT = (
    frozenset({Meaning.NEED, Meaning.ON, Meaning.AMOUNT, Meaning.ROUBLES, Meaning.KOPECKS}) | _PLAIN
)
# Another sum, or a rhythm that an SMS cannot set: the sum alone is not what was asked for.
_SPOILING = frozenset(
    {
        Meaning.BOUND,
        Meaning.NUMERAL,
        Meaning.PERIOD,
        Meaning.SPOILER,
        Meaning.SUFFIX_SPOILER,
        Meaning.TIMES,
    }
)


NOTHING = Reading()


class Wish(StrEnum):
    STATE = "state"
    STOP = "stop"
    AMOUNT = "amount"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Asked:
    """`reading` holds account and amount where they are certain, and what has to be asked back."""

    wish: Wish
    reading: Reading = NOTHING


def read_autopay(tokens: Sequence[Token], lexicon: Mapping[str, Meaning], limits: Limits) -> Asked | None:
    """What the text asks for; None for one that does not begin with autopay."""
    place = _place(tokens, lexicon)
    if place is None:
        return None
    begin, end = place
    others = [*tokens[:begin], *tokens[end:]]
    meanings = {_meaning(others, at, lexicon) for at, token in enumerate(others) if token.kind is Kind.WORD}
    doubtful = {token.text for token in others if token.kind is Kind.SIGN} & _DOUBTS
    numbers = scan(tokens[end:], lexicon)
    if meanings & _OFF:
        return Asked(Wish.UNCLEAR) if doubtful or not meanings <= _PLAIN | _OFF else _stop(numbers)
    if not meanings <= _BESIDE_AMOUNT | _SPOILING:
        return Asked(Wish.UNCLEAR)
    if meanings & _SPOILING:
        return Asked(Wish.AMOUNT, Reading(problem=Problem.AMOUNT_MALFORMED))
    if numbers.groups:
        # "+100" may be meant as that much more than now.
        adds = any(token.text == "+" for token in others)
        spoiled = numbers.spoiled or numbers.others or adds
        return Asked(Wish.UNCLEAR) if doubtful else _amount(numbers, limits, spoiled=spoiled)
    if doubtful - {"?"}:
        return Asked(Wish.UNCLEAR)
    if Meaning.ON in meanings:
        return Asked(Wish.AMOUNT, Reading(problem=Problem.AMOUNT_MISSING))
    return Asked(Wish.STATE)


def _place(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> tuple[int, int] | None:
    """Where the word begins and ends, with nothing before it but what may stand there."""
    for at, token in enumerate(tokens):
        if token.kind is Kind.DIGITS:
            return None
        if token.kind is Kind.SIGN:
            continue
        meaning = lexicon.get(token.text)
        if meaning is Meaning.AUTOPAY:
            return at, at + 1
        if token.text in _APART:
            end = at + 2 if [each.text for each in tokens[at + 1 : at + 2]] == ["-"] else at + 1
            joined = token.text + "".join(each.text for each in tokens[end : end + 1])
            return (at, end + 1) if lexicon.get(joined) is Meaning.AUTOPAY else None
        if meaning not in _BEFORE:
            return None
    return None


def _meaning(tokens: Sequence[Token], at: int, lexicon: Mapping[str, Meaning]) -> Meaning | None:
    meaning = meaning_of(tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None, lexicon)
    return Meaning.NOT if tokens[at].text in _NO and meaning is Meaning.CANCEL else meaning


def _stop(numbers: Numbers) -> Asked:
    if not numbers.groups:
        return Asked(Wish.STOP)
    is_sum = numbers.spoiled or any(group.role is Role.AMOUNT for group in numbers.groups)
    account = None if is_sum else account_of(numbers.groups)
    return Asked(Wish.STOP, Reading(account, problem=None if account else Problem.AMBIGUOUS_NUMBERS))


def _amount(numbers: Numbers, limits: Limits, *, spoiled: bool) -> Asked:
    groups = numbers.groups
    account = account_of(groups)
    is_sum = spoiled or any(group.role is Role.AMOUNT for group in groups)
    if account and groups[0].role is Role.ACCOUNT and not is_sum:
        return Asked(Wish.STATE, Reading(account))
    return Asked(Wish.AMOUNT, _agreed(groups, limits, spoiled=spoiled))


def _agreed(groups: Sequence[Group], limits: Limits, *, spoiled: bool) -> Reading:
    """An amount alone, or behind an account: the only reading within the limits."""
    pair = read(groups, limits, spoiled=spoiled)
    is_account = any(group.role is Role.ACCOUNT for group in groups)
    alone = None if spoiled or is_account else amount_of(groups)
    if alone is None or pair.problem not in (None, Problem.AMOUNT_MISSING, Problem.ACCOUNT_MISSING):
        return _unreadable(pair) if pair.problem else pair
    if limits.hold(alone):
        return Reading(None, alone) if pair.problem else Reading(problem=Problem.AMBIGUOUS_NUMBERS)
    if pair.problem is None:
        return pair
    if alone < limits.least:
        return Reading(problem=Problem.AMOUNT_TOO_SMALL)
    # 100080 may be an account as well, unless it was called a sum.
    is_sum = pair.problem is Problem.ACCOUNT_MISSING
    return Reading(problem=Problem.AMOUNT_TOO_LARGE if is_sum else Problem.AMBIGUOUS_NUMBERS)


def _unreadable(pair: Reading) -> Reading:
    """A pair's problem in the words of a text where the account may be left out."""
    incomplete = pair.problem in (Problem.AMOUNT_MISSING, Problem.ACCOUNT_MISSING)
    return Reading(problem=Problem.AMBIGUOUS_NUMBERS) if incomplete else pair
