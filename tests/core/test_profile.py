"""The operator profile: facts of one operator as data, each fault of the file named."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.money import Money
from core.profile import SHIPPED, Profile, load

Facts = dict[str, Any]


@dataclass(frozen=True)
class Broken:
    name: str
    breaks: Callable[[Facts], object]
    place: str  # what the refusal must name


def _set(*path: str | int, to: object) -> Callable[[Facts], object]:
    def breaks(facts: Any) -> None:
        for step in path[:-1]:
            facts = facts[step]
        facts[path[-1]] = to

    return breaks


BROKEN = [
    Broken("money as a float", _set("tariffs", 0, "monthly", to=890.0), "tariffs.0.monthly"),
    Broken("money in words", _set("tariffs", 0, "monthly", to="восемьсот"), "tariffs.0.monthly"),
    Broken("parts of a kopeck", _set("sms", "first_sms_price", to="1.705"), "sms.first_sms_price"),
    Broken("a price below zero", _set("tariffs", 1, "tv_monthly", to="-200"), "tariffs.1.tv_monthly"),
    Broken("limits upside down", _set("methods", "card", "least", to="15000"), "methods.card"),
    Broken("a least of nothing", _set("methods", "card", "least", to="0"), "methods.card"),
    Broken("an unknown method", _set("methods", "cash", to={}), "methods.cash"),
    Broken("an unknown zone", _set("time_zone", to="Asia/Atlantis"), "time_zone"),
    Broken("a zone out of its folder", _set("time_zone", to="../etc/passwd"), "time_zone"),
    Broken(
        "two tariffs of one code", lambda f: f["tariffs"].append(f["tariffs"][0]), "moskva is there twice"
    ),
    Broken(
        "two operators of one code",
        lambda f: f["mobile_operators"].append(f["mobile_operators"][1]),
        "other is there twice",
    ),
    Broken(
        "a prefix of two operators",
        _set("mobile_operators", 1, "prefixes", to=["7914"]),
        "prefix 7914 is there twice",
    ),
    Broken("a prefix with a plus", _set("mobile_operators", 0, "prefixes", to=["+7914"]), "prefixes"),
    Broken("a commission below zero", _set("mobile_operators", 0, "percent", to="-3"), "percent"),
    Broken("an unknown operator that is unknown", _set("unknown_operator", to="mts2"), "unknown_operator"),
    Broken("a default language that is none", _set("default_locale", to="de"), "default_locale"),
    Broken("no Russian", lambda f: f.update(locales=["en"], default_locale="en"), "locales must hold ru"),
    Broken(
        "a text that lacks a language", _set("cities", 2, "name", to={"ru": "Находка"}), "lacks a text in en"
    ),
    Broken("a short code of letters", _set("sms", "short_code", to="ABC"), "sms.short_code"),
    Broken("a word of confirmation that is none", _set("sms", "confirm", to="yes"), "sms.confirm"),
    Broken("a name that means nothing", _set("colour", to="green"), "colour"),
    Broken("a missing fact", lambda f: f.pop("cabinet"), "cabinet"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_profile_is_refused_and_the_place_named(broken: Broken) -> None:
    facts = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    broken.breaks(facts)
    with pytest.raises(ValidationError) as refusal:
        Profile.model_validate(facts)
    places = [".".join(map(str, error["loc"])) for error in refusal.value.errors()]
    assert any(broken.place in told for told in (*places, str(refusal.value)))


def test_a_profile_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace('short_code = "3116"', 'short_code = "7878"'))
    assert load(file).sms.short_code == "7878"
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")
    file.write_text("code = ")
    with pytest.raises(tomllib.TOMLDecodeError):
        load(file)


def test_the_shipped_profile_holds_the_handbooks_facts(profile: Profile) -> None:
    assert profile.sms.short_code == "3116"
    assert str(profile.zone) == "Asia/Vladivostok"
    assert {city.name["en"] for city in profile.cities} == {"Vladivostok", "Ussuriysk", "Nakhodka", "Artyom"}
    assert len(profile.offices) == 5
    moskva = profile.tariff("moskva")
    assert moskva is not None
    assert moskva.monthly == Money(890_00)
    assert profile.tariff(None) is None


@pytest.mark.parametrize(
    "msisdn, code", [("79141234567", "mts"), ("79841234567", "mts"), ("79241234567", "other"), ("1", "other")]
)
def test_a_phone_has_the_operator_of_its_prefix(profile: Profile, msisdn: str, code: str) -> None:
    assert profile.operator_of(msisdn) is profile.operator(code)


def test_the_longest_prefix_decides() -> None:
    facts = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    facts["mobile_operators"].append(
        {"code": "small", "name": "Малый", "prefixes": ["791412"], "percent": "5"}
    )
    profile = Profile.model_validate(facts)
    assert profile.operator_of("79141234567") is profile.operator("small")
    assert profile.operator_of("79141334567") is profile.operator("mts")


@pytest.mark.parametrize(
    "roubles, mts, other",
    [(100, 13_00, 3_00), (500, 25_00, 15_00), (890, 36_70, 26_70), (10_000, 310_00, 300_00)],
)
def test_a_mobile_commission_is_the_documented_one(
    profile: Profile, roubles: int, mts: int, other: int
) -> None:
    amount = Money.roubles(roubles)
    assert profile.operator("mts").commission(amount) == Money(mts)
    assert profile.operator("other").commission(amount) == Money(other)
