"""Laws of the grammar, whatever the text."""

from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.money import Money
from core.profile import load
from handlers.sms.amounts import Group, Limits, Link, read
from handlers.sms.letters import normal, other_layout, tokens
from handlers.sms.short_code import CommandKind, Dialect, parse
from tests.handlers.sms.texts_of_people import cases

PROFILE = load()
DIALECT = Dialect.of(PROFILE)
KEYWORDS = [PROFILE.sms.keyword, *PROFILE.sms.aliases]
TABLE = [case.text for case in cases()]

_LOOK_ALIKES = dict(zip("аеорсухАВЕКМНОРСТХ", "aeopcyxABEKMHOPCTX", strict=True))
_LOOK_ALIKES |= {latin: cyrillic for cyrillic, latin in _LOOK_ALIKES.items()}

anything = st.text(st.characters())  # lone surrogates included
WORDS = [
    "aliance",
    "альянс",
    "да",
    "нет",
    "баланс",
    "руб",
    "коп",
    "№",
    "сумма",
    "тыс",
    "не",
    "proc",
    "автоплатеж",
    "стоп",
    "отключить",
    "код",
    "o",
    "ооо",
]
NUMBERS = ["100080", "100", "50", "1 000", "000", "1", "7", "14500", "0", "1,000", "²"]
SIGNS = [",", ".", "-", "+", "?", "%", "'", "₽", "👍", " ", "  ", "\n", "\xa0", "\u202e", "\u200b", "\u0336"]
pieces = st.sampled_from(WORDS + NUMBERS + SIGNS)
texts = st.lists(pieces, max_size=12).map("".join) | st.lists(pieces, max_size=12).map(" ".join)
accounts = st.integers(min_value=10_000_000, max_value=9_999_999_999).map(str)  # too long to be a sum
amounts = st.integers(min_value=10_00, max_value=14_500_00).map(Money)


@given(anything | texts)
@example("\ud83d")
@example("aliance \ud83d 100080 100")
def test_no_text_breaks_the_grammar(text: str) -> None:
    command = parse(text, DIALECT)
    assert (command.kind is CommandKind.UNKNOWN) <= (command.problem is not None)
    with_money = (CommandKind.TOP_UP, CommandKind.CONFIRM, CommandKind.AUTOPAY_AMOUNT)
    assert command.kind in with_money or command.amount is None


@given(texts)
def test_accepted_money_is_within_the_limits_and_of_a_possible_account(text: str) -> None:
    command = parse(text, DIALECT)
    if command.kind is CommandKind.TOP_UP and command.problem is None:
        assert command.account is not None
        assert command.amount is not None
        assert command.account.isdecimal()
        assert 1 <= len(command.account) <= 10
        assert DIALECT.limits.hold(command.amount)


@given(texts)
def test_the_digits_of_an_accepted_text_are_those_of_its_account_and_amount(text: str) -> None:
    command = parse(text, DIALECT)
    if command.kind is CommandKind.TOP_UP and command.account and command.amount:
        digits = "".join(token.text for token in tokens(text) if token.text.isdecimal())
        whole, part = divmod(command.amount.kopecks, 100)
        ends = {f"{whole}"} if not part else set()
        ends |= {f"{whole}{part:02d}"} | ({f"{whole}{part // 10}"} if part % 10 == 0 else set())
        ends |= {f"{whole}{part}"}
        assert digits.lstrip("0") in {command.account + end for end in ends}


@given(texts)
def test_an_accepted_sum_of_autopay_is_within_its_limits_and_all_that_is_said(text: str) -> None:
    command = parse(f"автоплатеж {text}", DIALECT)
    if command.kind is CommandKind.AUTOPAY_AMOUNT and command.problem is None:
        assert command.amount is not None
        assert DIALECT.autopay.hold(command.amount)
        digits = "".join(token.text for token in tokens(text) if token.text.isdecimal())
        roubles = str(command.amount.kopecks // 100)
        assert digits.lstrip("0").startswith((command.account or "") + roubles)


@given(
    st.lists(st.sampled_from(["1", "10", "100", "000", "500", "012", "9999", "10000", "100080"]), max_size=4)
)
def test_an_accepted_sum_of_autopay_is_the_only_reading(digits: list[str]) -> None:
    """Alone, or behind an account: against a reader that tries every way to cut spaced digits."""
    command = parse(" ".join(["автоплатеж", *digits]), DIALECT)
    readings = set()
    for cut in range(len(digits)):
        account, amount = (_number(digits[:cut]) if cut else ""), _number(digits[cut:])
        if account is None or amount is None or len(account) > 10 or amount[0] == "0":
            continue
        if cut and _may_be_one(digits):
            continue
        if (account.strip("0") or not cut) and 10 <= int(amount) <= 10_000:
            readings.add((account.lstrip("0") or None, Money.roubles(int(amount))))
    if command.amount is not None:
        assert readings == {(command.account, command.amount)}
    else:
        assert len(readings) != 1 or _may_be_one(digits)


@given(texts, st.sampled_from(["не", "нет", "потом", "может", "?", "зачем", "в", "+"]))
def test_doubt_added_to_autopay_never_sets_or_stops_it(text: str, doubt: str) -> None:
    command = parse(f"автоплатеж {text} {doubt} 300", DIALECT)
    assert command.amount is None
    assert parse(f"автоплатеж стоп {doubt}", DIALECT).kind is not CommandKind.AUTOPAY_STOP or doubt == "+"


@given(
    st.lists(st.sampled_from(["1", "10", "100", "000", "500", "012", "14500", "100080", "50"]), max_size=5)
)
def test_accepted_money_is_the_only_reading(digits: list[str]) -> None:
    """Against a reader that tries every way to cut spaced digits into two numbers."""
    limits = Limits(Money.roubles(10), Money.roubles(14_500))
    found = read([Group(each, Link.SPACE) for each in digits], limits, spoiled=False)
    readings = set()
    for cut in range(1, len(digits)):
        account, amount = _number(digits[:cut]), _number(digits[cut:])
        fits = account and amount and len(account) <= 10 and account.strip("0") and amount[0] != "0"
        if fits and 10 <= Fraction(str(amount)) <= 14_500:
            readings.add((str(account).lstrip("0"), Money.roubles(int(str(amount)))))
    if found.problem is None:
        assert readings == {(found.account, found.amount)}
        assert not _may_be_one(digits)
    else:
        assert len(readings) != 1 or _may_be_one(digits)


def _may_be_one(digits: list[str]) -> bool:
    """Whether a person would take them for one number in groups of three."""
    return len(digits) > 1 and digits[0][0] != "0" and _number(digits) is not None


def _number(groups: list[str]) -> str | None:
    joins = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    return "".join(groups) if len(groups) == 1 or joins else None


@given(st.sampled_from(KEYWORDS), accounts, amounts, st.sampled_from([".", ","]))
def test_keyword_account_and_amount_are_always_understood(
    keyword: str, account: str, amount: Money, mark: str
) -> None:
    command = parse(f"{keyword} {account} {str(amount).replace('.', mark)}", DIALECT)
    assert (command.account, command.amount) == (account, amount)


@given(st.sampled_from(TABLE), st.randoms(use_true_random=False))
def test_look_alikes_change_nothing(text: str, chance: Random) -> None:
    swapped = "".join(_LOOK_ALIKES.get(char, char) if chance.random() < 0.5 else char for char in text)
    assert parse(swapped, DIALECT) == parse(text, DIALECT)


@given(st.sampled_from(KEYWORDS), accounts, amounts)
def test_the_other_keyboard_layout_changes_nothing(keyword: str, account: str, amount: Money) -> None:
    rest = f" {account} {amount}"
    assert parse(other_layout(keyword) + rest, DIALECT) == parse(keyword + rest, DIALECT)


@given(st.sampled_from(TABLE))
def test_case_quotes_and_invisible_marks_change_nothing(text: str) -> None:
    same = parse(text, DIALECT)
    assert parse(text.swapcase(), DIALECT) == same
    assert parse(f"\u2068{text}\u2069", DIALECT) == same
    assert parse("\u200b".join(text), DIALECT) == same
    if same.kind is not CommandKind.UNKNOWN:
        assert parse(f"«{text}»", DIALECT) == same


@given(texts, st.sampled_from(["но потом", "не", "позже", "завтра", "?", "дай", "зачем"]), st.booleans())
def test_doubt_added_to_a_text_never_confirms(text: str, doubt: str, before: bool) -> None:
    assume(parse(doubt, DIALECT).kind is not CommandKind.CONFIRM)
    whole = f"{doubt} {text}" if before else f"{text} {doubt}"
    assert parse(whole, DIALECT).kind is not CommandKind.CONFIRM


@given(texts, texts)
def test_text_added_to_what_confirms_nothing_does_not_confirm(text: str, more: str) -> None:
    """Unless what is added confirms by itself, no addition makes a confirmation of other words."""
    said = [token.text for token in tokens(text) if token.text.isalpha()]
    assume(said and parse(text, DIALECT).kind not in (CommandKind.CONFIRM, CommandKind.TOP_UP))
    assert parse(f"{text} {more}", DIALECT).kind is not CommandKind.CONFIRM


@given(anything)
def test_normal_text_is_normal(text: str) -> None:
    once = normal(text)
    assert normal(once) == once


@given(anything)
def test_tokens_stand_in_order_and_lose_no_digit(text: str) -> None:
    read_tokens = tokens(text)
    digits = [char for char in normal(text) if char.isdecimal()]
    kept = [char for token in read_tokens for char in token.text if char.isdecimal()]
    assert len(kept) >= len(digits)
    assert all(token.text for token in read_tokens)
    assert all(not (a.kind is b.kind and b.tight and a.text.isdecimal()) for a, b in pairwise(read_tokens))
