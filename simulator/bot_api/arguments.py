"""The way in: one method call's arguments, whichever of Telegram's four encodings carried them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from simulator.bot_api.errors import ApiError, bad_request
from simulator.bot_api.files import Upload

INTEGER = re.compile(r"\s*([+-]?\d+)")
TRUE_WORDS = {"true", "yes", "1"}


class Arguments:
    """Every value is text, as it is for Telegram: `100` stays "100" until a method asks for a number."""

    def __init__(self, values: Mapping[str, str], files: Mapping[str, Upload] | None = None) -> None:
        self.values = dict(values)
        self.files = dict(files or {})

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
    query = dict(request.query)
    if request.method != "POST":
        return Arguments(query)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    call = of_body(body, request.headers.get("Content-Type", ""))
    return Arguments(query | call.values, call.files)


def of_body(body: bytes, content_type: str) -> Arguments:
    """Serves a request and a webhook's answer alike: either may hold a call."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return Arguments(_of_json(body))
        if kind == "application/x-www-form-urlencoded":
            return Arguments(dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict")))
        if kind == "multipart/form-data":
            return _of_multipart(body, content_type)
    except UnicodeError:
        raise bad_request("Strings must be encoded in UTF-8") from None
    return Arguments({})


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


def _of_multipart(body: bytes, content_type: str) -> Arguments:
    form = message_from_bytes(b"Content-Type: " + content_type.encode("ascii") + b"\r\n\r\n" + body)
    values, files = {}, {}
    for part in form.walk():
        name, file = part.get_param("name", header="content-disposition"), part.get_filename()
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        if file is None:
            values[name] = content.decode()
        else:
            files[name] = Upload(unquote(file), part.get_content_type(), content)
    return Arguments(values, files)
