"""Catalogues, money and dates as people read them, and amounts as people type them."""

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AmountMalformed
from core.money import Money
from handlers.locale import Catalogues, Words, read_date, read_money

VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")
SHIPPED = Catalogues(VLADIVOSTOK).words("sms", "ru")

RU = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20)"
" ? 1 : 2);\\n"

msgid "You pay {total}."
msgstr "К оплате {total}."

msgid "{n} day"
msgid_plural "{n} days"
msgstr[0] "{n} день"
msgstr[1] "{n} дня"
msgstr[2] "{n} дней"
"""

EN = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "You pay {total}."
msgstr ""
"""


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    for code, text in (("ru", RU), ("en", EN)):
        folder = tmp_path / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "sms.po").write_text(text, encoding="utf-8")
    return Catalogues(VLADIVOSTOK, tmp_path)


@pytest.fixture
def ru(catalogues: Catalogues) -> Words:
    return catalogues.words("sms", "ru")


@pytest.fixture
def en(catalogues: Catalogues) -> Words:
    return catalogues.words("sms", "en")


def test_words_come_from_the_catalogue_with_their_facts(ru: Words) -> None:
    assert ru("You pay {total}.", total="5") == "К оплате 5."


def test_an_empty_translation_falls_back_to_the_source(en: Words) -> None:
    assert en("You pay {total}.", total="5") == "You pay 5."
    assert en("Not in any catalogue") == "Not in any catalogue"


@pytest.mark.parametrize(
    "n, text", [(1, "1 день"), (2, "2 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (0, "0 дней")]
)
def test_russian_has_three_plural_forms(ru: Words, n: int, text: str) -> None:
    assert ru.plural("{n} day", "{n} days", n) == text


@pytest.mark.parametrize("n, text", [(1, "1 day"), (2, "2 days"), (0, "0 days")])
def test_english_plurals_need_no_translation(en: Words, n: int, text: str) -> None:
    assert en.plural("{n} day", "{n} days", n) == text


@pytest.mark.parametrize("locale", ["de", "", "../../etc", "ru-RU", "ru_RU", "RU"])
def test_an_unknown_locale_gets_russian(catalogues: Catalogues, locale: str) -> None:
    assert catalogues.words("sms", locale).code == "ru"


def test_a_region_does_not_change_the_language(catalogues: Catalogues) -> None:
    assert catalogues.words("sms", "en-GB").code == "en"


def test_a_language_is_read_once(catalogues: Catalogues) -> None:
    assert catalogues.words("sms", "ru") is catalogues.words("sms", "fr")


def test_the_shipped_catalogues_are_found() -> None:
    assert Catalogues(VLADIVOSTOK).words("sms", "en").code == "en"


@pytest.mark.parametrize(
    "kopecks, money, short, plain",
    [
        (198_19, "198,19\xa0₽", "198,19\xa0₽", "198,19 р."),
        (100_00, "100,00\xa0₽", "100\xa0₽", "100 р."),
        (10_310_00, "10\xa0310,00\xa0₽", "10\xa0310\xa0₽", "10310 р."),
        (-1_234_05, "-1\xa0234,05\xa0₽", "-1\xa0234,05\xa0₽", "-1234,05 р."),
        (0, "0,00\xa0₽", "0\xa0₽", "0 р."),
    ],
)
def test_russian_money(ru: Words, kopecks: int, money: str, short: str, plain: str) -> None:
    amount = Money(kopecks)
    assert (ru.money(amount), ru.money_short(amount), ru.plain_money(amount)) == (money, short, plain)


def test_english_money(en: Words) -> None:
    amount = Money(10_310_50)
    assert (en.money(amount), en.plain_money(amount)) == ("10,310.50\xa0₽", "10310.50 RUB")


def test_moments_are_shown_in_the_operators_zone(ru: Words, en: Words) -> None:
    late = datetime(2026, 11, 30, 20, 5, tzinfo=UTC)
    assert (ru.date(late), ru.moment(late)) == ("1 декабря 2026", "1 декабря 2026, 06:05")
    assert (en.date(late), en.date(date(2026, 2, 3))) == ("1 December 2026", "3 February 2026")


@pytest.mark.parametrize(
    "text, kopecks",
    [
        ("100", 100_00),
        (" 100 ", 100_00),
        ("1 000", 1000_00),
        ("1\xa0000", 1000_00),
        ("1\u202f000\u202f₽", 1000_00),
        ("12 345 678,90", 12_345_678_90),
        ("100,50", 100_50),
        ("100.5 руб", 100_50),
        ("100,5р.", 100_50),
        ("1 000 ₽", 1000_00),
        ("1000 рублей", 1000_00),
        ("21 РУБЛЬ", 21_00),
        ("300 rub", 300_00),
        ("１００，５０", 100_50),
        ("0,50", 50),
        ("0", 0),
    ],
)
def test_an_amount_is_read(text: str, kopecks: int) -> None:
    assert read_money(text) == Money(kopecks)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "руб", "сто", "1,000", "1.000", "1 00", "10 00", "1  000", "0 100", "007", "-5", "+5", "1e3",
        "1_000", "1'000", "100,505", "1.5.0", "1,000.00", "100,", ",50", "100 50", "10²", "½", "Ⅷ", "١٠٠",
        "inf", "nan", "0x10", "100 руб 50 коп", "100$", "1\n000", "1234567890", "9" * 10_000,
        "1" + " 000" * 5_000, "\ud800", "1\u200b00", "1\u0301",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(AmountMalformed):
        read_money(text)


@given(st.integers(min_value=0, max_value=10**11 - 1))
def test_shown_money_is_read_back(kopecks: int) -> None:
    for shown in (SHIPPED.money, SHIPPED.money_short, SHIPPED.plain_money, SHIPPED.plain_amount):
        assert read_money(shown(Money(kopecks))) == Money(kopecks)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    with suppress(AmountMalformed):
        assert read_money(text).kopecks >= 0


@pytest.mark.parametrize("text", ["31.12.2027", " 31/12/2027 ", "31-12-2027", "31 12 2027", "2027-12-31"])
def test_a_date_is_read_as_people_write_it(text: str) -> None:
    assert read_date(text) == date(2027, 12, 31)


@pytest.mark.parametrize(
    "text", ["31.02.2027", "12/31/2027", "31.12.27", "завтра", "", "31.12.2027 г.", "1.1.0000"]
)
def test_what_is_no_clear_date_is_none(text: str) -> None:
    assert read_date(text) is None
