"""`aliance sms try`: what a text would be understood as and answered, without a database."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.profile import Profile
from handlers.sms import trial

ROOT = Path(__file__).parents[3]
MTS, BEELINE = "79140000001", "79020000002"


def test_a_text_is_understood_as_the_command_line_tells_it(profile: Profile) -> None:
    assert trial.understand("Альянс, №100080, сумма 100 руб.", profile) == {
        "command": "top_up",
        "account": "100080",
        "amount_kopecks": 10000,
        "problem": None,
    }
    assert trial.understand("да, но потом", profile) == {
        "command": "unknown",
        "account": None,
        "amount_kopecks": None,
        "problem": "not_understood",
    }


@pytest.mark.parametrize(
    "text, command, account, kopecks, problem",
    [
        ("автоплатеж", "autopay_state", None, None, None),
        ("автоплатеж 100080 300", "autopay_amount", "100080", 30000, None),
        ("автоплатеж 100080", "autopay_amount", None, None, "ambiguous_numbers"),
        ("автоплатеж стоп", "autopay_stop", None, None, None),
        ("123456", "code", None, None, None),
    ],
)
def test_autopay_is_told_in_the_same_four_facts(
    text: str, command: str, account: str | None, kopecks: int | None, problem: str | None, profile: Profile
) -> None:
    told = {"command": command, "account": account, "amount_kopecks": kopecks, "problem": problem}
    assert trial.understand(text, profile) == told


def test_start_is_unknown_to_the_command_line(profile: Profile) -> None:
    assert trial.understand("старт", profile)["command"] == "unknown"


@pytest.mark.parametrize(
    "text, answer",
    [
        (
            "aliance 100080 100",
            "Счёт 100080: 100 р., комиссия 13 р. С телефона спишется 113 р. Для оплаты ответьте ДА.",
        ),
        ("aliance 100080", "Нужны счёт и сумма, вот так: aliance 100080 500"),
        ("стоп", "Больше не пишем первыми. Вернуть сообщения: СТАРТ."),
        ("старт", "Сообщения снова включены. Отказаться: СТОП."),
        ("proc 100 100", "(no answer: not a text for us)"),
        ("да", "(the outcome of this phone's open quote, or that there is none)"),
        ("нет", "(this phone's open quote cancelled, or that there is none)"),
        ("автоплатеж", "(the autopay of the account that this phone is registered with)"),
        ("автоплатеж 300", "(a smaller sum at once; a larger one, or autopay anew, by a code)"),
        ("автоплатеж стоп", "(this phone's autopay deleted, or that there is none)"),
        ("автоплатеж 5", "Наименьший автоплатёж 10 р. Отключить: АВТОПЛАТЕЖ СТОП"),
        ("123456", "(what this phone's open code was sent for; without one, help)"),
        ("баланс", "(the balances of the accounts that this phone is registered with)"),
    ],
)
def test_the_answer_is_the_one_that_would_be_sent(text: str, answer: str, profile: Profile) -> None:
    assert trial.answer(text, profile, sender=MTS) == answer


def test_help_is_the_answer_to_help_and_to_what_only_names_us(profile: Profile) -> None:
    said = trial.answer("помощь", profile, sender=MTS)
    assert said.startswith("Пополнить с телефона: aliance")
    assert trial.answer("альянс не работает", profile, sender=MTS) == said


def test_the_quote_follows_the_senders_operator(profile: Profile) -> None:
    assert "комиссия 3 р." in trial.answer("aliance 100080 100", profile, sender=BEELINE)


def test_the_answer_comes_in_the_language_asked_for(profile: Profile) -> None:
    assert trial.answer("aliance 100080 100", profile, sender=MTS, locale="en").startswith("Account 100080")


def test_a_total_above_the_providers_limit_is_refused(profile: Profile) -> None:
    mobile = profile.methods["mobile"]
    narrow = profile.model_copy(
        update={"methods": {"mobile": mobile.model_copy(update={"most_total": mobile.most})}}
    )
    assert trial.answer("aliance 100080 14500", narrow, sender=MTS).startswith("Наибольшая сумма 14500 р.")


def test_a_commission_of_the_provider_and_a_code_are_shown(profile: Profile) -> None:
    operators = [each.model_copy(update={"taken_by": "provider"}) for each in profile.mobile_operators]
    sms = profile.sms.model_copy(update={"confirm": "code"})
    other = profile.model_copy(update={"mobile_operators": operators, "sms": sms})
    assert trial.answer("aliance 100080 100", other, sender=MTS) == (
        "Счёт 100080: 100 р. с телефона и комиссия оператора от 13 р. Для оплаты ответьте ДА 000."
    )


def test_a_way_that_vouches_for_nobody_gets_digits(profile: Profile) -> None:
    asked = "aliance 100080 100"
    assert trial.answer(asked, profile, sender=MTS, vouched=False).endswith("Для оплаты ответьте ДА 000.")


def test_trying_a_text_loads_neither_bot_nor_server_nor_database() -> None:
    look = "import sys, handlers.sms.trial; print(*{'aiogram', 'aiohttp', 'sqlalchemy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
