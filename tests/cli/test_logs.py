"""Logs: one line an event, phones masked, cards and secrets never in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import demo, lock, logs
from core.settings import Settings
from tests.cli.conftest import ROOT

SETTINGS = {
    "ALIANCE_TELEGRAM_TOKEN": "42:token-of-the-bot",
    "ALIANCE_SMSC_URL": "smpp://us:first-one@smsc.example smpp://us:pass%21word@smsc.example:2775",
    "ALIANCE_KANNEL_URL": "http://us:kannel-password@kannel.example:13013/",
    "ALIANCE_KANNEL_TOKEN": "token-of-the-kannel",
    "ALIANCE_AGGREGATOR_KEY": "key-of-an-aggregator, key-that-was-before",
    "ALIANCE_DATABASE_URL": "postgresql+asyncpg://us:db-password@127.0.0.1/x",
}
SCRIPT = """
import logging, structlog
from commands import logs
from core.settings import Settings
logs.configure(Settings(_env_file=None))
log = structlog.get_logger()
phone = "79141234567"
log.info("sms taken", sender=phone, card="4276 8500 0003 7173", count=3, ids=[phone], nothing=None)
log.info("asked", url="https://api.telegram.org/bot42:token-of-the-bot/getMe", smsc={"password": "pass!word"})
log.debug("too quiet")
logging.getLogger("library").warning("of %s with db-password", "79141234567")
logging.getLogger("library").info("chatter")
try:
    raise RuntimeError("lost 79141234567 on 42:token-of-the-bot")
except RuntimeError:
    log.exception("failed", incident="abc")
log.info("called", asked="/sms/kannel?token=token-of-the-kannel", by="kannel-password first-one")
log.info("signed", keys=["key-of-an-aggregator", "key-that-was-before"])
"""


@pytest.fixture(scope="module")
def told() -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def events(told: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.splitlines()]


def test_an_event_is_one_json_object(told: str) -> None:
    assert [event["event"].split(" of")[0] for event in events(told)][:2] == ["sms taken", "asked"]
    assert {event["level"] for event in events(told)} == {"info", "warning", "error"}
    assert all(event["timestamp"].endswith("Z") for event in events(told))
    assert events(told)[0]["count"] == 3
    assert events(told)[0]["nothing"] is None


def test_a_phone_shows_its_ends_alone(told: str) -> None:
    assert "79141234567" not in told
    assert events(told)[0]["sender"] == "7914…67"
    assert events(told)[0]["ids"] == ["7914…67"]


@pytest.mark.parametrize(
    "secret",
    [
        "42:token-of-the-bot", "pass!word", "pass%21word", "first-one", "db-password", "4276 8500 0003 7173",
        "kannel-password", "token-of-the-kannel", "key-of-an-aggregator", "key-that-was-before",
    ],
)  # fmt: skip
def test_a_secret_is_in_no_line(told: str, secret: str) -> None:
    assert secret not in told
    assert "***" in told


def test_libraries_and_tracebacks_go_the_same_way(told: str) -> None:
    assert events(told)[2]["event"] == "of 7914…67 with ***"
    assert "chatter" not in told
    assert "too quiet" not in told
    assert "RuntimeError: lost 7914…67 on ***" in events(told)[3]["exception"]


@pytest.mark.parametrize(
    "text",
    [
        "01a202af-a3b7-7022-a519-123456789012",
        "2026-04-27T05:00:00.123456Z",
        "sha256:0123456789abcdef",
        "100080",
        "198.19",
        "837363417804a",
    ],
)
def test_what_is_no_phone_stays(text: str) -> None:
    assert logs.mask_phones(text) == text


def test_the_secrets_of_a_bare_installation_are_none() -> None:
    assert logs.secrets_of(Settings(_env_file=None)) == []


def test_the_lock_lies_beside_the_file_of_a_database() -> None:
    assert lock.database_file("sqlite+aiosqlite:////data/own.db") == Path("/data/own.db")
    assert lock.database_file("sqlite+aiosqlite:///own.db") == Path.cwd() / "own.db"
    for elsewhere in ("sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "postgresql+asyncpg://h/d"):
        assert lock.database_file(elsewhere) is None


@pytest.mark.parametrize(
    "environment, opens",
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "w"}, True),
        ({"DISPLAY": ":0", "CI": "1"}, False),
    ],
)
def test_a_browser_opens_where_there_is_a_screen(environment: dict[str, str], opens: bool) -> None:
    assert demo._has_screen(environment) == (opens or (sys.platform == "darwin" and "CI" not in environment))
