"""Texts of a hostile reader: each holds an account and a sum, or a yes, and none asks for that payment."""

import pytest

from core.profile import Profile
from handlers.sms.short_code import CommandKind, Dialect, parse

SIGNED_AWAY = [
    "альянс 100080 100 отправлено с ошибкой",
    "да, отправлено с другого телефона",
    "да отправлено с ошибкой",
    "да. отправлено с чужого номера, отмена",
    "aliance 100080 100 sent from my mistake",
    "автоплатеж 300 отправлено с ошибкой",
]
REFUSED = [
    "aliance can't pay 100080 100",
    "aliance I wouldn't pay 100080 100",
    "aliance 100080 100 couldn´t pay",
    "альянс 100080 100 н е надо",
    "альянс 100080 100 спрошу",
    "альянс 100080 100 👎",
    "альянс 100080 100 ❌",
    "альянс 100080 100 это спам",
    "альянс 100080 на балансе 100",
]
OTHER_SUMS = [
    "альянс 100080 100 у.е.",
    "альянс 100080 100 у е",
    "альянс 100080 100 фунтов с меня",
    "альянс 100080 100 манатов Олегу",
    "альянс 100080 15 кусков и все",
    "альянс 100080 12 т р",
    "альянс 100080 12 к рублей",
    "альянс 100080 100 e",
    "альянс 100080 [-100]",
    "альянс 100080 ≥100",
    "альянс с 100080 перевести 100",
    "альянс 100080 100 руб/день",
]
DATES = [
    "альянс 100080 за апрель 2026",
    "альянс 100080 оплата за 2026 год",
    "альянс 100080 за 2026",
    "альянс 100080 за 12 месяцев",
    "альянс 100080 за 30 дней",
    "альянс 100080 июнь 30",
    "альянс 100080 15 апрель",
    "автоплатеж за апрель 2026",
]
DOUBTFUL_YES = ["да 🤷", "да 🙄", "да ⏳", "да ✋", "да 🖕", "ок 😡", "да 🤦‍♀️", "да 🕐", "да ✕", "да 🔙"]


@pytest.fixture(scope="module")
def dialect(profile: Profile) -> Dialect:
    return Dialect.of(profile)


@pytest.mark.parametrize("text", [*SIGNED_AWAY, *REFUSED, *OTHER_SUMS, *DATES, *DOUBTFUL_YES])
def test_a_text_that_does_not_ask_for_it_moves_no_money(text: str, dialect: Dialect) -> None:
    command = parse(text, dialect)
    sets_a_sum = command.kind in (CommandKind.TOP_UP, CommandKind.AUTOPAY_AMOUNT) and not command.problem
    assert not sets_a_sum, command
    assert command.kind is not CommandKind.CONFIRM


@pytest.mark.parametrize(
    "text",
    ["по рекламе подключите интернет", "подключить интернет с рекламы", "включите тв без рекламы",
     "альянс реклама подключить интернет"],
)  # fmt: skip
def test_who_saw_an_advertisement_has_not_agreed_to_more(text: str, dialect: Dialect) -> None:
    assert parse(text, dialect).kind is not CommandKind.ADVERTISING_ON


ASKED = [
    "альянс 100080 890 апрель",
    "альянс 100080 за апрель 890 руб",
    "альянс 100080 890 за месяц",
    "альянс 100080 500 Смирнов А.В.",
    "альянс 100080 500 от Ивановой М.",
    "альянс 100080 100 отправлено с моего iPhone",
    "альянс 100080 2026 руб",
    "альянс 100080 30",
]


@pytest.mark.parametrize("text", ASKED)
def test_what_stands_beside_a_request_does_not_spoil_it(text: str, dialect: Dialect) -> None:
    command = parse(text, dialect)
    assert (command.kind, command.account, command.problem) == (CommandKind.TOP_UP, "100080", None)
    assert command.amount is not None


@pytest.mark.parametrize("text", ["да 😊", "Да 👍👍", "да 🙏", "ok 🔥", "Да. Отправлено с iPhone"])
def test_a_friendly_picture_is_no_doubt(text: str, dialect: Dialect) -> None:
    assert parse(text, dialect).kind is CommandKind.CONFIRM


def test_a_word_in_single_letters_is_the_same_between_quotes(dialect: Dialect) -> None:
    assert parse("«д а»", dialect) == parse("д а", dialect)
