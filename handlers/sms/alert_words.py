"""The part of the grammar that reads alert settings: what a text that begins with the word asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.money import ZERO, Money
from handlers.sms.amounts import Role, account_of, amount_of
from handlers.sms.letters import SPOILED, Kind, Token
from handlers.sms.meaning import Meaning
from handlers.sms.numbers import scan
from handlers.sms.vocabulary import NO_SIGNS

DAYS_LONGEST = 2  # digits
DAYS_MOST = 5  # numbers of days in one text
_DOUBTS = NO_SIGNS | {"?", SPOILED, "-", "+"}
_OFF = frozenset({Meaning.OFF, Meaning.STOP, Meaning.CANCEL})
_ON = frozenset({Meaning.ON, Meaning.START})
_MARKS = frozenset({Meaning.THRESHOLD, Meaning.PERIOD})
_UNWANTED = frozenset({Meaning.NEED, Meaning.SEND})  # behind "не"
_PLAIN = frozenset(
    {
        Meaning.ACCOUNT,
        Meaning.ASKING,
        Meaning.COURTESY,
        Meaning.FILLER,
        Meaning.KEYWORD,
        Meaning.MAILING,
        Meaning.ME,
        Meaning.NEED,
        Meaning.POLITE,
        Meaning.SEND,
        Meaning.WHEN,
    }
)
_BEFORE = _PLAIN - {Meaning.ACCOUNT} | _OFF | _ON | {Meaning.NOT}
_BESIDE = _PLAIN | _OFF | _ON | _MARKS | {Meaning.AMOUNT, Meaning.ROUBLES}


class AlertWish(StrEnum):
    STATE = "state"
    ON = "on"
    OFF = "off"
    THRESHOLD = "threshold"
    DAYS = "days"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class AskedAlerts:
    """`threshold` nothing: no sum any more; `days` none: no days any more."""

    wish: AlertWish
    account: str | None = None
    threshold: Money | None = None
    days: tuple[int, ...] = ()


_UNCLEAR = AskedAlerts(AlertWish.UNCLEAR)


def read_alerts(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> AskedAlerts | None:
    """What the text asks for; None for one that does not begin with alerts."""
    at = _place(tokens, lexicon)
    if at is None:
        return None
    others = [*tokens[:at], *tokens[at + 1 :]]
    meanings = {lexicon.get(token.text) for token in others if token.kind is Kind.WORD}
    doubtful = {token.text for token in others if token.kind is Kind.SIGN} & _DOUBTS
    off, on = bool(meanings & _OFF), bool(meanings & _ON)
    if Meaning.NOT in meanings and meanings & _UNWANTED and not (off or on):
        meanings, off = meanings - {Meaning.NOT}, True
    # "порог сумма 200" is one wish; a sum alone is the threshold.
    marks = meanings & _MARKS or meanings & {Meaning.AMOUNT}
    if not meanings <= _BESIDE or (off and on) or len(marks) > 1 or doubtful - {"?"}:
        return _UNCLEAR
    behind = tokens[at + 1 :]
    if not marks:
        return _whole(behind, lexicon, off=off, on=on, asks="?" in doubtful)
    if doubtful:
        return _UNCLEAR
    if Meaning.PERIOD in marks:
        return _days(behind, lexicon, off=off)
    mark = Meaning.THRESHOLD if Meaning.THRESHOLD in marks else Meaning.AMOUNT
    return _threshold(*_parted(behind, lexicon, mark), lexicon, off=off)


def _place(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> int | None:
    for at, token in enumerate(tokens):
        meaning = lexicon.get(token.text)
        if token.kind is Kind.WORD and meaning is Meaning.ALERTS:
            return at
        if token.kind is Kind.DIGITS or (token.kind is Kind.WORD and meaning not in _BEFORE):
            return None
    return None


def _whole(
    behind: Sequence[Token], lexicon: Mapping[str, Meaning], *, off: bool, on: bool, asks: bool
) -> AskedAlerts:
    """All of them: shown, turned on or turned off."""
    account, clear = _account(behind, lexicon)
    if not clear or (asks and (off or on)):
        return _UNCLEAR
    wish = AlertWish.OFF if off else AlertWish.ON if on else AlertWish.STATE
    return AskedAlerts(wish, account)


def _threshold(
    before: Sequence[Token], after: Sequence[Token], lexicon: Mapping[str, Meaning], *, off: bool
) -> AskedAlerts:
    account, clear = _account(before, lexicon)
    numbers = scan(after, lexicon)
    if not clear or numbers.spoiled:
        return _UNCLEAR
    if off:
        return _UNCLEAR if numbers.groups else AskedAlerts(AlertWish.THRESHOLD, account, ZERO)
    amount = amount_of(numbers.groups) if numbers.groups else None
    return _UNCLEAR if amount is None else AskedAlerts(AlertWish.THRESHOLD, account, amount)


def _days(behind: Sequence[Token], lexicon: Mapping[str, Meaning], *, off: bool) -> AskedAlerts:
    before, after = _parted(behind, lexicon, Meaning.PERIOD)
    if not _digits(after):
        # "за 3 дня": what is short enough is days, what is longer the account.
        before, after = _long_and_short(before)
    account, clear = _account(before, lexicon)
    counts = [int(each) for each in _digits(after) if len(each) <= DAYS_LONGEST]
    if not clear or len(counts) != len(_digits(after)) or len(counts) > DAYS_MOST:
        return _UNCLEAR
    if off or counts == [0]:
        return _UNCLEAR if off and counts else AskedAlerts(AlertWish.DAYS, account)
    if not counts or 0 in counts:
        return _UNCLEAR
    return AskedAlerts(AlertWish.DAYS, account, days=tuple(sorted(set(counts), reverse=True)))


def _parted(
    tokens: Sequence[Token], lexicon: Mapping[str, Meaning], mark: Meaning
) -> tuple[Sequence[Token], Sequence[Token]]:
    """What stands before the word that announces the value, and what behind it."""
    places = [at for at, token in enumerate(tokens) if lexicon.get(token.text) is mark]
    at = places[0] if places else len(tokens)
    return tokens[:at], tokens[at + 1 :]


def _long_and_short(tokens: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    short = [token for token in tokens if token.kind is Kind.DIGITS and len(token.text) <= DAYS_LONGEST]
    return [token for token in tokens if token not in short], short


def _digits(tokens: Sequence[Token]) -> list[str]:
    return [token.text for token in tokens if token.kind is Kind.DIGITS]


def _account(tokens: Sequence[Token], lexicon: Mapping[str, Meaning]) -> tuple[str | None, bool]:
    """The account where one is named; and whether what is there is that alone."""
    numbers = scan(tokens, lexicon)
    if not numbers.groups:
        return None, True
    is_sum = numbers.spoiled or any(group.role is Role.AMOUNT for group in numbers.groups)
    account = None if is_sum else account_of(numbers.groups)
    return account, account is not None
