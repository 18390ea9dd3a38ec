"""The grammar against the contract, against texts as people send them, and against whatever else may come."""

import time
from dataclasses import replace

import pytest

from core.money import Money
from core.profile import Profile
from handlers.sms.amounts import Problem
from handlers.sms.letters import TEXT_LARGEST, fold
from handlers.sms.short_code import Command, CommandKind, Dialect, parse
from handlers.sms.vocabulary import COMMANDS, OTHERS, Meaning, lexicon
from tests.handlers.sms.texts_of_people import Case, cases

# protocols.md, "The short code's grammar".
CONTRACT = [
    Case("aliance 100080 100", "top_up", "100080", 10000, None),
    Case("Альянс, №100080, сумма 100 руб.", "top_up", "100080", 10000, None),
    Case("aliance 100080 1 000", "top_up", "100080", 100000, None),
    Case("aliance 100080 100,50", "top_up", "100080", 10050, None),
    Case("aliance 100080", "top_up", "100080", None, "amount_missing"),
    Case("aliance 100080 100 50", "top_up", None, None, "ambiguous_numbers"),
    Case("aliance 100 100080", "top_up", None, None, "amount_too_large"),
    Case("proc 100080 100", "unknown", None, None, "not_ours"),
    Case("ДА!!!", "confirm", None, None, None),
    Case("да, но потом", "unknown", None, None, "not_understood"),
]


@pytest.fixture(scope="module")
def dialect(profile: Profile) -> Dialect:
    return Dialect.of(profile)


def _is(case: Case, command: Command) -> bool:
    amount = None if case.amount_kopecks is None else Money(case.amount_kopecks)
    return (command.kind, command.account, command.amount, command.problem) == (
        CommandKind(case.command),
        case.account,
        amount,
        None if case.problem is None else Problem(case.problem),
    )


@pytest.mark.parametrize("case", CONTRACT, ids=lambda case: case.text)
def test_the_contract_holds(case: Case, dialect: Dialect) -> None:
    assert _is(case, parse(case.text, dialect))


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len({case.text for case in cases()}) >= 450
    new = {"autopay_amount", "autopay_state", "autopay_stop", "code"}
    assert len({case.text for case in cases() if case.command in new}) >= 60


def test_a_code_is_its_six_digits_however_they_are_grouped(dialect: Dialect) -> None:
    for text in ("123456", "123 456", "12-34-56", "Код: 123456.", "aliance код 123456"):
        assert parse(text, dialect).code == "123456"


@pytest.mark.parametrize("text", ["1234567", "12345", "1 23456", "123456 руб", "123456 100", "+123456"])
def test_other_digits_are_no_code(text: str, dialect: Dialect) -> None:
    assert parse(text, dialect).kind is not CommandKind.CODE


@pytest.mark.parametrize("case", cases(), ids=lambda case: ascii(case.text))
def test_texts_as_people_send_them(case: Case, dialect: Dialect) -> None:
    assert _is(case, parse(case.text, dialect))


def test_a_code_confirms_where_the_profile_asks_for_one(dialect: Dialect) -> None:
    by_code = replace(dialect, confirm="code")
    for text in ("123", "1 2 3", "да 123", "123!"):
        expected = None if text == "1 2 3" else "123"
        assert parse(text, by_code).code == expected
    assert parse("1234", by_code).kind is CommandKind.UNKNOWN
    assert parse("да 1234", by_code) == Command(CommandKind.CONFIRM, amount=Money.roubles(1234))
    assert parse("123", dialect).kind is CommandKind.UNKNOWN


@pytest.mark.parametrize("keyword", ["алянс", "альяснс", "альняс", "aliannce", "alianxe", "lalians"])
def test_a_keyword_with_one_slip_is_neither_ours_nor_anothers(keyword: str, dialect: Dialect) -> None:
    command = parse(f"{keyword} 100080 100", dialect)
    assert (command.kind, command.problem) == (CommandKind.UNKNOWN, Problem.NOT_UNDERSTOOD)


@pytest.mark.parametrize("keyword", ["finance", "аванс", "аль", "alianalians", "ecnailа"])
def test_other_keywords_are_anothers(keyword: str, dialect: Dialect) -> None:
    assert parse(f"{keyword} 100080 100", dialect).problem is Problem.NOT_OURS


def test_our_keyword_is_noticed_wherever_it_stands(dialect: Dialect) -> None:
    assert parse("когда уже альянс починит?", dialect).with_keyword
    assert parse("стоп альянс", dialect).with_keyword
    assert not parse("стоп", dialect).with_keyword


def test_no_word_means_two_things(profile: Profile) -> None:
    words = sum(len(words.split()) for words in (*OTHERS.values(), *COMMANDS.values()))
    keywords = [profile.sms.keyword, *profile.sms.aliases]
    known = lexicon(tuple(keywords))
    assert {meaning.value for meaning in Meaning} == {meaning.value for meaning in known.values()}
    for meaning, listed in (OTHERS | COMMANDS | {Meaning.KEYWORD: " ".join(keywords)}).items():
        assert {word: known[key] for word in listed.split() if known[key := fold(word)] is not meaning} == {}
    assert words > 200


@pytest.mark.parametrize(
    "text",
    [
        "9" * 10_000,
        "aliance " + "1 " * 5_000,
        "aliance " + "1" * (TEXT_LARGEST - 8),
        "aliance " + "1," * 900,
        "aliance " + " 000" * 400,
        "\u0301" * TEXT_LARGEST,
        "a" + "\u0316\u0301" * 900,
        "\u202e" * TEXT_LARGEST,
        "\ud800aliance \udfff100080 100",
        "aliance 100080 " + "٣" * 500,
        " " * TEXT_LARGEST,
        "о" * TEXT_LARGEST,
        "1о" * 900,
        "да" * 900,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_hostile_texts_cost_little_and_pay_nothing(text: str, dialect: Dialect) -> None:
    began = time.process_time()
    command = parse(text, dialect)
    assert time.process_time() - began < 0.5
    assert command.amount is None or text.startswith("\ud800")
