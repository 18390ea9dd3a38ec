"""The grammar of the short code: a text → a command. Pure, and it never guesses money."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from core.money import Money
from core.profile import Profile
from handlers.sms.alert_words import AlertWish, read_alerts
from handlers.sms.amounts import Limits, Problem, account_of, amount_of, read
from handlers.sms.autopay_words import Wish, read_autopay
from handlers.sms.letters import SPOILED, Kind, Token, one_slip_apart, tokens
from handlers.sms.numbers import scan
from handlers.sms.vocabulary import NO_SIGNS, Meaning, lexicon

CODE_LENGTH = 3  # digits of the code in a quote, where the profile asks for one
ONE_TIME_CODE = ((6,), (3, 3), (2, 2, 2))  # digits of a code that came by SMS, and how people group them

_HARMLESS = frozenset(".,!:;\"'«»“”„)…")
_THUMB = "👍"
_YES_SIGNS = frozenset({"+", _THUMB})
_PICTURES = frozenset(
    {"So", "Cs", "Cn", "Co"}
)  # emoji: also those cut in half, and those newer than our tables


class CommandKind(StrEnum):
    TOP_UP = "top_up"
    BALANCE = "balance"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    HELP = "help"
    STOP = "stop"
    START = "start"
    AUTOPAY_STATE = "autopay_state"
    AUTOPAY_STOP = "autopay_stop"
    AUTOPAY_AMOUNT = "autopay_amount"
    ALERTS_STATE = "alerts_state"
    ALERTS_ON = "alerts_on"
    ALERTS_OFF = "alerts_off"
    ALERTS_THRESHOLD = "alerts_threshold"
    ALERTS_DAYS = "alerts_days"
    CODE = "code"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """What a text asks for; `account` and `amount` only where they are certain."""

    kind: CommandKind
    account: str | None = None
    amount: Money | None = None
    problem: Problem | None = None
    code: str | None = None
    with_keyword: bool = False
    days: tuple[int, ...] = ()  # left, for alerts


_OURS = {Meaning.KEYWORD, Meaning.AUTOPAY, Meaning.ALERTS}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one operator's short code understands."""

    lexicon: Mapping[str, Meaning]
    limits: Limits
    autopay: Limits
    confirm: Literal["word", "code"]

    @classmethod
    def of(cls, profile: Profile) -> "Dialect":
        mobile = profile.methods["mobile"]
        return cls(
            lexicon((profile.sms.keyword, *profile.sms.aliases)),
            Limits(mobile.least, mobile.most),
            Limits(profile.autopay.least, profile.autopay.most),
            profile.sms.confirm,
        )

    @property
    def keywords(self) -> list[str]:
        """Folded, in both layouts."""
        return [word for word, meaning in self.lexicon.items() if meaning in _OURS]


_BARE = {
    Meaning.CONFIRM: CommandKind.CONFIRM,
    Meaning.CANCEL: CommandKind.CANCEL,
    Meaning.BALANCE: CommandKind.BALANCE,
    Meaning.HELP: CommandKind.HELP,
    Meaning.STOP: CommandKind.STOP,
    Meaning.START: CommandKind.START,
}
_MAY_PRECEDE_KEYWORD = {Meaning.COURTESY, Meaning.FILLER, Meaning.ACCOUNT}
_BESIDE_CODE = {Meaning.COURTESY, Meaning.KEYWORD, Meaning.CODE}
# Before digits these are as foreign as a word that we do not know.
_NO_HEADS = {None, Meaning.THRESHOLD, Meaning.ON, Meaning.OFF, Meaning.PERIOD, Meaning.CODE}
_WISHES = {
    Wish.STATE: CommandKind.AUTOPAY_STATE,
    Wish.STOP: CommandKind.AUTOPAY_STOP,
    Wish.AMOUNT: CommandKind.AUTOPAY_AMOUNT,
}
_ALERT_WISHES = {
    AlertWish.STATE: CommandKind.ALERTS_STATE,
    AlertWish.ON: CommandKind.ALERTS_ON,
    AlertWish.OFF: CommandKind.ALERTS_OFF,
    AlertWish.THRESHOLD: CommandKind.ALERTS_THRESHOLD,
    AlertWish.DAYS: CommandKind.ALERTS_DAYS,
}
_BESIDE_COMMAND = {Meaning.COURTESY, Meaning.KEYWORD}
_BESIDE_BALANCE = {Meaning.COURTESY, Meaning.KEYWORD, Meaning.FILLER, Meaning.ACCOUNT}


def parse(text: str, dialect: Dialect) -> Command:
    """Understand one text. Never raises, whatever the text; linear in its length."""
    read_tokens = tokens(text)
    after = _after_keyword(read_tokens, dialect)
    command = _autopay(read_tokens, dialect) or _alerts(read_tokens, dialect) or _code(read_tokens, dialect)
    if command is None and after is None:
        command = _bare(read_tokens, dialect)
        command = command or Command(CommandKind.UNKNOWN, problem=_why_unknown(read_tokens, dialect))
    elif command is None and after is not None:
        command = _bare(after, dialect, only_words=True) or _top_up(after, dialect)
    assert command is not None
    is_ours = after is not None or _names(read_tokens, dialect, Meaning.KEYWORD)
    return replace(command, with_keyword=is_ours)


def _names(read: Sequence[Token], dialect: Dialect, meaning: Meaning) -> bool:
    return any(dialect.lexicon.get(token.text) is meaning for token in read)


def _after_keyword(read: Sequence[Token], dialect: Dialect) -> Sequence[Token] | None:
    for at, token in enumerate(read):
        meaning = dialect.lexicon.get(token.text)
        if token.kind is Kind.WORD and meaning is Meaning.KEYWORD:
            return read[at + 1 :]
        if token.kind is Kind.DIGITS or (token.kind is Kind.WORD and meaning not in _MAY_PRECEDE_KEYWORD):
            return None
    return None


def _autopay(read: Sequence[Token], dialect: Dialect) -> Command | None:
    asked = read_autopay(read, dialect.lexicon, dialect.autopay)
    if asked is None:
        return None
    if asked.wish is Wish.UNCLEAR:
        return Command(CommandKind.UNKNOWN, problem=Problem.NOT_UNDERSTOOD)
    reading = asked.reading
    return Command(_WISHES[asked.wish], reading.account, reading.amount, reading.problem)


def _alerts(read: Sequence[Token], dialect: Dialect) -> Command | None:
    asked = read_alerts(read, dialect.lexicon)
    if asked is None:
        return None
    if asked.wish is AlertWish.UNCLEAR:
        return Command(CommandKind.ALERTS_STATE, problem=Problem.NOT_UNDERSTOOD)
    return Command(_ALERT_WISHES[asked.wish], asked.account, asked.threshold, days=asked.days)


def _code(read: Sequence[Token], dialect: Dialect) -> Command | None:
    """A one-time code alone. Behind our keyword six digits are an account, unless they are called a code."""
    digits = tuple(len(token.text) for token in read if token.kind is Kind.DIGITS)
    if digits not in ONE_TIME_CODE:
        return None
    meanings = {dialect.lexicon.get(token.text) for token in read if token.kind is Kind.WORD}
    signs = {token.text for token in read if token.kind is Kind.SIGN}
    is_account = Meaning.KEYWORD in meanings and Meaning.CODE not in meanings
    if is_account or not (meanings <= _BESIDE_CODE and signs <= _HARMLESS | {"-"}):
        return None
    code = "".join(token.text for token in read if token.kind is Kind.DIGITS)
    return Command(CommandKind.CODE, code=code)


def _top_up(after: Sequence[Token], dialect: Dialect) -> Command:
    numbers = scan(after, dialect.lexicon)
    if numbers.refused or any(_names(after, dialect, each) for each in (Meaning.AUTOPAY, Meaning.ALERTS)):
        return Command(CommandKind.UNKNOWN, problem=Problem.NOT_UNDERSTOOD)
    reading = read(numbers.groups, dialect.limits, spoiled=numbers.spoiled)
    return Command(CommandKind.TOP_UP, reading.account, reading.amount, reading.problem)


def _bare(read: Sequence[Token], dialect: Dialect, *, only_words: bool = False) -> Command | None:
    """A command that is nothing but itself: "да, но потом" is none."""
    words = [dialect.lexicon.get(token.text) for token in read if token.kind is Kind.WORD]
    signs = {token.text for token in read if token.kind is Kind.SIGN}
    digits = [token for token in read if token.kind is Kind.DIGITS]
    if not words:
        says_nothing = only_words and (digits or signs <= _HARMLESS)
        return None if says_nothing else _wordless(digits, signs, dialect)
    asked = {_BARE[meaning] for meaning in words if meaning in _BARE}
    meanings = {meaning for meaning in words if meaning not in _BARE}
    if asked == {CommandKind.CONFIRM}:
        return _confirm(read, meanings, signs, dialect)
    if asked == {CommandKind.BALANCE}:
        return _balance(read, dialect) if meanings <= _BESIDE_BALANCE else None
    is_refusal = {Meaning.NOT, Meaning.NEED} <= meanings and asked <= {CommandKind.CANCEL}
    if is_refusal or asked == {CommandKind.CANCEL}:
        allowed = {Meaning.NOT, Meaning.NEED, *_BESIDE_COMMAND}
        return Command(CommandKind.CANCEL) if meanings <= allowed and not digits else None
    if len(asked) == 1 and meanings <= _BESIDE_COMMAND and not digits:
        return Command(next(iter(asked)))
    return None


def _wordless(digits: Sequence[Token], signs: set[str], dialect: Dialect) -> Command | None:
    """A lone 1, + or 👍 confirms, and a code where codes are used; a lone question mark asks for help."""
    if not digits:
        if "?" in signs:
            return Command(CommandKind.HELP) if signs <= _HARMLESS | {"?"} else None
        return Command(CommandKind.CONFIRM) if signs & _YES_SIGNS and _agrees(signs) else None
    number = digits[0].text
    if len(digits) > 1 or not signs <= _HARMLESS:
        return None
    if number == "1":
        return Command(CommandKind.CONFIRM)
    if dialect.confirm == "code" and len(number) == CODE_LENGTH:
        return Command(CommandKind.CONFIRM, code=number)
    return None


def _confirm(
    read: Sequence[Token], meanings: Iterable[Meaning | None], signs: set[str], dialect: Dialect
) -> Command | None:
    if not set(meanings) <= {Meaning.ROUBLES, Meaning.KOPECKS} or not _agrees(signs - {"₽"}):
        return None
    numbers = scan(read, dialect.lexicon)
    if not numbers.groups:
        return Command(CommandKind.CONFIRM)
    if numbers.spoiled:
        return None
    only = numbers.groups[0]
    if dialect.confirm == "code" and len(numbers.groups) == 1 and len(only.digits) == CODE_LENGTH:
        return Command(CommandKind.CONFIRM, code=only.digits)
    amount = amount_of(numbers.groups)
    return Command(CommandKind.CONFIRM, amount=amount) if amount else None


def _agrees(signs: set[str]) -> bool:
    """Nothing but punctuation and friendly pictures: no question, no minus, no thumb down."""
    return all(
        sign in _HARMLESS or sign in _YES_SIGNS or (_is_picture(sign) and sign not in NO_SIGNS)
        for sign in signs
    )


def _is_picture(sign: str) -> bool:
    return sign != SPOILED and unicodedata.category(sign) in _PICTURES


def _balance(read: Sequence[Token], dialect: Dialect) -> Command:
    numbers = scan(read, dialect.lexicon)
    if not numbers.groups:
        return Command(CommandKind.BALANCE)
    account = None if numbers.spoiled else account_of(numbers.groups)
    problem = None if account else Problem.AMBIGUOUS_NUMBERS
    return Command(CommandKind.BALANCE, account, problem=problem)


def _why_unknown(read: Sequence[Token], dialect: Dialect) -> Problem:
    """Another merchant's keyword is a word of no meaning to us with digits right behind it.

    A word that is nearly our keyword is no keyword of others: who is known here gets help.
    """
    heads = [token for token in read if token.kind is not Kind.SIGN][:2]
    is_foreign = (
        [token.kind for token in heads] == [Kind.WORD, Kind.DIGITS]
        and dialect.lexicon.get(heads[0].text) in _NO_HEADS
        and not any(one_slip_apart(heads[0].text, keyword) for keyword in dialect.keywords)
    )
    return Problem.NOT_OURS if is_foreign else Problem.NOT_UNDERSTOOD
