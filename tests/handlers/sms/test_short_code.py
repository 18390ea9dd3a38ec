"""The grammar against the contract, against texts as people send them, and against whatever else may come."""

import time
from dataclasses import replace

import pytest

from core.money import Money
from core.profile import Profile
from handlers.sms.amounts import Problem
from handlers.sms.letters import TEXT_LARGEST, fold
from handlers.sms.meaning import Meaning
from handlers.sms.short_code import Command, CommandKind, Dialect, parse
from handlers.sms.vocabulary import lexicon
from handlers.sms.words import COMMANDS, DOUBTS, OTHERS
from tests.handlers.sms.texts_of_people import Case, cases, figures_of

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


@pytest.mark.parametrize("case", CONTRACT, ids=lambda case: case.text)
def test_the_contract_holds(case: Case, dialect: Dialect) -> None:
    assert case.is_(parse(case.text, dialect))


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len({case.text for case in cases()}) >= 2_000
    new = {"autopay_amount", "autopay_state", "autopay_stop", "code"}
    assert len({case.text for case in cases() if case.command in new}) >= 60


def test_a_code_is_its_six_digits_however_they_are_grouped(dialect: Dialect) -> None:
    for text in ("123456", "123 456", "12-34-56", "Код: 123456.", "aliance код 123456"):
        assert parse(text, dialect).code == "123456"


@pytest.mark.parametrize("text", ["1234567", "12345", "1 23456", "123456 руб", "123456 100", "+123456"])
def test_other_digits_are_no_code(text: str, dialect: Dialect) -> None:
    assert parse(text, dialect).kind is not CommandKind.CODE


def test_texts_as_people_send_them(dialect: Dialect) -> None:
    """One test for all: two thousand would take the collector longer than the grammar."""
    seen = [case for case in cases() if case.part == "seen"]
    assert [case.text for case in seen if not case.is_(parse(case.text, dialect))] == []
    assert len(seen) >= 1_500


@pytest.mark.parametrize("part", ["seen", "missed", "held_out"])
def test_no_text_is_taken_for_a_payment_that_it_does_not_ask_for(part: str, dialect: Dialect) -> None:
    figures = figures_of([case for case in cases() if case.part == part], dialect)
    assert figures.charged_wrongly == []
    assert figures.texts > 0


def test_nearly_all_that_a_person_would_understand_is_understood(dialect: Dialect) -> None:
    for some in (cases(), [case for case in cases() if case.part == "held_out"]):
        figures = figures_of(some, dialect)
        assert figures.understandable >= 75
        assert len(figures.not_understood) <= 0.03 * figures.understandable, figures.not_understood


def test_what_the_rule_asks_back_is_asked_back(dialect: Dialect) -> None:
    ruled = [parse(case.text, dialect) for case in cases() if case.person == "rule"]
    assert ruled
    assert all(command.problem is not None for command in ruled)


def test_three_digits_behind_a_yes_may_be_a_sum_or_a_code(dialect: Dialect) -> None:
    for text, roubles, code in [("да 123", 123, "123"), ("ок 048", None, "048"), ("да 123 руб", 123, None)]:
        amount = None if roubles is None else Money.roubles(roubles)
        assert parse(text, dialect) == Command(CommandKind.CONFIRM, amount=amount, code=code)
    for text in ("да 1234", "да 123,50", "да 12"):
        command = parse(text, dialect)
        assert (command.kind, command.code) == (CommandKind.CONFIRM, None)


def test_three_digits_alone_confirm_nothing_by_themselves(dialect: Dialect) -> None:
    for text, code in [("123", "123"), ("«048»!", "048"), ("1 2 3", None), ("1234", None), ("12", None)]:
        command = parse(text, dialect)
        assert (command.kind, command.problem, command.code) == (
            CommandKind.UNKNOWN,
            Problem.NOT_UNDERSTOOD,
            code,
        )


@pytest.mark.parametrize("keyword", ["алянс", "альяснс", "альняс", "aliamce", "alianxe", "alaince"])
def test_one_slip_in_the_keyword_is_forgiven_where_all_else_is_clear(keyword: str, dialect: Dialect) -> None:
    command = parse(f"{keyword} 100080 100", dialect)
    assert (command.kind, command.account, command.amount) == (
        CommandKind.TOP_UP,
        "100080",
        Money.roubles(100),
    )
    for unclear in ("100080", "100080 100 50", "100 100080", "100080 100 потом", "не работает"):
        command = parse(f"{keyword} {unclear}", dialect)
        assert (command.kind, command.problem) == (CommandKind.UNKNOWN, Problem.NOT_UNDERSTOOD)


def test_no_slip_is_forgiven_where_the_profile_names_no_spelling(dialect: Dialect) -> None:
    assert parse("алянс 100080 100", replace(dialect, near=[])).problem is Problem.NOT_OURS


@pytest.mark.parametrize("word", ["потом", "верните", "зря", "списано", "фывапр", "qwerty", "если", "утром"])
def test_a_word_that_is_not_known_to_be_harmless_takes_a_top_up_back(word: str, dialect: Dialect) -> None:
    assert parse("aliance 100080 100", dialect).kind is CommandKind.TOP_UP
    for text in (f"aliance {word} 100080 100", f"aliance 100080 {word} 100", f"aliance 100080 100 {word}"):
        assert parse(text, dialect).kind is CommandKind.UNKNOWN


@pytest.mark.parametrize(
    "keyword", ["finance", "аванс", "аль", "alianalians", "ecnailа", "allianz", "lalians"]
)
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
    own = {Meaning.KEYWORD: " ".join(keywords), Meaning.DOUBT: DOUBTS}
    for meaning, listed in (OTHERS | COMMANDS | own).items():
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


THOUSANDS = ["7 500", "7\N{NO-BREAK SPACE}500", "1 500 руб", "1 500 р. 50 коп.", "2 500,50", "12 345.67"]


@pytest.mark.parametrize("numbers", [*THOUSANDS, "1 500 000", "123 100", "100 080 500"])
def test_what_may_be_one_number_is_no_account_and_sum(numbers: str, dialect: Dialect) -> None:
    asked_back = Command(CommandKind.TOP_UP, problem=Problem.AMBIGUOUS_NUMBERS, with_keyword=True)
    for text in ("aliance {}", "альянс {} спасибо", "пополните счет альянс {}", "aliance на л/с {}"):
        assert parse(text.format(numbers), dialect) == asked_back


@pytest.mark.parametrize("text", ["№7 500", "счет № 7 500", "счет 7 сумма 500", "7, сумма 500 руб", "N7 500"])
def test_a_short_account_is_announced(text: str, dialect: Dialect) -> None:
    command = parse(f"aliance {text}", dialect)
    assert (command.account, command.amount) == ("7", Money.roubles(500))


def test_a_number_that_no_thousands_make_is_still_account_and_sum(dialect: Dialect) -> None:
    for text, account, roubles in [("100080 1 000", "100080", 1000), ("100 080 1 000", "100080", 1000)]:
        command = parse(f"aliance {text}", dialect)
        assert (command.account, command.amount) == (account, Money.roubles(roubles))
