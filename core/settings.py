"""Settings: everything that differs between installations, read from the environment (ALIANCE_…)."""

import base64
import binascii
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Environment = Literal["development", "production", "demo", "test"]


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

    smsc_url: SecretStr = SecretStr("")
    smsc_data_coding_0: Literal["gsm", "latin1", "ascii"] = "gsm"
    smsc_window: int = Field(default=10, ge=1, le=1000)
    smsc_messages_per_second: int = Field(default=50, ge=1, le=10_000)

    public_url: str = "http://127.0.0.1:8080"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: str = ""
    ledger_token: SecretStr = SecretStr("")

    payment_provider: Literal["", "sandbox"] = ""
    card_key: SecretStr = SecretStr("")
    sandbox_url: str = ""
    sandbox_key: SecretStr = SecretStr("")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="after")
    def _is_fit_for_its_environment(self) -> "Settings":
        if self.env == "production" and self.payment_provider == "sandbox":
            raise ValueError("ALIANCE_PAYMENT_PROVIDER=sandbox moves no real money: refused in production")
        if not all(_is_key(key) for key in self.card_keys):
            raise ValueError("ALIANCE_CARD_KEY holds keys of 32 bytes in URL-safe base64, by commas")
        if self.telegram_webhook_url and not self.telegram_webhook_secret.get_secret_value():
            raise ValueError("ALIANCE_TELEGRAM_WEBHOOK_URL needs ALIANCE_TELEGRAM_WEBHOOK_SECRET")
        if self.payment_provider == "sandbox" and not (
            self.sandbox_url and self.sandbox_key.get_secret_value()
        ):
            raise ValueError("the sandbox provider needs ALIANCE_SANDBOX_URL and ALIANCE_SANDBOX_KEY")
        return self

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
