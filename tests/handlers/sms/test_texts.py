"""Every SMS text in every language: its words, and that it fits its segments at its longest."""

from pathlib import Path
from uuid import uuid4

import pytest

from core.ids import NoticeId
from core.messages import alert_notices, autopay_notices, notices, segments
from core.messages.notices import Balance, BalanceLine, Notice, Paid, Quoted, Refused
from core.messages.outbox import DueNotice
from core.money import Money
from core.profile import Profile
from core.states import Channel, Purpose
from handlers.locale import Catalogues
from handlers.sms import errors, texts
from handlers.sms.short_code import CommandKind, Dialect, parse
from handlers.sms.texts import Texts
from tests.handlers.sms.longest import Longest, longest

GOLDEN = Path(__file__).parents[2] / "golden"
LOCALES = ["ru", "en"]


@pytest.fixture(scope="module")
def words(profile: Profile) -> Texts:
    return Texts(profile, Catalogues(profile.zone))


def _due(said: Notice, locale: str, *, repeat: bool) -> DueNotice:
    return DueNotice(
        id=NoticeId(uuid4()),
        lease=uuid4(),
        channel=Channel.SMS,
        address="79140000001",
        template=said.template,
        locale=locale,
        params=said.params(),
        attempt=1,
        edit=None,
        repeat=repeat,
        incoming_id=None,
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("each", longest(), ids=lambda each: each.name)
def test_the_longest_text_fits_its_segments(each: Longest, locale: str, words: Texts) -> None:
    text = words.render(_due(each.said, locale, repeat=each.said.repeats))
    assert segments.count(text) <= each.segments, f"{len(text)} characters: {text}"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_longest_texts_are_the_golden_ones(locale: str, words: Texts) -> None:
    rendered = [
        f"{each.name} [{segments.count(text)}/{each.segments}]\n{text}\n"
        for each in longest()
        if (text := words.render(_due(each.said, locale, repeat=each.said.repeats)))
    ]
    assert "\n".join(rendered) == (GOLDEN / f"sms_longest_{locale}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("each", longest(), ids=lambda each: each.name)
def test_our_own_texts_command_nothing(each: Longest, locale: str, words: Texts, profile: Profile) -> None:
    text = words.render(_due(each.said, locale, repeat=False))
    assert parse(text, Dialect.of(profile)).kind is CommandKind.UNKNOWN


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("each", longest(), ids=lambda each: each.name)
def test_no_text_holds_a_character_that_a_phone_may_lack(each: Longest, locale: str, words: Texts) -> None:
    text = words.say(each.said, locale)
    assert not set(text) & set("₽\u00a0\u202f«»—–…{}")


@pytest.mark.parametrize("each", longest(), ids=lambda each: each.name)
def test_english_stays_in_the_small_alphabet(each: Longest, words: Texts) -> None:
    assert words.say(each.said, "en").isascii()


def _templates() -> set[str]:
    """All that the core may say, from its code."""
    return {
        kind.template
        for module in (notices, alert_notices, autopay_notices)
        for kind in vars(module).values()
        if hasattr(kind, "template")
    }


def test_every_template_has_words_unless_it_is_told_to_chats_alone() -> None:
    assert _templates() - {"linked", "unlinked"} | {"broadcast"} == set(texts._TEXTS)


def test_every_template_has_its_longest_text_in_the_golden_files() -> None:
    assert {each.said.template for each in longest()} == set(texts._TEXTS)


def test_every_refusal_has_its_longest_text_in_the_golden_files() -> None:
    shown = {str(each.said.params()["problem"]) for each in longest() if each.said.template == "refused"}
    assert shown == set(errors._TEXTS)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_code_is_in_the_part_that_a_locked_screen_shows(
    purpose: Purpose, locale: str, words: Texts
) -> None:
    [said] = [each.said for each in longest() if each.name == f"sms_code, {purpose}"]
    text = words.say(said, locale)
    assert 0 <= text.find("123456") < 20
    assert text.endswith({"ru": "Никому не говорите.", "en": "ell it to nobody."}[locale])
    sums = {"ru": "9999,99 р.", "en": "9999.99 RUB"}
    assert ("1234567890" if purpose in (Purpose.LINK, Purpose.UNLINK) else sums[locale]) in text


def test_a_stored_code_is_worded_without_its_digits(words: Texts) -> None:
    stored = autopay_notices.SmsCode(
        sealed="x", purpose="autopay_connect", number="1", amount=Money.roubles(300)
    )
    assert words.say(stored, "ru") == "Код ****** в ответ включит автоплатёж 300 р. Никому не говорите."


def test_every_refusal_that_can_be_named_has_words() -> None:
    assert set(errors._NAMES.values()) <= set(errors._TEXTS)


def test_a_quote_names_account_amount_commission_and_total(words: Texts) -> None:
    quoted = Quoted(
        "100080", Money.roubles(100), Money.roubles(13), Money.roubles(113), commission_from=False
    )
    assert words.say(quoted, "ru") == (
        "Счёт 100080: 100 р., комиссия 13 р. С телефона спишется 113 р. Для оплаты ответьте ДА."
    )


def test_a_repeat_is_marked(words: Texts) -> None:
    paid = Paid("100080", Money.roubles(100), Money.roubles(13), Money.roubles(113), method="mobile")
    assert words.render(_due(paid, "ru", repeat=True)).startswith("(повтор) Оплачено")
    assert words.render(_due(paid, "ru", repeat=False)).startswith("Оплачено")


def test_one_balance_is_told_in_full_and_several_in_short(words: Texts) -> None:
    line = BalanceLine("100080", Money(198_19), 6, Money(691_91))
    assert words.say(Balance([line]), "ru") == (
        "Счёт 100080: 198,19 р. Хватит на 6 дней. Советуем внести 691,91 р."
    )
    assert words.say(Balance([line, line], more=2), "ru") == (
        "100080: 198,19 р., 6 дней\n100080: 198,19 р., 6 дней\nНе показано счетов: 2"
    )


def test_a_balance_without_a_tariff_says_nothing_of_days(words: Texts) -> None:
    assert (
        words.say(Balance([BalanceLine("271556", Money(19_26), None, None)]), "ru") == "Счёт 271556: 19,26 р."
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_the_form_for_numbers_that_are_not_clear_fits_a_short_account(
    locale: str, words: Texts, profile: Profile
) -> None:
    told = words.say(Refused("ambiguous_numbers", {}), locale)
    form = told[told.index(profile.sms.keyword) :]
    for account in ("123456", "7"):
        command = parse(form.replace("123456", account), Dialect.of(profile))
        assert (command.account, command.amount, command.problem) == (account, Money.roubles(500), None)


def test_a_refusal_shows_the_form_with_what_is_known(words: Texts) -> None:
    assert words.say(Refused("amount_missing", {"account": "100080"}), "ru").endswith(": aliance 100080 500")
    assert words.say(Refused("account_missing", {"amount": Money(100_50)}), "ru").endswith(
        ": aliance 123456 100,50"
    )
