"""Logs of a process: structured, on standard error, with phones masked and secrets left out."""

import logging
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from core.messages.masking import mask_cards, mask_phone
from core.settings import Settings

SECRET_SHORTEST = 6  # a shorter one is a placeholder, and would blot out ordinary words

# E.164 digits that stand alone: not a part of a UUID, a hash or a longer number.
_PHONE = re.compile(r"(?<![\w.-])\+?\d{10,15}(?![\w-])")


def configure(settings: Settings) -> None:
    """Send everything that is logged, by us or by a library, through one chain."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked(secrets_of(settings)),
    ]
    colours = sys.stderr.isatty()
    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=colours)
    )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    # Libraries tell of their own work at INFO: of that, warnings are enough.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def mask_phones(text: str) -> str:
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def secrets_of(settings: Settings) -> list[str]:
    """Every secret that this process knows, longest first."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            continue
        for each in re.split(r"[\s,]+", text):  # several addresses, several keys
            if "://" in each and (password := urlsplit(each).password):
                found |= {password, unquote(password)}
            elif isinstance(value, SecretStr):
                found.add(each)
    return sorted((each for each in found if len(each) >= SECRET_SHORTEST), key=len, reverse=True)


def _masked(secrets: Iterable[str]) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    hidden = re.compile("|".join(re.escape(secret) for secret in secrets) or r"(?!)")

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return mask_phones(mask_cards(hidden.sub("***", value))[0])
        if isinstance(value, dict):
            return {key: clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [clean(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return clean(str(value))

    def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: value if key in ("timestamp", "level") else clean(value) for key, value in event.items()}

    return mask
