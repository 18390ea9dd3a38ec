"""Offsets and lengths of a text as Telegram counts them: in UTF-16 code units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.bot_api.errors import ApiObject, bad_request

TEXT_UNITS = 4096  # the longest message, counted after its markup has become entities

# What Telegram finds in any text by itself; the first pattern that takes a place keeps it.
DETECTED = (
    ("url", re.compile(r"https?://[^\s<>\"«»]*[^\s<>\"«».,:;!?)\]}']")),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/<>])")),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z]\w{3,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
    ("phone_number", re.compile(r"(?<![\w+])\+\d{11,15}(?!\w)")),
)
# What Telegram's applications make of marks that a person types, as they send the message.
TYPED = re.compile(
    r"\*\*(?P<bold>[^*]+)\*\*|__(?P<italic>[^_]+)__|~~(?P<strikethrough>[^~]+)~~|`(?P<code>[^`]+)`"
)
SOLID = {"code", "pre", "text_link", "url", "email"}  # nothing is detected inside these


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """The part that an entity covers."""
    raw = text.encode("utf-16-le")
    return raw[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def pages(text: str) -> Iterator[str]:
    """A text too long for one message, parted as Telegram's own applications part it."""
    while units(text) > TEXT_UNITS:
        # A character cut in two by the limit is left to the next page.
        page = text.encode("utf-16-le")[: TEXT_UNITS * 2].decode("utf-16-le", "ignore")
        yield page
        text = text[len(page) :]
    yield text


def formatted(text: str) -> tuple[str, list[ApiObject]]:
    """A typed text without its marks, and what they meant; a command is sent as it is typed."""
    if text.startswith("/"):
        return text, []
    plain, entities, at = "", [], 0
    for match in TYPED.finditer(text):
        assert match.lastgroup is not None
        words = match[match.lastgroup]
        plain += text[at : match.start()]
        entities.append({"type": match.lastgroup, "offset": units(plain), "length": units(words)})
        plain, at = plain + words, match.end()
    return plain + text[at:], entities


def trimmed(text: str, entities: list[ApiObject]) -> tuple[str, list[ApiObject]]:
    """Without the space around it; entities move along. Raises for a text of space alone."""
    text = text.rstrip()
    if not text:
        raise bad_request("Text must be non-empty")
    first = min((entity["offset"] for entity in entities), default=units(text))
    lead = min(len(text) - len(text.lstrip(" \n")), first)
    text = text[lead:]
    end = units(text)
    kept = []
    for entity in entities:
        offset = entity["offset"] - lead
        length = min(entity["length"], end - offset)
        if length > 0:
            kept.append({**entity, "offset": offset, "length": length})
    return text, kept


def with_detected(text: str, entities: list[ApiObject]) -> list[ApiObject]:
    taken = [entity for entity in entities if entity["type"] in SOLID]
    found: list[ApiObject] = []
    for kind, pattern in DETECTED:
        for match in pattern.finditer(text):
            entity = {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
            if not any(_overlap(entity, other) for other in taken):
                taken.append(entity)
                found.append(entity)
    return ordered(entities + found)


def ordered(entities: list[ApiObject]) -> list[ApiObject]:
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _overlap(one: ApiObject, other: ApiObject) -> bool:
    return bool(
        one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"]
    )
