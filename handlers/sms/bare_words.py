"""The part of the grammar that reads commands which are nothing but themselves: "да, но потом" is none."""

import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise

from handlers.sms.amounts import Problem, Role, account_of, amount_of
from handlers.sms.command import NOT_UNDERSTOOD, Command, CommandKind
from handlers.sms.letters import SPOILED, Kind, Token, fold
from handlers.sms.meaning import Meaning
from handlers.sms.numbers import scan
from handlers.sms.vocabulary import NO_SIGNS
from handlers.sms.words import NOT_BEHIND_YES

CODE_LENGTH = 3  # digits of the code in a quote that no plain yes confirms
COUNT_LONGEST = 2  # digits: "последние 5 платежей"

HARMLESS = frozenset(".,!:;\"'«»“”„)…")
_AROUND = frozenset("/#*=<>[](~|")  # people write a word between these, or begin with one
_YES_SIGNS = frozenset("+👍👌✅✔🆗☑")
_NO_SIGNS = frozenset("👎❌✖✗✘🚫⛔🛑🙅❎")
_PICTURES = frozenset(
    {"So", "Cs", "Cn", "Co"}
)  # emoji: also those cut in half, and those newer than our tables
_ONE_LETTER_YES = frozenset({fold("д"), "y"})

_BARE = {
    Meaning.CONFIRM: CommandKind.CONFIRM,
    Meaning.SURE: CommandKind.CONFIRM,
    Meaning.CANCEL: CommandKind.CANCEL,
    Meaning.BALANCE: CommandKind.BALANCE,
    Meaning.HELP: CommandKind.HELP,
    Meaning.STOP: CommandKind.STOP,
    Meaning.START: CommandKind.START,
    Meaning.HISTORY: CommandKind.HISTORY,
}
_PLAIN = frozenset({Meaning.COURTESY, Meaning.KEYWORD, Meaning.ME, Meaning.POLITE})
_ASKED_FOR = _PLAIN | {
    Meaning.ACCOUNT,
    Meaning.ASKING,
    Meaning.FILLER,
    Meaning.HOW,
    Meaning.HOW_MUCH,
    Meaning.MONEY,
    Meaning.NEED,
    Meaning.OWED,
}
_BESIDE: Mapping[CommandKind, Set[Meaning]] = {
    CommandKind.BALANCE: _ASKED_FOR,
    CommandKind.HISTORY: _ASKED_FOR | {Meaning.DEPOSITS, Meaning.LAST, Meaning.PAY},
    CommandKind.CANCEL: _PLAIN | {Meaning.DEPOSITS, Meaning.NEED, Meaning.PAY, Meaning.AGREE},
    CommandKind.HELP: _PLAIN | {Meaning.ASKING, Meaning.FILLER, Meaning.HOW, Meaning.LAST, Meaning.NEED},
    CommandKind.STOP: _PLAIN | {Meaning.BOUND, Meaning.FILLER, Meaning.MAILING, Meaning.MORE, Meaning.SEND},
    CommandKind.START: _PLAIN | {Meaning.FILLER, Meaning.MAILING},
}
_BESIDE_CONFIRM = _PLAIN | {
    Meaning.AGREE,
    Meaning.AMOUNT,
    Meaning.FILLER,
    Meaning.KOPECKS,
    Meaning.PAY,
    Meaning.ROUBLES,
}
_BEFORE_CONFIRM = frozenset({Meaning.KEYWORD, Meaning.ME, Meaning.POLITE})
_ONLY_WITH_SUM = frozenset({Meaning.AMOUNT, Meaning.FILLER, Meaning.KOPECKS, Meaning.ROUBLES})
_THANKS = frozenset(fold(word) for word in ("спасибо", "благодарю", "thank"))  # "спасибо вам"
_NOT_BEHIND = frozenset(fold(word) for word in NOT_BEHIND_YES.split())
_HELP_WANTED = frozenset({Meaning.PAY, Meaning.SEND})
_BESIDE_HELP_WANTED = _BESIDE[CommandKind.HELP] | _HELP_WANTED | {Meaning.ACCOUNT, Meaning.MONEY}


@dataclass(frozen=True, slots=True)
class Bare:
    """A text as these rules look at it."""

    tokens: Sequence[Token]
    lexicon: Mapping[str, Meaning]

    @property
    def words(self) -> list[Meaning | None]:
        return [self.lexicon.get(token.text) for token in self.tokens if token.kind is Kind.WORD]

    @property
    def signs(self) -> set[str]:
        return {token.text for token in self.tokens if token.kind is Kind.SIGN}

    @property
    def digits(self) -> list[str]:
        return [token.text for token in self.tokens if token.kind is Kind.DIGITS]


def read_bare(
    tokens: Sequence[Token], lexicon: Mapping[str, Meaning], *, only_words: bool = False
) -> Command | None:
    """The command that a text is and nothing else; `only_words`: it stands behind our keyword."""
    text = Bare(tokens, lexicon)
    words = text.words
    if not words:
        says_nothing = only_words and (text.digits or text.signs <= HARMLESS)
        return None if says_nothing else _wordless(text)
    asked = {_BARE[word] for word in words if word is not None and word in _BARE}
    if Meaning.NOT in words:
        return _taken_back(text)
    if not asked:
        return _one_letter(text) or _roundabout(text)
    beside = {word for word in words if word not in _BARE}
    if asked == {CommandKind.CONFIRM}:
        return _confirm(text)
    if asked == {CommandKind.CANCEL, CommandKind.STOP} or (
        asked == {CommandKind.CANCEL} and Meaning.MAILING in words
    ):
        return _stop(text)
    if len(asked) > 1:
        return None
    kind = asked.pop()
    if not beside <= _BESIDE[kind]:
        return None
    if kind in (CommandKind.BALANCE, CommandKind.HISTORY):
        return _of_account(kind, text)
    return None if text.digits else Command(kind)


def _wordless(text: Bare) -> Command | None:
    """A lone 1, + or 👍 confirms; a lone question mark asks for help.

    Three digits are a quote's code, or nothing that is known: only the quote can tell.
    """
    signs = text.signs
    if not text.digits:
        if "?" in signs:
            return Command(CommandKind.HELP) if signs <= HARMLESS | {"?"} else None
        if signs & _NO_SIGNS:
            return Command(CommandKind.CANCEL) if signs <= HARMLESS | _NO_SIGNS else None
        return Command(CommandKind.CONFIRM) if signs & _YES_SIGNS and _agrees(signs) else None
    number = text.digits[0]
    if len(text.digits) > 1 or not signs <= HARMLESS:
        return None
    if number == "1":
        return Command(CommandKind.CONFIRM)
    return replace(NOT_UNDERSTOOD, code=number) if len(number) == CODE_LENGTH else None


def _one_letter(text: Bare) -> Command | None:
    only = [token for token in text.tokens if token.kind is not Kind.SIGN]
    is_yes = len(only) == 1 and only[0].text in _ONE_LETTER_YES and text.signs <= HARMLESS
    return Command(CommandKind.CONFIRM) if is_yes else None


def _confirm(text: Bare) -> Command | None:
    words = text.words
    first = min(at for at, word in enumerate(words) if word in (Meaning.CONFIRM, Meaning.SURE))
    beside = {word for word in words if word not in (Meaning.CONFIRM, Meaning.SURE)}
    if text.digits and text.tokens[_first_but_signs(text.tokens)].kind is Kind.DIGITS:
        return None  # "100 да" may be the end of something else
    said = [token.text for token in text.tokens if token.kind is Kind.WORD][first:]
    if any(word in _NOT_BEHIND and before not in _THANKS for before, word in pairwise(said)):
        return None
    if not set(words[:first]) <= _BEFORE_CONFIRM or not beside <= _BESIDE_CONFIRM - {Meaning.COURTESY}:
        return None
    if not _agrees(text.signs - {"₽"} - _AROUND - ({"-"} if _joins_words(text.tokens) else set())):
        return None
    numbers = scan(text.tokens, text.lexicon)
    if not numbers.groups:
        return None if beside & _ONLY_WITH_SUM else Command(CommandKind.CONFIRM)
    if numbers.spoiled or numbers.others or numbers.said:
        return None
    only = numbers.groups[0]
    may_be_code = len(numbers.groups) == 1 and len(only.digits) == CODE_LENGTH and only.role is Role.ANY
    amount, code = amount_of(numbers.groups), only.digits if may_be_code else None
    return Command(CommandKind.CONFIRM, amount=amount, code=code) if amount or code else None


def _first_but_signs(tokens: Sequence[Token]) -> int:
    return next(at for at, token in enumerate(tokens) if token.kind is not Kind.SIGN)


def _joins_words(tokens: Sequence[Token]) -> bool:
    """Whether every dash stands before a word: "да-да", but not "да -113"."""
    return all(after.kind is Kind.WORD for token, after in pairwise(tokens) if token.text == "-")


def _agrees(signs: Set[str]) -> bool:
    """Nothing but punctuation and friendly pictures: no question, no minus, no thumb down."""
    return all(
        sign in HARMLESS or sign in _YES_SIGNS or (_is_picture(sign) and sign not in NO_SIGNS)
        for sign in signs
    )


def _is_picture(sign: str) -> bool:
    return sign != SPOILED and unicodedata.category(sign) in _PICTURES


def _taken_back(text: Bare) -> Command | None:
    """ "не надо", "не подтверждаю"; and "не присылайте рекламу", which is a stop."""
    words = set(text.words) - {Meaning.NOT}
    if text.digits or "?" in text.signs:
        return None
    if words & {Meaning.SEND, Meaning.MAILING}:
        wants_end = words <= _BESIDE[CommandKind.STOP] | {Meaning.NEED}
        return Command(CommandKind.STOP) if wants_end and words & {Meaning.SEND, Meaning.NEED} else None
    negated = set(text.words[text.words.index(Meaning.NOT) :]) & {Meaning.NEED, Meaning.SURE, Meaning.PAY}
    allowed = _BESIDE[CommandKind.CANCEL] | {Meaning.SURE, Meaning.CANCEL}
    return Command(CommandKind.CANCEL) if negated and words <= allowed else None


def _stop(text: Bare) -> Command | None:
    """ "отказ от рассылки", "no more sms"."""
    allowed = _BESIDE[CommandKind.STOP] | {Meaning.CANCEL, Meaning.STOP}
    return Command(CommandKind.STOP) if set(text.words) <= allowed and not text.digits else None


def _roundabout(text: Bare) -> Command | None:
    """A command without its word: "сколько на счету", "как пополнить", "последний платеж"."""
    words = set(text.words)
    if (
        words <= _ASKED_FOR
        and Meaning.HOW_MUCH in words
        and words & {Meaning.MONEY, Meaning.ACCOUNT, Meaning.OWED}
    ):
        return _of_account(CommandKind.BALANCE, text)
    if words <= _BESIDE_HELP_WANTED and Meaning.HOW in words and words & _HELP_WANTED:
        return None if text.digits else Command(CommandKind.HELP)
    is_history = Meaning.DEPOSITS in words or {Meaning.LAST, Meaning.PAY} <= words
    if is_history and words <= _BESIDE[CommandKind.HISTORY]:
        command = _of_account(CommandKind.HISTORY, text)
        return None if command.problem else command  # "для оплаты 100080 100" is none
    if Meaning.MAILING in words and not text.digits:
        if Meaning.OFF in words and words <= _BESIDE[CommandKind.STOP] | {Meaning.OFF}:
            return Command(CommandKind.STOP)
        if Meaning.ON in words and words <= _BESIDE[CommandKind.START] | {Meaning.ON}:
            return Command(CommandKind.START)
    return None


def _of_account(kind: CommandKind, text: Bare) -> Command:
    """With the account that the text names, or none."""
    tokens = text.tokens
    if Meaning.LAST in text.words:
        tokens = [t for t in tokens if not (t.kind is Kind.DIGITS and len(t.text) <= COUNT_LONGEST)]
    numbers = scan(tokens, text.lexicon)
    if not numbers.groups:
        return Command(kind)
    account = None if numbers.spoiled or numbers.others else account_of(numbers.groups)
    return Command(kind, account, problem=None if account else Problem.AMBIGUOUS_NUMBERS)
