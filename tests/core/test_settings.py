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


YOOKASSA = {"payment_provider": "yookassa", "yookassa_shop": "100500", "yookassa_key": "live_key"}
ARSENALPAY = {"payment_provider": "arsenalpay", "arsenalpay_callback_key": "k"}


@pytest.mark.parametrize(
    "values",
    [
        SANDBOX,
        YOOKASSA | {"card_provider": "sandbox", "sandbox_url": "https://sandbox.test", "sandbox_key": "k"},
        YOOKASSA | {"yookassa_test": True},
        YOOKASSA | {"yookassa_key": "test_key"},
        YOOKASSA | {"yookassa_url": "http://api.yookassa.ru/v3"},
        ARSENALPAY | {"arsenalpay_url": "http://arsenalpay.ru"},
    ],
)
def test_what_moves_no_real_money_refuses_production(values: dict[str, object]) -> None:
    assert _settings(**values).provider_names
    with pytest.raises(ValidationError, match=r"refused in production|https in production"):
        _settings(env="production", **values)


def test_real_providers_start_in_production() -> None:
    for values in (YOOKASSA, ARSENALPAY):
        assert _settings(env="production", **values).provider_names == [values["payment_provider"]]


@pytest.mark.parametrize("missing", ["yookassa_shop", "yookassa_key", "yookassa_networks"])
def test_a_provider_needs_what_it_cannot_do_without(missing: str) -> None:
    with pytest.raises(ValidationError, match="the yookassa provider needs"):
        _settings(**(YOOKASSA | {missing: ""}))
    with pytest.raises(
        ValidationError, match="the arsenalpay provider needs ALIANCE_ARSENALPAY_CALLBACK_KEY"
    ):
        _settings(mobile_provider="arsenalpay")


def test_receipts_need_an_address_for_those_who_give_none() -> None:
    with pytest.raises(ValidationError, match="ALIANCE_RECEIPT_EMAIL"):
        _settings(receipt_vat_code=11)
    assert _settings(receipt_vat_code=11, receipt_email="a@b.test").receipt_vat_code == 11


LONG = "x" * 16
KANNEL = {"kannel_url": "http://aliance:secret@127.0.0.1:13013/cgi-bin/sendsms", "kannel_token": LONG}
AGGREGATOR = {"aggregator_key": f"{LONG}, {LONG}", "aggregator_reply_url": "https://aggregator.example/"}


@pytest.mark.parametrize(
    "values, why",
    [
        (KANNEL | {"kannel_token": LONG[1:]}, "ALIANCE_KANNEL_TOKEN"),
        (AGGREGATOR | {"aggregator_key": f"{LONG}, short"}, "ALIANCE_AGGREGATOR_KEY"),
        (AGGREGATOR | {"aggregator_key": ""}, "ALIANCE_AGGREGATOR_KEY"),
        (AGGREGATOR | {"aggregator_reply_url": ""}, "ALIANCE_AGGREGATOR_REPLY_URL"),
    ],
)
def test_who_hands_in_sms_shows_a_secret_and_gets_his_reply(values: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        _settings(**values)


def test_sms_come_and_go_by_whatever_is_configured() -> None:
    by_smpp = _settings(smsc_url="smpp://me:secret@h:1")
    assert (by_smpp.sends_sms, by_smpp.takes_sms_by_http) == (True, False)
    for values in (KANNEL, AGGREGATOR, AGGREGATOR | KANNEL | {"aggregator_reply_url": ""}):
        settings = _settings(**values)
        assert (settings.sends_sms, settings.takes_sms_by_http) == (True, True)
    assert not _settings().sends_sms
