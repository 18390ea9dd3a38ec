"""Binds as the settings name them: what cannot be meant is told before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.doctor import examine
from commands.run import CannotRun, check_parts
from core.profile import SHIPPED
from core.settings import Settings
from sms_gateway.configured import binds_of, unsaid, ways_of

TWO = "smpp://us:hidden@h:1?name=mts&mode=pair smpps://us:hidden@h:2?name=mts&window=3"


def settings_of(url: str, **said: object) -> Settings:
    return Settings.model_validate({"env": "test", "smsc_url": url, **said})


def test_an_address_goes_before_the_settings() -> None:
    one, two = binds_of(
        settings_of(TWO, smsc_window=7, smsc_messages_per_second=9, smsc_data_coding_0="latin1")
    )
    assert (one.window, two.window, two.per_second, one.alphabets[0]) == (7, 3, 9, "latin1")


@pytest.mark.parametrize(
    "url, said, told",
    [
        ("smpp://us:hidden@h?windw=3", {}, "no option 'windw'"),
        ("http://us:hidden@h", {}, "smpp://system_id"),
        ("smpps://us:hidden@h", {"smsc_ca": "/nowhere.pem"}, "certificates /nowhere.pem"),
        ("smpp://us:hidden@h?name=kannel", {}, "the SMSC kannel: ways by HTTP are named so"),
        ("smpp://us:hidden@h?name=kannel:mts", {}, "the SMSC kannel:mts: ways by HTTP are named so"),
        ("smpp://us:hidden@h?name=kannel%20(others)", {}, "the SMSC kannel (others): ways by HTTP"),
        ("smpp://us:hidden@h?name=aggregator", {}, "the SMSC aggregator: ways by HTTP are named so"),
    ],
)
def test_a_process_does_not_start_with_what_cannot_be_meant(
    url: str, said: dict[str, object], told: str
) -> None:
    with pytest.raises(CannotRun, match="ALIANCE_SMSC_URL") as caught:
        check_parts(settings_of(url, **said), frozenset())
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("parts", [frozenset({"sms"}), frozenset[str](), frozenset({"jobs"})])
def test_a_process_starts_with_what_can(parts: frozenset[str]) -> None:
    check_parts(settings_of(TWO), parts)
    check_parts(settings_of("http://unread@h"), frozenset({"jobs"}))


@pytest.mark.parametrize(
    "url, told",
    [
        ("", "sms: no SMSC"),
        (TWO, "sms: 2 of 1 SMSC: mts pair, mts#2 transceiver by TLS"),
        (
            "smpp://us:hidden@h?mode=no",
            "sms: FAILED, ValueError: ALIANCE_SMSC_URL: the SMSC at h, mode: 'no' is none of",
        ),
    ],
)
async def test_the_doctor_tells_the_binds(
    url: str, told: str, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await examine(settings_of(url, database_url=sqlite_url), invariants=False)
    said = capsys.readouterr().out
    assert told in said
    assert "hidden" not in said
    assert code == ("FAILED" in told)


KANNEL = {
    "kannel_url": "http://us:hidden-1@h:1/x?smsc=mts http://us:hidden-2@h:2/x",
    "kannel_token": "x" * 16,
}
AGGREGATOR = {"aggregator_key": "x" * 16, "aggregator_reply_url": "https://h/x"}


def test_gateways_are_ways_beside_the_binds() -> None:
    assert ways_of(settings_of("", **KANNEL, **AGGREGATOR)) == ["kannel:mts", "kannel", "aggregator"]


DIRECT = "&direct=yes"


def profile_that_confirms_by(confirm: str, folder: Path) -> str:
    path, shipped = folder / "profile.toml", SHIPPED.read_text(encoding="utf-8")
    path.write_text(shipped.replace('confirm = "word"', f'confirm = "{confirm}"'), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "kannel, confirm, told",
    [
        ("", "word", "ДА: mts; three digits: hub, kannel:mts, kannel (others), aggregator"),
        (DIRECT, "word", "ДА: mts, kannel:mts; three digits: hub, kannel (others), aggregator"),
        (DIRECT, "code", "three digits: mts, hub, kannel:mts, kannel (others), aggregator"),
        (
            f"{DIRECT} http://us:hidden-2@h:2",
            "word",
            "ДА: mts, kannel:mts; three digits: hub, kannel, aggregator",
        ),
    ],
)
async def test_the_doctor_tells_by_which_ways_a_word_confirms(
    kannel: str, confirm: str, told: str, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = profile_that_confirms_by(confirm, tmp_path)
    ways = {"kannel_url": f"http://us:hidden-1@h:1/x?smsc=mts{kannel}", "kannel_token": "x" * 16}
    url = (
        "smpp://us:hidden@h:1?name=mts&direct=yes smpp://us:hidden@h:2?name=hub&direct=no "
        "smpp://us:hidden@h:3?name=out&mode=transmitter"
    )
    settings = settings_of(url, database_url=sqlite_url, operator_profile=profile, **ways, **AGGREGATOR)
    await examine(settings, invariants=False)
    assert f"confirmation by SMS: {told}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "url, names",
    [
        (TWO, ["mts"]),
        ("smpp://us@h:1?name=mts&direct=yes smpp://us@h:2?name=mts smpp://us@h:3?name=hub", ["hub"]),
        ("smpp://us@h:1?name=hub&direct=no smpp://us@h:2?name=out&mode=transmitter", []),
        (
            "smpp://us@h?name=mts&mode=receiver smpp://us@h?name=mts&mode=transmitter&direct=yes",
            ["mts"],
        ),
        ("", []),
    ],
)
def test_an_smsc_that_is_not_said_to_be_direct_is_known(url: str, names: list[str]) -> None:
    assert unsaid(settings_of(url)) == names


@pytest.mark.parametrize("confirm, told", [("word", True), ("code", False)])
async def test_the_doctor_says_whom_it_takes_for_the_operators_own(
    confirm: str, told: bool, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = profile_that_confirms_by(confirm, tmp_path)
    await examine(settings_of(TWO, database_url=sqlite_url, operator_profile=profile), invariants=False)
    warned = "direct= is not said: taken for the operator's own (mts)" in capsys.readouterr().out
    assert warned == told


def test_a_kannel_says_plainly_whether_it_is_direct() -> None:
    with pytest.raises(ValueError, match="Kannel is written"):
        ways_of(settings_of("", **(KANNEL | {"kannel_url": "http://us:hidden-1@h?direct=ja"})))


@pytest.mark.parametrize(
    "changes",
    [
        {"kannel_url": "http://us:hidden-1@h http://us:hidden-2@h"},
        {"kannel_networks": "localhost"},
        {"aggregator_networks": "10.0.0.1/8"},
        {"aggregator_reply_url": "aggregator.example"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_process_does_not_start_with_a_gateway_that_cannot_be_meant(changes: dict[str, str]) -> None:
    with pytest.raises(CannotRun, match=f"ALIANCE_{next(iter(changes)).upper()}") as caught:
        check_parts(settings_of("", **(KANNEL | AGGREGATOR | changes)), frozenset({"sms"}))
    assert "hidden" not in str(caught.value)
