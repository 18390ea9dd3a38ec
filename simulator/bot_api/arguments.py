"""The way in: one method call's arguments, whichever of Telegram's four encodings carried them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulator.bot_api.errors import ApiError, bad_request

INTEGER = re.compile(r"\s*([+-]?\d+)")
TRUE_WORDS = {"true", "yes", "1"}


class Arguments:
    """Every value is text, as it is for Telegram: `100` stays "100" until a method asks for a number."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    def has(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def integer(self, name: str, default: int = 0) -> int:
        found = INTEGER.match(self.text(name))
        return int(found.group(1)) if found else default

    def bounded(self, name: str, default: int, *, least: int, most: int) -> int:
        return min(max(self.integer(name, default), least), most)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in TRUE_WORDS

    def nested(self, name: str, *, called: str) -> Any:
        """The object written as JSON in one argument; None where the argument is missing or empty."""
        raw = self.text(name)
        if not raw:
            return None
        try:
            value = json.loads(raw)
            _as_text(value)
        except UnicodeError:
            raise bad_request("Strings must be encoded in UTF-8") from None
        except (ValueError, RecursionError):
            raise bad_request(f"Can't parse {called} JSON object") from None
        return value


async def of_request(request: web.Request) -> Arguments:
    values = dict(request.query)
    if request.method == "POST":
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise ApiError(413, "Request Entity Too Large") from None
        values |= of_body(body, request.headers.get("Content-Type", ""))
    return Arguments(values)


def of_body(body: bytes, content_type: str) -> dict[str, str]:
    """Serves a request and a webhook's answer alike: either may hold a call."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return _of_json(body)
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        if kind == "multipart/form-data":
            return _of_multipart(body, content_type)
    except UnicodeError:
        raise bad_request("Strings must be encoded in UTF-8") from None
    return {}


def _of_json(body: bytes) -> dict[str, str]:
    text = body.decode().strip()
    if not text:
        return {}
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise bad_request("can't parse parameter value") from None
    if not isinstance(values, dict):
        raise bad_request("JSON object expected")
    return {name: _as_text(value) for name, value in values.items()}


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text.encode()  # A lone surrogate, \ud83d, is valid JSON and no text.
    return text


def _of_multipart(body: bytes, content_type: str) -> dict[str, str]:
    form = message_from_bytes(b"Content-Type: " + content_type.encode("ascii") + b"\r\n\r\n" + body)
    values = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and part.get_filename() is None:
            values[name] = content.decode()
    return values
