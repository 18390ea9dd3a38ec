"""The fields of a broadcast: filled, escaped, in the reader's language; what is unknown is a dash."""

import pytest

from core.messages import broadcast_text, gsm
from core.profile import Profile
from handlers.broadcasts import FIELDS, fill
from handlers.locale import Catalogues
from handlers.sms.texts_broadcast import broadcast_text as worded
from tests.core.scenes import NUMBER

FACTS = {
    "name": "<b>Ли & Ко</b>",
    "account": NUMBER,
    "balance": -150_50,
    "days": 1,
    "sum": 691_91,
    "tariff": "Москва",
    "city": "Находка",
    "street": 'Мира "1"',
}


@pytest.fixture(scope="module")
def catalogues(profile: Profile) -> Catalogues:
    return Catalogues(profile.zone)


def test_every_field_is_filled(catalogues: Catalogues) -> None:
    text = " ".join(f"{{{name}}}" for name in FIELDS)
    words = catalogues.words("sms", "ru")
    assert fill(text, FACTS, words, html=False) == (
        '<b>Ли & Ко</b> 100080 -150,50 р. 1 день 691,91 р. Москва Находка Мира "1"'
    )
    assert "{" not in fill(text, {}, words, html=False)


def test_no_fact_is_markup(catalogues: Catalogues) -> None:
    words = catalogues.words("telegram", "en")
    said = fill('<a href="https://a.b/{street}">{name}</a>, {balance}, {days}', FACTS, words, html=True)
    assert said == (
        '<a href="https://a.b/Мира &quot;1&quot;">&lt;b&gt;Ли &amp; Ко&lt;/b&gt;</a>, '
        "-150.50\N{NO-BREAK SPACE}₽, 1 day"
    )


@pytest.mark.parametrize("text", ["{", "{}", "{nobody}", "{name", "100 % {0}", "{name!r}", "{a.b}"])
def test_what_is_no_field_stays_as_it_is(catalogues: Catalogues, text: str) -> None:
    assert fill(text, FACTS, catalogues.words("sms", "ru"), html=False) == text


def test_a_fact_is_not_filled_again(catalogues: Catalogues) -> None:
    said = fill("{name}", FACTS | {"name": "{balance}"}, catalogues.words("sms", "ru"), html=False)
    assert said == "{balance}"


def test_what_is_not_known_is_a_dash(catalogues: Catalogues) -> None:
    none = FACTS | {"days": None, "sum": None, "tariff": None}
    assert fill("{days} {sum} {tariff}", none, catalogues.words("sms", "ru"), html=False) == "- - -"
    assert fill("{days}", FACTS | {"days": 0}, catalogues.words("sms", "ru"), html=False) == "0 дней"


def test_the_way_out_of_advertising_is_counted_in_every_language(
    catalogues: Catalogues, profile: Profile
) -> None:
    for locale in profile.locales:
        said = worded("", {}, catalogues.words("sms", locale), opt_out=True, short_code="12345678")
        assert len(said) <= len(broadcast_text.OPT_OUT_BY_SMS), locale
    assert not gsm.fits(broadcast_text.OPT_OUT_BY_SMS)  # as the languages that cost most


def test_no_tariff_is_longer_than_is_counted(profile: Profile) -> None:
    assert max(len(tariff.name) for tariff in profile.tariffs) <= len(broadcast_text.FIELDS["tariff"])
