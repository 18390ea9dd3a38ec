"""The grammar of the short code: a text → a command. Pure, and it never guesses money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.profile import Profile
from handlers.sms.advertising_words import AdvertisingWish, read_advertising
from handlers.sms.alert_words import AlertWish, read_alerts
from handlers.sms.amounts import Limits, Problem, Reading, read
from handlers.sms.autopay_words import Wish, read_autopay
from handlers.sms.bare_words import HARMLESS, read_bare
from handlers.sms.command import NOT_UNDERSTOOD
from handlers.sms.command import Command as Command
from handlers.sms.command import CommandKind as CommandKind
from handlers.sms.doubts import Doubt, doubt_in
from handlers.sms.language_words import read_language
from handlers.sms.letters import Kind, Token, fold, one_slip_apart, tokens
from handlers.sms.meaning import Meaning
from handlers.sms.names import is_name
from handlers.sms.numbers import Numbers, scan
from handlers.sms.numerals import value_of
from handlers.sms.spelling import respelt, with_near_keyword
from handlers.sms.vocabulary import lexicon

ONE_TIME_CODE = ((6,), (3, 3), (2, 2, 2))  # digits of a code that came by SMS, and how people group them


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one operator's short code understands."""

    lexicon: Mapping[str, Meaning]
    near: Sequence[str]  # folded spellings of the keyword in which one slip is forgiven
    limits: Limits
    autopay: Limits
    short_code: str
    locales: Sequence[str]

    @classmethod
    def of(cls, profile: Profile) -> "Dialect":
        mobile = profile.methods["mobile"]
        return cls(
            lexicon((profile.sms.keyword, *profile.sms.aliases)),
            [fold(word) for word in profile.sms.near],
            Limits(mobile.least, mobile.most),
            Limits(profile.autopay.least, profile.autopay.most),
            profile.sms.short_code,
            profile.locales,
        )


_MAY_PRECEDE_KEYWORD = {
    Meaning.ACCOUNT,
    Meaning.COURTESY,
    Meaning.DEPOSITS,
    Meaning.FILLER,
    Meaning.MAILING,
    Meaning.ME,
    Meaning.MONEY,
    Meaning.NEED,
    Meaning.PAY,
    Meaning.POLITE,
}
# Before our keyword these could begin something else: then only a text without any problem is taken.
_MAY_PRECEDE_IF_CLEAR = {Meaning.CONFIRM, Meaning.SURE, Meaning.TIMES}
_BESIDE_CODE = {Meaning.COURTESY, Meaning.KEYWORD, Meaning.CODE, Meaning.POLITE}
# What a text of ours may begin with. Before digits all other words are as foreign as one that we do not know.
_OUR_HEADS = {
    Meaning.ACCOUNT,
    Meaning.ALERTS,
    Meaning.AMOUNT,
    Meaning.AUTOPAY,
    Meaning.BALANCE,
    Meaning.BOUND,
    Meaning.CANCEL,
    Meaning.CONFIRM,
    Meaning.COURTESY,
    Meaning.DEPOSITS,
    Meaning.FILLER,
    Meaning.HELP,
    Meaning.HISTORY,
    Meaning.KEYWORD,
    Meaning.KOPECKS,
    Meaning.ME,
    Meaning.NEED,
    Meaning.NOT,
    Meaning.NUMERAL,
    Meaning.PAY,
    Meaning.POLITE,
    Meaning.ROUBLES,
    Meaning.SPOILER,
    Meaning.START,
    Meaning.STOP,
    Meaning.SUFFIX_SPOILER,
    Meaning.SURE,
    Meaning.TIMES,
}
_WISHES = {
    Wish.STATE: CommandKind.AUTOPAY_STATE,
    Wish.STOP: CommandKind.AUTOPAY_STOP,
    Wish.AMOUNT: CommandKind.AUTOPAY_AMOUNT,
}
_ADVERTISING_WISHES = {
    AdvertisingWish.STATE: Command(CommandKind.ADVERTISING_STATE),
    AdvertisingWish.ON: Command(CommandKind.ADVERTISING_ON),
    AdvertisingWish.OFF: Command(CommandKind.ADVERTISING_OFF),
    AdvertisingWish.UNCLEAR: Command(CommandKind.ADVERTISING_STATE, problem=Problem.NOT_UNDERSTOOD),
}
_ALERT_WISHES = {
    AlertWish.STATE: CommandKind.ALERTS_STATE,
    AlertWish.ON: CommandKind.ALERTS_ON,
    AlertWish.OFF: CommandKind.ALERTS_OFF,
    AlertWish.THRESHOLD: CommandKind.ALERTS_THRESHOLD,
    AlertWish.DAYS: CommandKind.ALERTS_DAYS,
}


def parse(text: str, dialect: Dialect) -> Command:
    """Understand one text. Never raises, whatever the text; linear in its length."""
    said = respelt(tokens(text), dialect.lexicon)
    after = _after_keyword(said, dialect)
    command = (
        _autopay(said, dialect)
        or _alerts(said, dialect)
        or _advertising(said, dialect)
        or _code(said, dialect)
    )
    if command is None:
        command = _without_keyword(said, dialect) if after is None else _behind_keyword(after, dialect)
    is_ours = after is not None or _names(said, dialect, Meaning.KEYWORD)
    return replace(command, with_keyword=command.with_keyword or is_ours)


def _behind_keyword(after: Sequence[Token], dialect: Dialect) -> Command:
    return (
        read_bare(after, dialect.lexicon, only_words=True)
        or _language(after, dialect)
        or _top_up(after, dialect)
    )


def _without_keyword(said: Sequence[Token], dialect: Dialect) -> Command:
    return (
        read_bare(said, dialect.lexicon)
        or _language(said, dialect)
        or _clear_top_up(said, dialect)
        or Command(CommandKind.UNKNOWN, problem=_why_unknown(said, dialect))
    )


def _names(read: Sequence[Token], dialect: Dialect, meaning: Meaning) -> bool:
    return any(dialect.lexicon.get(token.text) is meaning for token in read)


def _after_keyword(
    read: Sequence[Token], dialect: Dialect, *, besides: frozenset[Meaning] = frozenset()
) -> Sequence[Token] | None:
    for at, token in enumerate(read):
        meaning = dialect.lexicon.get(token.text)
        if token.kind is Kind.WORD and meaning is Meaning.KEYWORD:
            return read[at + 1 :]
        if token.kind is Kind.DIGITS and token.text != dialect.short_code:
            return None
        may_precede = (
            meaning in _MAY_PRECEDE_KEYWORD
            or meaning in besides
            or (bool(besides) and meaning is None and is_name(token.text))
        )
        if token.kind is Kind.WORD and not may_precede:
            return None
    return None


def _clear_top_up(said: Sequence[Token], dialect: Dialect) -> Command | None:
    """A top-up of whose keyword we are not quite sure, and of all the rest we are."""
    near = with_near_keyword(said, dialect.lexicon, dialect.near)
    after = _after_keyword(near or said, dialect, besides=frozenset(_MAY_PRECEDE_IF_CLEAR))
    if after is None:
        return None
    command = _top_up(after, dialect)
    return None if command.problem else replace(command, with_keyword=True)


def _autopay(read: Sequence[Token], dialect: Dialect) -> Command | None:
    asked = read_autopay(read, dialect.lexicon, dialect.autopay)
    if asked is None:
        return None
    if asked.wish is Wish.UNCLEAR:
        return NOT_UNDERSTOOD
    reading = asked.reading
    return Command(_WISHES[asked.wish], reading.account, reading.amount, reading.problem)


def _alerts(read: Sequence[Token], dialect: Dialect) -> Command | None:
    asked = read_alerts(read, dialect.lexicon)
    if asked is None:
        return None
    if asked.wish is AlertWish.UNCLEAR:
        return Command(CommandKind.ALERTS_STATE, problem=Problem.NOT_UNDERSTOOD)
    return Command(_ALERT_WISHES[asked.wish], asked.account, asked.threshold, days=asked.days)


def _advertising(read: Sequence[Token], dialect: Dialect) -> Command | None:
    asked = read_advertising(read, dialect.lexicon)
    return None if asked is None else _ADVERTISING_WISHES[asked]


def _language(read: Sequence[Token], dialect: Dialect) -> Command | None:
    command = read_language(read, dialect.lexicon)
    if command is None or command.language is None or command.language in dialect.locales:
        return command
    return replace(command, language=None, problem=Problem.NOT_UNDERSTOOD)


def _code(read: Sequence[Token], dialect: Dialect) -> Command | None:
    """A one-time code alone. Behind our keyword six digits are an account, unless they are called a code."""
    digits = tuple(len(token.text) for token in read if token.kind is Kind.DIGITS)
    if digits not in ONE_TIME_CODE:
        return None
    meanings = {dialect.lexicon.get(token.text) for token in read if token.kind is Kind.WORD}
    signs = {token.text for token in read if token.kind is Kind.SIGN}
    is_account = Meaning.KEYWORD in meanings and Meaning.CODE not in meanings
    if is_account or not (meanings <= _BESIDE_CODE and signs <= HARMLESS | {"-"}):
        return None
    code = "".join(token.text for token in read if token.kind is Kind.DIGITS)
    return Command(CommandKind.CODE, code=code)


def _top_up(after: Sequence[Token], dialect: Dialect) -> Command:
    doubt = doubt_in(after, dialect.lexicon)
    if doubt is Doubt.CLEAR:
        return NOT_UNDERSTOOD
    numbers = scan(after, dialect.lexicon)
    if numbers.others and len(numbers.groups) > 1:
        return Command(CommandKind.TOP_UP, problem=Problem.AMBIGUOUS_NUMBERS)
    reading = read(numbers.groups, dialect.limits, spoiled=numbers.spoiled or _says_another(numbers, dialect))
    if doubt is not Doubt.NONE and reading.problem is None:
        return NOT_UNDERSTOOD
    return Command(CommandKind.TOP_UP, reading.account, reading.amount, reading.problem)


def _says_another(numbers: Numbers, dialect: Dialect) -> bool:
    """Whether words tell another sum than the digits do: "100 два раза", but not "100 (сто)"."""
    if not numbers.said or len(numbers.groups) < 2:
        return False
    reading: Reading = read(numbers.groups, dialect.limits, spoiled=False)
    value = value_of(numbers.said)
    return reading.amount is None or value is None or reading.amount.kopecks // 100 != value


def _why_unknown(read: Sequence[Token], dialect: Dialect) -> Problem:
    """Another merchant's keyword is a word of no meaning to us with digits right behind it.

    A word that is nearly our keyword is no keyword of others: who is known here gets help.
    """
    heads = [token for token in read if token.kind is not Kind.SIGN][:2]
    is_foreign = (
        [token.kind for token in heads] == [Kind.WORD, Kind.DIGITS]
        and dialect.lexicon.get(heads[0].text) not in _OUR_HEADS
        and not _is_nearly_ours(heads[0].text, dialect)
    )
    return Problem.NOT_OURS if is_foreign else Problem.NOT_UNDERSTOOD


_NEARLY_OURS = {Meaning.AUTOPAY, Meaning.ALERTS}


def _is_nearly_ours(word: str, dialect: Dialect) -> bool:
    ours = (known for known, meaning in dialect.lexicon.items() if meaning in _NEARLY_OURS)
    return any(one_slip_apart(word, known) for known in (*dialect.near, *ours))
