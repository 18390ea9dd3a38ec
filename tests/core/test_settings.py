"""Settings refuse an installation that would lose money or let strangers in."""

import pytest
from pydantic import ValidationError

from core.settings import Settings

SANDBOX = {"payment_provider": "sandbox", "sandbox_url": "http://127.0.0.1:1/provider", "sandbox_key": "k"}


def _settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_the_fake_provider_refuses_production() -> None:
    with pytest.raises(ValidationError, match="refused in production"):
        _settings(env="production", **SANDBOX)
    assert _settings(env="demo", **SANDBOX).payment_provider == "sandbox"
    assert _settings(env="production").payment_provider == ""


@pytest.mark.parametrize("missing", ["sandbox_url", "sandbox_key"])
def test_the_sandbox_needs_its_address_and_key(missing: str) -> None:
    with pytest.raises(ValidationError, match="ALIANCE_SANDBOX_URL and ALIANCE_SANDBOX_KEY"):
        _settings(**(SANDBOX | {missing: ""}))


def test_a_webhook_without_its_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="ALIANCE_TELEGRAM_WEBHOOK_SECRET"):
        _settings(telegram_webhook_url="https://bot.example/hook")


@pytest.mark.parametrize(
    "name, value",
    [
        ("env", "prod"),
        ("smsc_window", 0),
        ("smsc_messages_per_second", 0),
        ("smsc_data_coding_0", "utf8"),
        ("http_port", 65536),
        ("payment_provider", "paypal"),
        ("log_level", "trace"),
    ],
)
def test_a_value_out_of_its_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        _settings(**{name: value})


def test_the_environment_is_read_under_one_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIANCE_SMSC_WINDOW", "7")
    monkeypatch.setenv("SMSC_WINDOW", "9")
    assert Settings(_env_file=None).smsc_window == 7


def test_secrets_are_not_shown() -> None:
    shown = repr(_settings(telegram_token="12345:secret", smsc_url="smpp://me:secret@h:1", **SANDBOX))
    assert "secret" not in shown.replace("telegram_webhook_secret", "").replace("client_secret", "")


def test_an_sqlite_url_means_one_process() -> None:
    assert _settings().embedded
    assert not _settings(database_url="postgresql+asyncpg://localhost/aliance").embedded
