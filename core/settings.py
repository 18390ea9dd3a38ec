"""Settings: everything that differs between installations, read from the environment (ALIANCE_…)."""

import base64
import binascii
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.states import Method

Environment = Literal["development", "production", "demo", "test"]
ProviderName = Literal["sandbox", "arsenalpay", "yookassa"]

# What each provider cannot do without; what a single method needs beside is told by the adapter.
NEEDED = {
    "sandbox": ("sandbox_url", "sandbox_key"),
    "arsenalpay": ("arsenalpay_callback_key",),
    "yookassa": ("yookassa_shop", "yookassa_key", "yookassa_networks"),
}
# Where its callbacks come from, as it publishes them.
YOOKASSA_NETWORKS = (
    "77.75.153.0/25, 77.75.156.11, 77.75.156.35, 77.75.154.128/25, 185.71.76.0/27, 185.71.77.0/27, "
    "2a02:5180:0:1509::/64, 2a02:5180:0:2655::/64, 2a02:5180:0:1533::/64, 2a02:5180:0:2669::/64"
)

SECRET_SHORTEST = 16  # letters of what lets a machine hand in SMS

FREE_PER_SECOND = 30  # of what a Telegram bot sends; beyond it each message costs 0.1 Star, where it is paid


class Settings(BaseSettings):
    """One field a setting; `.env.example` lists them all with these defaults."""

    model_config = SettingsConfigDict(env_prefix="ALIANCE_", env_file=".env", extra="ignore", frozen=True)

    env: Environment = "development"
    database_url: str = "sqlite+aiosqlite:///aliance.db"
    redis_url: str = ""
    operator_profile: str = ""  # a TOML file; empty means the shipped AlliansTelecom

    telegram_token: SecretStr = SecretStr("")
    telegram_api: str = "https://api.telegram.org"
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")

    telegram_messages_per_second: int = Field(default=30, ge=1, le=1000)  # of all processes together
    telegram_paid_broadcast: bool = False

    smsc_url: SecretStr = SecretStr("")
    smsc_ca: str = ""  # a file of certificates beside the system's
    smsc_data_coding_0: Literal["gsm", "latin1", "ascii"] = "gsm"
    smsc_window: int = Field(default=10, ge=1, le=1000)
    smsc_messages_per_second: int = Field(default=50, ge=1, le=10_000)
    kannel_url: SecretStr = SecretStr("")
    kannel_token: SecretStr = SecretStr("")
    kannel_networks: str = "127.0.0.1, ::1"
    kannel_back_url: str = ""  # where Kannel finds us, if not at the public address
    aggregator_key: SecretStr = SecretStr("")
    aggregator_networks: str = ""  # empty: any
    aggregator_reply_url: str = ""

    public_url: str = "http://127.0.0.1:8080"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: str = ""
    ledger_token: SecretStr = SecretStr("")

    payment_provider: Literal["", ProviderName] = ""  # for every method that has no choice of its own
    card_provider: Literal["", ProviderName] = ""
    sbp_provider: Literal["", ProviderName] = ""
    mobile_provider: Literal["", ProviderName] = ""
    card_key: SecretStr = SecretStr("")
    sandbox_url: str = ""
    sandbox_key: SecretStr = SecretStr("")
    arsenalpay_url: str = "https://arsenalpay.ru"
    arsenalpay_merchant: str = ""
    arsenalpay_callback_key: SecretStr = SecretStr("")
    arsenalpay_widget: str = ""
    arsenalpay_widget_key: SecretStr = SecretStr("")
    arsenalpay_mobile_key: SecretStr = SecretStr("")
    arsenalpay_client_id: str = ""
    arsenalpay_client_secret: SecretStr = SecretStr("")
    yookassa_url: str = "https://api.yookassa.ru/v3"
    yookassa_shop: str = ""
    yookassa_key: SecretStr = SecretStr("")
    yookassa_networks: str = YOOKASSA_NETWORKS
    yookassa_test: bool = False
    receipt_vat_code: int = Field(default=0, ge=0, le=12)  # 0: no receipts
    receipt_tax_system: int = Field(default=0, ge=0, le=6)  # 0: not told
    receipt_item: str = Field(default="Услуги связи, лицевой счёт {number}", max_length=100)
    receipt_email: str = ""  # where a payer whose contact we do not know has none to give

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="after")
    def _is_fit_for_its_environment(self) -> "Settings":
        if not all(_is_key(key) for key in self.card_keys):
            raise ValueError("ALIANCE_CARD_KEY holds keys of 32 bytes in URL-safe base64, by commas")
        if self.telegram_webhook_url and not self.telegram_webhook_secret.get_secret_value():
            raise ValueError("ALIANCE_TELEGRAM_WEBHOOK_URL needs ALIANCE_TELEGRAM_WEBHOOK_SECRET")
        self._lets_no_stranger_write()
        if self.telegram_messages_per_second > FREE_PER_SECOND and not self.telegram_paid_broadcast:
            raise ValueError("more than 30 messages a second need ALIANCE_TELEGRAM_PAID_BROADCAST")
        for name in self.provider_names:
            if not all(_said(getattr(self, each)) for each in NEEDED[name]):
                needed = " and ".join(f"ALIANCE_{each.upper()}" for each in NEEDED[name])
                raise ValueError(f"the {name} provider needs {needed}")
        if self.receipt_vat_code and not self.receipt_email:
            raise ValueError("ALIANCE_RECEIPT_VAT_CODE needs ALIANCE_RECEIPT_EMAIL")
        if self.env == "production":
            self._moves_real_money()
        return self

    def _lets_no_stranger_write(self) -> None:
        """Who may hand in an SMS may charge a phone."""
        if _said(self.kannel_url) and len(_said(self.kannel_token)) < SECRET_SHORTEST:
            raise ValueError(f"ALIANCE_KANNEL_URL needs an ALIANCE_KANNEL_TOKEN of {SECRET_SHORTEST} letters")
        keys = [key.strip() for key in _said(self.aggregator_key).split(",")]
        if (keys != [""] or self.aggregator_reply_url) and min(map(len, keys)) < SECRET_SHORTEST:
            raise ValueError(f"ALIANCE_AGGREGATOR_KEY holds keys of {SECRET_SHORTEST} letters, by commas")
        if _said(self.aggregator_key) and not self.sends_sms:
            raise ValueError(
                "what an aggregator hands in needs a way for replies: "
                "ALIANCE_AGGREGATOR_REPLY_URL, ALIANCE_KANNEL_URL or ALIANCE_SMSC_URL"
            )

    def _moves_real_money(self) -> None:
        """A fake or a test mode in production would credit what nobody paid."""
        names = self.provider_names
        if "sandbox" in names:
            raise ValueError("the sandbox provider moves no real money: refused in production")
        if "yookassa" in names and (self.yookassa_test or _said(self.yookassa_key).startswith("test_")):
            raise ValueError("the test mode of yookassa moves no real money: refused in production")
        for name in names:
            if not str(getattr(self, f"{name}_url")).startswith("https://"):
                raise ValueError(f"ALIANCE_{name.upper()}_URL must be https in production")

    @property
    def sends_sms(self) -> bool:
        return any(_said(way) for way in (self.smsc_url, self.kannel_url, self.aggregator_reply_url))

    @property
    def takes_sms_by_http(self) -> bool:
        return bool(_said(self.kannel_url) or _said(self.aggregator_key))

    @property
    def chosen_providers(self) -> dict[Method, str]:
        """The choices of single methods."""
        said = [
            (Method.CARD, self.card_provider),
            (Method.SBP, self.sbp_provider),
            (Method.MOBILE, self.mobile_provider),
        ]
        return {method: name for method, name in said if name}

    @property
    def provider_names(self) -> list[str]:
        """All that are used, the one for every method first."""
        named = [self.payment_provider, *self.chosen_providers.values()]
        return list(dict.fromkeys(name for name in named if name))

    @property
    def embedded(self) -> bool:
        """One process on SQLite, without any server."""
        return self.database_url.startswith("sqlite")

    @property
    def card_keys(self) -> list[str]:
        """The first encrypts, all decrypt."""
        said = self.card_key.get_secret_value()
        return [key.strip() for key in said.split(",")] if said else []


def _is_key(said: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(said)) == 32
    except (binascii.Error, ValueError):
        return False


def _said(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
