"""Which links Telegram takes in a text or on a button, and how it writes them down."""

from __future__ import annotations

import re

SCHEME = re.compile(r"(?i)^([a-z][a-z0-9+.-]*)://")
APP_LINK = re.compile(r"(?i)^(tg|ton|tonsite):(?://)?([a-z0-9_.-]*)(.*)$")
HOST = re.compile(r"^(?:[^@/?#]*@)?(\[[0-9A-Fa-f:.]+\]|[^:/?#\[\]@]*)(?::(\d*))?$")
HOST_CHARACTERS = re.compile(r"^[\w.\-!$,~*'();&+=%]+$")
START = re.compile(r"^https?://(?:t\.me|telegram\.me)/([A-Za-z]\w{3,31})(?:\?start=([A-Za-z0-9_-]{0,64}))?$")


class WrongLink(ValueError):
    """Its text is the reason, in Telegram's words."""


def checked(link: str) -> str:
    """The link as Telegram keeps it: http:// where nothing was named, / where there was no path."""
    app_link = APP_LINK.match(link)
    if app_link:
        scheme, host, rest = app_link.groups()
        return f"{scheme.lower()}://{host}{rest}"
    scheme, rest = _parted(link)
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    _check_place(place)
    path = rest[len(place) :].rstrip()
    if not path.startswith("/"):
        path = f"/{path}"
    return f"{scheme}://{place.lower()}{path.replace(' ', '%20')}"


def start_of(link: str) -> tuple[str, str] | None:
    """Of a link to a bot, its name and its start payload; None for any other link."""
    found = START.match(link)
    return (found.group(1), found.group(2) or "") if found else None


def _parted(link: str) -> tuple[str, str]:
    scheme = SCHEME.match(link)
    if scheme is None:
        return "http", link
    if scheme.group(1).lower() not in ("http", "https"):
        raise WrongLink("Unsupported URL protocol")
    return scheme.group(1).lower(), link[scheme.end() :]


def _check_place(place: str) -> None:
    found = HOST.match(place)
    if found is None or not found.group(1):
        raise WrongLink("URL host is empty")
    host, port = found.groups()
    if port is not None and not (port.isdecimal() and 0 < int(port) < 65536):
        raise WrongLink("Wrong port number specified in the URL")
    if host.startswith("["):
        return
    if host == ".":
        raise WrongLink("Host is invalid")
    if not HOST_CHARACTERS.match(host):
        raise WrongLink("Disallowed character in URL host")
    if "." not in host:
        raise WrongLink("Wrong HTTP URL")
